"""Refusals: one shape for all of them, with the statuses of the stream contract."""

from collections.abc import Callable
from typing import Any

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, ValidationError

from stories.access import Missing, NotYours
from stories.access.tickets import BadTicket
from stories.generations import (
    AwaitsPreview,
    FamilyBusy,
    InvalidRequest,
    ModelMissing,
    MovedOn,
    NotNow,
    QueueFull,
    WrongPlace,
)
from stories.messages import message_of

from .schemas import Problem

MODEL_RETRY_SECONDS = 10


class Refused(Exception):
    """A refused request; if it may succeed later, with the seconds until then."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        field: str | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = Problem(detail=detail, code=code, field=field)
        self.retry_after = retry_after


PROBLEMS: dict[Any, Any] = {frozenset({401, 403, 404, 409, 422, 429, 503}): Problem}

_SECONDS = {
    "description": "in how many seconds the same request may succeed",
    "schema": {"type": "integer", "minimum": 1},
}
# Beside PROBLEMS, the documentation of endpoints that begin chapters.
RETRY_AFTER: dict[str, Any] = {
    "responses": {status: {"headers": {"Retry-After": _SECONDS}} for status in (429, 503)}
}

NO_CREDENTIALS = Refused(401, "UNAUTHENTICATED", "Log in, or send a valid Bearer token.")


def install(api: NinjaAPI) -> None:
    """Answer every refusal of this project in the same shape."""

    def answer(refused: Refused, request: HttpRequest) -> HttpResponse:
        response = api.create_response(
            request, refused.problem.dict(exclude_none=True), status=refused.status
        )
        if refused.retry_after is not None:
            response["Retry-After"] = str(refused.retry_after)
        if refused.status == 401:
            response["WWW-Authenticate"] = "Bearer"
        return response

    def handler(translate: Callable[[Any], Refused]) -> Callable[..., HttpResponse]:
        return lambda request, error: answer(translate(error), request)

    for kind, translate in _TRANSLATIONS.items():
        api.add_exception_handler(kind, handler(translate))


# Ninja puts a value's source before the name of its field.
_ENVELOPE = ("body", "payload", "query", "path", "header")


def _invalid(error: ValidationError) -> Refused:
    """The first of ninja's complaints, as "field: what is wrong"."""
    first = error.errors[0]
    names = [str(part) for part in first.get("loc", ()) if part not in _ENVELOPE]
    field = names[0] if names else "body"
    return Refused(422, "INVALID", f"{field}: {first['msg']}", field=field)


def _put_off(status: int, reason: NotNow) -> Refused:
    message = message_of(reason.code)
    return Refused(status, reason.code, message, retry_after=reason.retry_after)


_TRANSLATIONS: dict[type[Exception], Callable[[Any], Refused]] = {
    Refused: lambda error: error,
    AuthenticationError: lambda _: NO_CREDENTIALS,
    BadTicket: lambda _: Refused(403, "TICKET", "This ticket is for another stream."),
    NotYours: lambda _: Refused(403, "FORBIDDEN", "This belongs to another family."),
    Missing: lambda _: Refused(404, "NOT_FOUND", "There is no such thing."),
    MovedOn: lambda error: Refused(409, "MOVED_ON", str(error)),
    WrongPlace: lambda error: Refused(409, "WRONG_PLACE", str(error)),
    AwaitsPreview: lambda error: Refused(409, "AWAITS_PREVIEW", str(error)),
    InvalidRequest: lambda error: Refused(422, "INVALID", error.message, field=error.field),
    FamilyBusy: lambda error: _put_off(429, error),
    ModelMissing: lambda _: Refused(
        503,
        "MODEL_UNAVAILABLE",
        "There is no storyteller to write this yet.",
        retry_after=MODEL_RETRY_SECONDS,
    ),
    QueueFull: lambda error: _put_off(503, error),
    ValidationError: _invalid,
    OperationalError: lambda _: Refused(
        503, "UNAVAILABLE", "The stories are out of reach for a moment.", retry_after=1
    ),
}
