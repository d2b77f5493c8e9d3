"""Chat completions as they are asked for, and what of it a host refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from testkit.hosts.calls import Call
from testkit.hosts.quirks import Quirk

_ROLES = {"system", "developer", "user", "assistant", "tool", "function"}


@dataclass
class OpenAICall(Call):
    """A call by OpenAI's protocol."""

    @property
    def response_format(self) -> dict[str, Any]:
        return self.body.get("response_format") or {}

    @property
    def format(self) -> Mapping[str, Any] | str | None:
        """A schema has its name as the title, unless it has one itself."""
        match self.response_format:
            case {"type": "json_schema", "json_schema": {"schema": dict(schema), **named}}:
                return {"title": named.get("name", ""), **schema}
            case {"type": "json_object"}:
                return "json"
        return None

    @property
    def limit(self) -> int:
        names = ["max_tokens", "max_completion_tokens"]
        if Quirk.MAX_COMPLETION_TOKENS_IGNORED in self.quirks:
            names.remove("max_completion_tokens")
        return next((int(self.body[name]) for name in names if self.body.get(name)), -1)

    @property
    def is_streamed(self) -> bool:
        return bool(self.body.get("stream"))

    @property
    def asks_nothing(self) -> bool:
        """One word is of no other use."""
        return self.limit == 1

    @property
    def wants_usage(self) -> bool:
        """Of a stream; a whole answer always has it."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def roles(self) -> list[str]:
        return [str(message.get("role")) for message in self.messages]


def error(
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | int | None = None,
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


class Refused(Exception):
    """A request that is not taken up."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def check(call: OpenAICall, *, context_length: int) -> None:
    """Raises Refused as OpenAI's API does, and as the call's quirks have it."""
    for rule in (_check_messages, _check_limits, _check_format, _check_stream):
        rule(call)
    for quirk, refuse in _QUIRKS.items():
        if quirk in call.quirks:
            refuse(call)
    _check_context(call, context_length)


def _refuse(message: str, param: str | None = None, code: str | None = None) -> None:
    raise Refused(400, error(message, param=param, code=code))


# As the API has it --------------------------------------------------------------------------------


def _check_messages(call: OpenAICall) -> None:
    if not call.model:
        _refuse("you must provide a model parameter")
    if not call.messages:
        _refuse("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    for number, role in enumerate(call.roles):
        if role not in _ROLES:
            _refuse(f"Invalid value: {role!r}.", f"messages[{number}].role", "invalid_value")


def _check_limits(call: OpenAICall) -> None:
    if {"max_tokens", "max_completion_tokens"} <= _given(call):
        _refuse(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )
    temperature = call.body.get("temperature")
    if temperature is not None and not 0 <= temperature <= 2:
        _refuse(
            f"Invalid 'temperature': {temperature} is not between 0 and 2.",
            "temperature",
            "decimal_above_max_value",
        )


def _check_format(call: OpenAICall) -> None:
    wanted = call.response_format
    match wanted.get("type", "text"):
        case "text":
            pass
        case "json_object":
            if "json" not in call.prompt.casefold():
                _refuse(
                    "'messages' must contain the word 'json' in some form, to use "
                    "'response_format' of type 'json_object'.",
                    "messages",
                )
        case "json_schema":
            _check_schema(wanted.get("json_schema") or {})
        case other:
            _refuse(f"Invalid value: {other!r}.", "response_format.type", "invalid_value")


def _check_schema(given: Mapping[str, Any]) -> None:
    for name in ("name", "schema"):
        if not given.get(name):
            param = f"response_format.json_schema.{name}"
            _refuse(f"Missing required parameter: {param!r}.", param, "missing_required_parameter")
    schema = given["schema"]
    if given.get("strict") and schema.get("additionalProperties") is not False:
        _refuse(
            f"Invalid schema for response_format {given['name']!r}: In context=(), "
            "'additionalProperties' is required to be supplied and to be false.",
            "response_format",
        )


def _check_stream(call: OpenAICall) -> None:
    if call.body.get("stream_options") and not call.is_streamed:
        _refuse(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
        )


def _check_context(call: OpenAICall, length: int) -> None:
    wanted = call.prompt_tokens + max(0, call.limit)
    if wanted > length:
        _refuse(
            f"This model's maximum context length is {length} tokens. However, you requested "
            f"{wanted} tokens. Please reduce the length of the messages or completion.",
            "messages",
            "context_length_exceeded",
        )


# As quirks have it --------------------------------------------------------------------------------


def _given(call: OpenAICall) -> set[str]:
    return {name for name, value in call.body.items() if value is not None}


def _no(name: str, message: str, code: str = "unsupported_parameter") -> Callable[..., None]:
    def refuse(call: OpenAICall) -> None:
        if name in _given(call):
            _refuse(message, name, code)

    return refuse


def _no_format(*kinds: str) -> Callable[[OpenAICall], None]:
    def refuse(call: OpenAICall) -> None:
        kind = call.response_format.get("type")
        if kind in kinds:
            _refuse(f"'response_format.type' {kind!r} is not supported.", "response_format")

    return refuse


def _no_max_completion_tokens(call: OpenAICall) -> None:
    """As servers say it that check a request with Pydantic."""
    name = "max_completion_tokens"
    if name in _given(call):
        where = {"type": "extra_forbidden", "loc": ["body", name], "input": call.body[name]}
        raise Refused(422, {"detail": [where | {"msg": "Extra inputs are not permitted"}]})


def _no_max_completion_tokens_unnamed(call: OpenAICall) -> None:
    """As LiteLLM's proxy passes on the refusal of such a server."""
    if "max_completion_tokens" in _given(call):
        message = "litellm.BadRequestError: OpenAIException - Error code: 422"
        raise Refused(422, error(message, code="422"))


def _no_temperature(call: OpenAICall) -> None:
    value = call.body.get("temperature")
    if value not in {None, 1}:
        _refuse(
            f"Unsupported value: 'temperature' does not support {value} with this model. Only the "
            "default (1) value is supported.",
            "temperature",
            "unsupported_value",
        )


def _no_system(call: OpenAICall) -> None:
    if {"system", "developer"} & set(call.roles):
        _refuse("System role not supported")


def _turns(call: OpenAICall) -> None:
    told = [role for role in call.roles if role not in {"system", "developer"}]
    if told != [("user", "assistant")[number % 2] for number in range(len(told))] or (
        told[-1:] != ["user"]
    ):
        _refuse("Conversation roles must alternate user/assistant/user/assistant/...")


_QUIRKS: dict[Quirk, Callable[[OpenAICall], None]] = {
    Quirk.RESPONSE_FORMAT_REFUSED: _no(
        "response_format", "Unsupported parameter: 'response_format'."
    ),
    Quirk.SCHEMA_REFUSED: _no_format("json_schema"),
    Quirk.JSON_OBJECT_REFUSED: _no_format("json_object"),
    Quirk.MAX_TOKENS_REFUSED: _no(
        "max_tokens",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.",
    ),
    Quirk.MAX_COMPLETION_TOKENS_REFUSED: _no_max_completion_tokens,
    Quirk.REFUSES_WITHOUT_NAME: _no_max_completion_tokens_unnamed,
    Quirk.STREAM_OPTIONS_REFUSED: _no(
        "stream_options", "Unknown parameter: 'stream_options'.", "unknown_parameter"
    ),
    Quirk.TEMPERATURE_REFUSED: _no_temperature,
    Quirk.SYSTEM_ROLE_REFUSED: _no_system,
    Quirk.ROLES_MUST_ALTERNATE: _turns,
}
