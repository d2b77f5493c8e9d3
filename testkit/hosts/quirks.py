"""Quirks: habits of real model hosts, by name, that a stand-in shows when it is asked to.

This is the one list of them. `--quirk fenced-json` shows one in every answer, `--quirk
fenced-json=judge,structured` in answers to calls of these kinds alone; in code it is
`host.quirks.add(Quirk.FENCED_JSON, kinds={"judge"}, times=1)`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Self

HostName = Literal["ollama", "openai"]

_BOTH: tuple[HostName, ...] = ("ollama", "openai")
_OLLAMA: tuple[HostName, ...] = ("ollama",)
_OPENAI: tuple[HostName, ...] = ("openai",)


class Quirk(Enum):
    """One line each: the protocols it belongs to, what is seen, and public reports of the kind.

    A name on the command line is the member's, in lower case and with hyphens.
    """

    # How an answer ends
    NO_FINISH_REASON = (
        _BOTH,
        "The end of an answer gives no reason (`finish_reason`, `done_reason`).",
    )
    ENDS_EARLY = (
        _BOTH,
        "A stream ends properly after half of the text, without its last object.",
        "griffinwork40/agent-afk#635",
        "BerriAI/litellm#42140",
        "NVIDIA/TensorRT-LLM#18289",
    )
    STOPS_AT_LENGTH = (
        _BOTH,
        "Half of the text, ended by the reason `length`.",
        "Gitlawb/openclaude#1174",
        "antonyrag/ragleap-core#336",
    )
    CONTENT_FILTER = (_OPENAI, "Half of the text, ended by the reason `content_filter`.")
    ERROR_IN_STREAM = (
        _BOTH,
        "An error object after half of a stream with status 200; a whole answer is a 500.",
        "apache/rocketmq-dashboard#2178",
        "Gitlawb/openclaude#1174",
        "openai/openai-python#1160",
    )
    ERROR_AS_TEXT = (_OPENAI, "After half of a stream, an `error` that is a text and no object.")
    ERROR_EVENT = (_OPENAI, "After half of a stream, an SSE event named `error`.")
    ERROR_LINE = (_OPENAI, "After half of a stream, an SSE field named `error`, and the end.")
    STILL_LOADING = (
        _BOTH,
        "The model is being loaded: Ollama's `done_reason` is `load`, others answer 503.",
    )
    UNLOADS = (_OLLAMA, "An empty answer whose `done_reason` is `unload`.")

    # Bodies that are none
    ERROR_WITH_200 = (
        _BOTH,
        "Status 200 with an error object in place of any answer.",
        "vectorize-io/hindsight#2922",
    )
    HTML_WITH_200 = (_BOTH, "Status 200 with a proxy's page of HTML.")
    NOT_AN_OBJECT = (_BOTH, "Status 200 with JSON that is no object.")
    UNDECODABLE = (_BOTH, "Bytes in the text that are no UTF-8.")
    EMPTY_LINES = (_OLLAMA, "Empty lines between the objects of a stream.")
    IGNORES_STREAM = (_BOTH, "A stream is asked for, and a whole answer comes.")
    REDIRECTS = (_BOTH, "Every call is redirected (307) to another path, which answers.")

    # What the text is
    EMPTY_ANSWER = (
        _BOTH,
        "An answer without any text.",
        "vectorize-io/hindsight#3246",
        "ollama/ollama#11751",
    )
    REFUSAL = (
        _BOTH,
        "The model refuses in a sentence, and that is all.",
        "jrswab/axe#8",
        "guardrails-ai/guardrails#1189",
    )
    REFUSAL_FIELD = (_OPENAI, "The refusal stands in `refusal`, and there is no content.")
    CONTINUES_ANSWER = (
        _OPENAI,
        "A last message of the assistant begins the answer, and is told with it.",
    )
    SHORT_ANSWER = (
        _BOTH,
        "The first sentence of the text, and that is all.",
        "jrswab/axe#8",
        "guardrails-ai/guardrails#1189",
    )
    REPEATS_ITSELF = (_BOTH, "Prose that says its first sentence over and over.")

    # Thoughts
    THINK_BLOCK = (
        _BOTH,
        "The content begins with thoughts in a `<think>` block.",
        "agentscope-ai/agentscope#1099",
        "defog-ai/introspect#479",
    )
    THINK_TAIL = (_BOTH, "The content begins with thoughts of which only `</think>` tells.")
    CHANNEL_MARKS = (
        _BOTH,
        "The channels of gpt-oss stand in the content with their marks: thoughts, then the answer.",
        "ml-explore/mlx-lm#1867",
        "scouzi1966/maclocal-api#121",
    )
    CHANNEL_NAMES = (
        _BOTH,
        "The same without the marks: `analysis`, thoughts, `assistantfinal`, the answer.",
        "oobabooga/textgen#7374",
        "Augustas11/macprovider#743",
    )
    THINKS_FIRST = (
        _BOTH,
        "Thoughts come first, in `thinking` or `reasoning_content`, whatever was asked for.",
        "vectorize-io/hindsight#3246",
        "ollama/ollama#11751",
    )
    REASONING_FIELD = (_OPENAI, "Thoughts come first, in a field named `reasoning`.")
    THINKING_EATS_BUDGET = (
        _BOTH,
        "Thoughts use up all tokens: no content, and the reason `length`.",
    )
    THINKS_AT_LENGTH = (
        _BOTH,
        "1,800 tokens of thoughts come first, whatever was asked for, and count for the limit.",
        "ollama/ollama#11751",
    )
    ANSWER_IN_REASONING = (
        _BOTH,
        "The answer stands in the field for thoughts, and the content is empty.",
        "lmstudio-ai/lmstudio-bug-tracker#1698",
    )

    # JSON that is not what was asked for
    FENCED_JSON = (
        _BOTH,
        "JSON in a fence of Markdown.",
        "langchain-ai/langchain#35030",
        "openai/openai-python#2908",
    )
    LEADING_SENTENCE = (
        _BOTH,
        "A sentence before the JSON.",
        "agentscope-ai/agentscope#1099",
        "harness/harness-evals#28",
    )
    TRAILING_WORD = (
        _BOTH,
        "A word after the JSON.",
        "langchain-ai/langchain#35030",
        "openai/openai-python#2908",
    )
    ARRAY_OF_ONE = (_BOTH, "The object in an array of one.")
    MISSING_FIELD = (
        _BOTH,
        "The object's last required field is missing.",
        "typedef-ai/fenic#386",
        "openai/openai-python#1763",
    )
    TEXTS_FOR_OBJECTS = (_BOTH, "Objects in the object's lists are texts instead.")
    TOO_LONG_FIELD = (_BOTH, "Texts are longer than the schema allows.")
    NULL_FIELDS = (_BOTH, "Lists of the object are null.")
    SCHEMA_IGNORED = (_BOTH, "Prose where JSON was asked for.")

    # Parameters that are refused
    RESPONSE_FORMAT_REFUSED = (
        _OPENAI,
        "400 for any `response_format`.",
        "lmstudio-ai/lmstudio-bug-tracker#169",
        "lmstudio-ai/lmstudio-bug-tracker#307",
    )
    SCHEMA_REFUSED = (_BOTH, "400 for a schema, while JSON without one can be asked for.")
    JSON_OBJECT_REFUSED = (_OPENAI, "400 for `json_object`, while a schema can be asked for.")
    MAX_TOKENS_REFUSED = (_OPENAI, "400 for `max_tokens`, by name.")
    MAX_COMPLETION_TOKENS_REFUSED = (
        _OPENAI,
        "422 for `max_completion_tokens`, by name.",
        "vectorize-io/hindsight#852",
        "Gitlawb/openclaude#739",
        "BerriAI/litellm#9583",
    )
    REFUSES_WITHOUT_NAME = (_OPENAI, "422 for `max_completion_tokens`, without a word of why.")
    MAX_COMPLETION_TOKENS_IGNORED = (_OPENAI, "`max_completion_tokens` is taken and not heeded.")
    STREAM_OPTIONS_REFUSED = (_OPENAI, "400 for `stream_options`, by name.")
    TEMPERATURE_REFUSED = (_OPENAI, "400 for any `temperature` but 1, by name.")
    SYSTEM_ROLE_REFUSED = (_OPENAI, "400 for a message of the system.")
    ROLES_MUST_ALTERNATE = (
        _OPENAI,
        "400 unless user and assistant take turns, the user first and last.",
    )
    THINK_REFUSED = (_OLLAMA, "400 for `think`, even where it is false.")

    # Frames and counts
    RUNNING_USAGE = (_OPENAI, "Each chunk has the usage so far.")
    NO_USAGE = (_BOTH, "No counts, also where they were asked for.")
    NO_DONE_MARK = (_OPENAI, "A whole stream without `[DONE]`.")
    SSE_COMMENTS = (_OPENAI, "Comments between the chunks.")
    CRLF = (_OPENAI, "Lines end in CR and LF.")
    ROLE_IN_EVERY_CHUNK = (_OPENAI, "Each chunk repeats the role.")
    EMPTY_CHOICES = (_OPENAI, "The first chunk has no choices.")
    CONTENT_PARTS = (_OPENAI, "Content comes as a list of parts.")

    # Addresses and lists of models
    UNKNOWN_PATH_WITH_200 = (
        _OPENAI,
        "A path that is not known is answered 200, with an error.",
        "pssah4/vault-operator#73",
        "zeenie-ai/OpenCompany#114",
    )
    ALSO_WITHOUT_V1 = (_OPENAI, "Every path is also known without `/v1`.")
    NO_MODEL_LIST = (_OPENAI, "404 for `/v1/models`.")
    ANY_MODEL = (_OPENAI, "Whatever model is named, the one there is answers.")
    CREATED_NOW = (_OPENAI, "Each model in the list was `created` at the moment of asking.")
    NAMELESS_MODEL = (_BOTH, "The list of models begins with an entry without a name.")
    EMBEDDING_MODEL_FIRST = (
        _BOTH,
        "The list begins with an embedding model, which refuses to chat.",
        "odysseus-dev/odysseus#4487",
        "karakeep-app/karakeep#2060",
    )
    NO_CAPABILITIES = (_OLLAMA, "An older host: `/api/show` says nothing of capabilities.")
    NO_PARAMETER_SIZE = (_OLLAMA, "Nothing says how large a model is, but its name.")
    CAPITAL_LETTERS = (
        _OLLAMA,
        "Models are listed with capital letters, and found in any case.",
        "mem0ai/mem0#4101",
        "ollama/ollama#336",
    )
    CLOUD_MODEL_FIRST = (
        _OLLAMA,
        "The list begins with a model that runs elsewhere (`remote_host`).",
        "ollama/ollama#12404",
        "kunkka19xx/look#353",
    )
    SHOW_NOT_FOUND = (
        _OLLAMA,
        "The list begins with a model for which `/api/show` answers 404.",
        "microsoft/vscode-copilot-chat#4540",
        "holon-run/holon#2685",
    )
    SHOW_FAILS = (
        _OLLAMA,
        "The list begins with a model for which `/api/show` answers 500.",
        "microsoft/vscode-copilot-chat#4540",
        "holon-run/holon#2685",
    )

    def __init__(self, hosts: tuple[HostName, ...], says: str, *reports: str) -> None:
        self.hosts = hosts
        self.says = says
        self.reports = reports  # public ones of this kind, as owner/name#number

    @property
    def label(self) -> str:
        return self.name.lower().replace("_", "-")

    @classmethod
    def labelled(cls, label: str) -> Self:
        """Raises ValueError for a label that no quirk has."""
        try:
            return cls[label.upper().replace("-", "_")]
        except KeyError as error:
            raise ValueError(f"no quirk is called {label!r}") from error


def quirks_of(host: HostName) -> list[Quirk]:
    """Quirks that a host of this protocol can show."""
    return [quirk for quirk in Quirk if host in quirk.hosts]


@dataclass
class _Shown:
    quirk: Quirk
    kinds: frozenset[str]
    times: float


class Quirks:
    """The quirks that one host shows at present."""

    def __init__(self, host: HostName, quirks: Iterable[Quirk | str] = ()) -> None:
        self.host = host
        self._shown: list[_Shown] = []
        for quirk in quirks:
            self.add(quirk)

    def add(
        self, quirk: Quirk | str, *, kinds: Collection[str] = (), times: int | None = None
    ) -> None:
        """In every answer from now on; in those to calls of these kinds, and in so many of them.

        A text is as on the command line: `label`, or `label=kind,kind`. Raises ValueError for a
        quirk that hosts of this protocol do not have.
        """
        if isinstance(quirk, str):
            label, _, named = quirk.partition("=")
            quirk, kinds = Quirk.labelled(label), [*kinds, *filter(None, named.split(","))]
        if self.host not in quirk.hosts:
            raise ValueError(f"{quirk.label} is nothing that a host like {self.host} does")
        left = float("inf") if times is None else times
        self._shown.append(_Shown(quirk, frozenset(kinds), left))

    def clear(self) -> None:
        self._shown.clear()

    def everywhere(self) -> frozenset[Quirk]:
        """Quirks that are not of chats of some kind alone: lists and addresses show them."""
        return frozenset(one.quirk for one in self._shown if not one.kinds)

    def take(self, kind: str) -> frozenset[Quirk]:
        """Quirks that the answer to a chat of this kind shows, which counts."""
        due = [one for one in self._shown if one.times > 0 and kind in (one.kinds or {kind})]
        for one in due:
            one.times -= 1
        return frozenset(one.quirk for one in due)
