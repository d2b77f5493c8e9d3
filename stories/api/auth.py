"""Authentication of API requests: a Bearer token, the web pages' session cookie, or, for streams, a
ticket.

Each says `still` what has to hold of its user for it to be good, for as long as a stream lasts.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user
from django.db.models import Q
from django.http import HttpRequest
from ninja.security import APIKeyCookie, APIKeyQuery, HttpBearer

from children import tokens
from children.access import logged_in
from children.models import User
from stories.access import tickets
from stories.access.tickets import BadTicket, Ticket
from stories.infra.db import in_database


@dataclass(frozen=True)
class TokenHolder:
    """A parent's own program. The cookie is also that of the browser in which the child reads."""

    user: User
    token_id: int

    def still(self) -> Q:
        return tokens.unrevoked(self.token_id)


@dataclass(frozen=True)
class Visitor:
    """A browser with a logged-in parent."""

    user: User
    session_key: str | None

    def still(self) -> Q:
        return logged_in(self.user, self.session_key)


Credential = TokenHolder | Visitor | Ticket


class Bearer(HttpBearer):
    """A token made on the settings page or by `manage.py api_token`."""

    is_async = True

    async def authenticate(self, _request: HttpRequest, token: str) -> TokenHolder | None:
        found = await in_database(tokens.find, token)
        return TokenHolder(found.user, found.pk) if found else None


class SessionCookie(APIKeyCookie):
    """The cookie of a parent who is logged in; requests that change something need CSRF too."""

    is_async = True
    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        # Without a cookie there is nothing to forge: the answer is 401, not a CSRF failure.
        if self.param_name not in request.COOKIES:
            return None
        return super()._get_key(request)

    async def authenticate(self, request: HttpRequest, key: str | None) -> Visitor | None:
        if key is None:
            return None
        user = await in_database(get_user, request)
        if not isinstance(user, User) or not user.is_active:
            return None
        return Visitor(user, request.session.session_key)


class StreamTicket(APIKeyQuery):
    """A ticket from `POST …/ticket`; long-lived tokens are refused in a query string."""

    is_async = True
    param_name = "token"

    async def authenticate(self, request: HttpRequest, key: str | None) -> Ticket | None:
        if not key:
            return None
        try:
            return await in_database(tickets.redeem, key, has_cursor=bool(cursor_text(request)))
        except BadTicket:
            return None


def cursor_text(request: HttpRequest) -> str:
    """The cursor a client comes back with: the header of `EventSource`, or `?after=`."""
    return request.headers.get("Last-Event-ID", "") or request.GET.get("after", "")


def credential_of(request: HttpRequest) -> Credential:
    shown: Credential = request.auth  # type: ignore[attr-defined]
    return shown


def user_of(request: HttpRequest) -> User:
    return credential_of(request).user


def ticket_of(request: HttpRequest) -> Ticket | None:
    shown = credential_of(request)
    return shown if isinstance(shown, Ticket) else None


def origin_of(request: HttpRequest) -> tickets.Origin:
    """The credential that a ticket made now depends on."""
    match credential_of(request):
        case TokenHolder(token_id=token_id):
            return tickets.of_token(token_id)
        case Visitor(user=user, session_key=str(session_key)):
            return tickets.of_log_in(user, session_key)
    raise BadTicket  # a ticket makes no tickets


def sees_previews(request: HttpRequest) -> bool:
    """True when the text of a chapter that awaits a parent's look goes into this answer."""
    shown = credential_of(request)
    return isinstance(shown, TokenHolder) or (isinstance(shown, Ticket) and shown.sees_previews)


USER = [Bearer(), SessionCookie()]
STREAM = [StreamTicket(), *USER]
