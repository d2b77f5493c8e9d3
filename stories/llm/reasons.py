"""A host's own sentence about why it said no, as far as staff may read it.

Of a body only the fields that hold such a sentence are read. What was sent is cut out of it,
secrets are masked, and it is cut to a length.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings

from stories.infra.addresses import addresses_in, credentials_in

MAX_CHARACTERS = 240
_ECHOED_WORDS = 4
_HIDDEN = "…"
_SECRETS = re.compile(
    r"(?<=//)[^\s/'\"]*@|\bBearer\s+\S+|\bBasic\s+\S+|\bsk-[\w*.-]+", re.IGNORECASE
)
_QUOTED = re.compile(r"\"[^\"]*\s[^\"]*\"|'[^']*\s[^']*'|`[^`]*\s[^`]*`")
_FULL_STOP = re.compile(r"(?<!\.)\.$")
_HTML = re.compile(r"\s*(<!doctype|<html)", re.IGNORECASE)


def reason_in(body: str, sent: bytes = b"") -> str:
    """The sentence in a host's answer, in one line and without its full stop, since it becomes a
    part of one of ours; empty where it has none."""
    sentence = _FULL_STOP.sub("", " ".join(_sentence(body).split()))
    return _cut(masked_secrets(_without_echo(sentence, _texts_in(sent))))


def masked_secrets(text: str) -> str:
    for secret in _own_secrets():
        text = text.replace(secret, _HIDDEN)
    return _SECRETS.sub(_HIDDEN, text)


def _own_secrets() -> Iterator[str]:
    yield from filter(None, (settings.OPENAI_API_KEY, settings.OLLAMA_API_KEY))
    for address in (settings.OPENAI_BASE_URL, *addresses_in(settings.OLLAMA_BASE_URL)):
        if found := credentials_in(address):
            yield from filter(None, (found.password,))


def _sentence(body: str) -> str:
    try:
        answer = json.loads(body)
    except ValueError:
        return "a page of HTML" if _HTML.match(body) else body
    return _said(answer)


def _said(answer: Any) -> str:
    """As hosts have it: `error` with a text or with `message`, `detail` with texts or a list."""
    match answer:
        case str():
            return answer
        case {"error": {"message": str(text), "param": str(name)}} if name not in text:
            return f"{name}: {text}"
        case {"error": str(text)} | {"error": {"message": str(text)}} | {"message": str(text)}:
            return text
        case {"detail": str(text)}:
            return text
        case {"detail": [*items]}:
            return "; ".join(filter(None, map(_of_field, items)))
    return ""


def _of_field(item: Any) -> str:
    """As Pydantic tells of a field, without the `input` that it was given."""
    match item:
        case {"loc": [*where], "msg": str(text)}:
            return f"{'.'.join(str(part) for part in where if part != 'body')}: {text}"
    return ""


def _texts_in(sent: bytes) -> str:
    try:
        body = json.loads(sent or b"{}")
    except ValueError:
        return ""
    messages = body.get("messages") or [] if isinstance(body, dict) else []
    return _plain(json.dumps(messages, ensure_ascii=False))


def _without_echo(sentence: str, sent: str) -> str:
    """The reason without its quotations and without any run of words from the request."""
    if not sent:
        return sentence
    unquoted = _QUOTED.sub(
        lambda found: _HIDDEN if _plain(found[0]) in sent else found[0], sentence
    )
    kept: list[str] = []
    words, echoed_until = unquoted.split(" "), 0
    for index, word in enumerate(words):
        if _plain(" ".join(words[index : index + _ECHOED_WORDS])) in sent and (
            len(words) - index >= _ECHOED_WORDS
        ):
            echoed_until = index + _ECHOED_WORDS
        if index >= echoed_until:
            kept.append(word)
        elif kept[-1:] != [_HIDDEN]:
            kept.append(_HIDDEN)
    return " ".join(kept)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1].rstrip() + _HIDDEN
