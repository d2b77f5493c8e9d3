"""Hosts' answers: malformed ones, found before a client reads them, and the endings of the
others."""

import json
from collections.abc import Mapping
from typing import Any

from stories.infra.addresses import masked
from stories.vocabulary.errors import ToldToStaff
from stories.workflow.faults import Ending

from .reasons import reason_in

# By OpenAI's `finish_reason` and Ollama's `done_reason`; a model that was being loaded or unloaded
# has ended nothing, and any other reason is a whole answer's.
_ENDINGS = {
    "length": Ending.LENGTH,
    "max_tokens": Ending.LENGTH,
    "content_filter": Ending.DECLINED,
    "load": None,
    "unload": None,
}


def ending_of(metadata: Mapping[str, Any]) -> Ending | None:
    """The ending told by the metadata of a stream's chunk; None if it tells of none.

    The end of an Ollama that is too old to give a reason is `done` alone.
    """
    reason = metadata.get("finish_reason") or metadata.get("done_reason")
    if reason:
        return _ENDINGS.get(str(reason), Ending.WHOLE)
    return Ending.WHOLE if metadata.get("done") is True else None


class OddAnswer(ToldToStaff):
    """A host's answer of status 200 outside its protocol."""


class Redirected(OddAnswer):
    """A host that sends its callers to another address, where they do not follow."""


async def refuse_odd(response: Any) -> None:
    """A hook of httpx, on both its versions: raises OddAnswer for an answer outside the protocol,
    before a client reads it.

    A redirect is one: what is told to one address is not told to another, which nobody named.
    """
    if 300 <= response.status_code < 400:
        raise Redirected(_redirect(response))
    if response.status_code != 200:
        return
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise OddAnswer("the host answered with a page of HTML")
    if kind == "application/json":
        _check_json(await response.aread(), response.request.content)


def _redirect(response: Any) -> str:
    there = masked(str(response.headers.get("location", "")) or "another address")
    return f"the host redirects to {there}: name the address that answers itself"


def _check_json(content: bytes, sent: bytes) -> None:
    try:
        answer = json.loads(content)
    except ValueError as error:
        raise OddAnswer("the host's answer is no JSON") from error
    if not isinstance(answer, dict):
        raise OddAnswer("the host's answer is no JSON object")
    if answer.get("error"):
        reason = reason_in(content.decode(), sent)
        raise OddAnswer(f"the host answered 200 with an error: {reason}")
