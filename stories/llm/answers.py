"""Answers that are none: looked for before a client makes something of them."""

import json
from typing import Any

from stories.infra.addresses import masked
from stories.vocabulary.errors import ToldToStaff

from .reasons import reason_in


class OddAnswer(ToldToStaff):
    """A host's answer of status 200 that is no answer of its protocol."""


class Redirected(OddAnswer):
    """A host that sends its callers to another address, where they do not follow."""


async def refuse_odd(response: Any) -> None:
    """A hook of httpx, on both its versions: raises OddAnswer for what is no answer of a model's
    host, before a client makes something of it.

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
