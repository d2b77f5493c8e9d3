"""Model profiles: abilities by name and size."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from stories.vocabulary.languages import Writers, codes
from stories.workflow.resources import ModelProfile

Provider = Literal["ollama", "openai", "embedded"]


@dataclass(frozen=True, slots=True)
class _Ability:
    writes_as: Writers = "capable"
    writing: Literal["prose", "beats"] = "prose"
    judges: bool = True
    structures: bool = True
    is_demo: bool = False


# Of eight harmless chapters the 1.5B's judgement would have withdrawn one, and every
# withdrawal costs a reader the story: models of that size are not asked.
_BEATS = _Ability("every", writing="beats", judges=False, structures=False)
_PROSE = _Ability()
_MULTILINGUAL = _Ability("multilingual")

# The first row that fits says what a model can do: provider (None is any), a pattern that its name
# starts with, the size in billions of parameters from which it holds, ability. The embedded two
# were read and judged; the others go by their publishers' word. The number of a release is open
# upwards, so that the next one of a family is taken for no worse. A model without a row, or too
# small for it, goes by its size, and is taken for a good one where that is not known.
_ABILITIES: tuple[tuple[Provider | None, str, float, _Ability], ...] = (
    ("embedded", r"qwen2\.5-coder-1\.5b", 0, replace(_BEATS, is_demo=True)),
    ("embedded", r"smollm2-135m", 0, replace(_BEATS, is_demo=True)),
    (None, r".*\b(coder?|code|math|translate|vl|ocr|medical)(?![a-z])", 3, _PROSE),
    (None, r"gemma-?([2-9]|\d\d)", 3.5, _MULTILINGUAL),
    (None, r"qwen-?([3-9]|\d\d)", 7, _MULTILINGUAL),
    (None, r"gpt-oss", 15, _MULTILINGUAL),
    (None, r"llama-?(3\.3|[4-9])", 15, _MULTILINGUAL),
    (
        None,
        r"(aya|tiny-?aya|command-[ra]|dictalm|mistral-(small|medium|large)|ministral-3)",
        3,
        _MULTILINGUAL,
    ),
    (None, r"(deepseek-(v[3-9]|r1)|glm-?[4-9]|kimi|minimax)", 60, _MULTILINGUAL),
    (None, r"(gpt-([4-9]|\d\d)|o[1-9]|chatgpt|claude|gemini|grok)", 0, _MULTILINGUAL),
)
# Models that think before they answer, whatever they are told, and those that can be told not to.
_ALWAYS_THINKS = re.compile(r"gpt-oss|gpt-([5-9]|\d\d)|o[1-9]\b")
# Beside these, models that cannot be told so, and think at length.
_THINKS_ANYWAY = re.compile(r"deepseek-r\d|magistral|qwq|.*\b(thinking|reasoning|reasoner)\b")
_MAY_THINK = re.compile(r"qwen-?([3-9]|\d\d)|glm-?(4\.[5-9]|[5-9])|smollm3")
_EMBEDDING_FAMILIES = ("bert", "embed", "xlm-roberta")
_EMBEDDING_NAMES = re.compile(r"embed|minilm|(^|/)(bge|gte|e5)\b|rerank|paraphrase")


def profile_of(
    provider: Provider, name: str, context_tokens: int, *, billions: float | None = None
) -> ModelProfile:
    """The abilities of a model; `billions` is its size in parameters, if known."""
    ability = _ability(provider, name, billions)
    written = codes(ability.writes_as)
    has_plan = ability.writing == "beats"
    return ModelProfile(
        name=name,
        context_tokens=context_tokens,
        languages=codes() if has_plan else written,
        plan_only=tuple(code for code in codes() if has_plan and code not in written),
        writing=ability.writing,
        judges=ability.judges,
        structures=ability.structures,
        is_demo=ability.is_demo,
    )


def embeds(name: str, families: Iterable[object]) -> bool:
    """True when a model turns text into numbers, and writes none: by its family, else by its
    name."""
    of_family = any(known in str(family) for family in families for known in _EMBEDDING_FAMILIES)
    return of_family or _EMBEDDING_NAMES.search(name.lower()) is not None


def ollama_think(name: str) -> bool | str:
    """The value of Ollama's `think`: no model thinks before it answers, and those that cannot help
    it think little."""
    return "low" if _ALWAYS_THINKS.match(_bare(name)) else False


def openai_thinking(name: str) -> dict[str, Any]:
    """The same as fields of a request by OpenAI's API. `chat_template_kwargs` is what vLLM, SGLang
    and llama.cpp's server hand to a model's template."""
    if _ALWAYS_THINKS.match(_bare(name)):
        return {"reasoning_effort": "low"}
    if _MAY_THINK.match(_bare(name)):
        return {"chat_template_kwargs": {"enable_thinking": False}}
    return {}


def thinks_anyway(name: str) -> bool:
    """True for a model that thinks before it answers, whatever it is told."""
    return bool(_ALWAYS_THINKS.match(_bare(name)) or _THINKS_ANYWAY.match(_bare(name)))


def _bare(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()


def _ability(provider: Provider, name: str, billions: float | None) -> _Ability:
    bare = _bare(name)
    size = billions_in(bare) if billions is None else billions
    for of_provider, pattern, from_billions, ability in _ABILITIES:
        is_large = size is None or size >= from_billions
        if of_provider in {None, provider} and is_large and re.match(pattern, bare):
            return ability
    if size is None or size >= 3:
        return _PROSE
    return _BEATS


_SIZE = re.compile(r"(?<![\w.])(?:e|(\d+)x)?(\d+(?:\.\d+)?)([tbm])\b")
_BILLIONS = {"t": 1000.0, "b": 1.0, "m": 0.001}


def billions_in(text: str) -> float | None:
    """The size in a model's name or description: 1.5 for "1.5b", 0.135 for "135M"."""
    found = _SIZE.search(text.lower())
    if found is None:
        return None
    return int(found[1] or 1) * float(found[2]) * _BILLIONS[found[3]]
