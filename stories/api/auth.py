"""Who is asking: a Bearer token, the web pages' session cookie, or, for streams, a ticket."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from ninja.security import APIKeyCookie, APIKeyQuery, HttpBearer

from children import tokens
from children.models import User
from stories import tickets
from stories.db import in_database
from stories.tickets import BadTicket, Ticket


@dataclass(frozen=True)
class TokenHolder:
    """A parent's own program. The cookie is also that of the browser in which the child reads."""

    user: User


class Bearer(HttpBearer):
    """A token made on the settings page or by `manage.py api_token`."""

    is_async = True

    async def authenticate(self, _request: HttpRequest, token: str) -> TokenHolder | None:
        user = await in_database(tokens.owner_of, token)
        return TokenHolder(user) if user else None


class SessionCookie(APIKeyCookie):
    """The cookie of a parent who is logged in; requests that change something need CSRF too."""

    is_async = True
    param_name = settings.SESSION_COOKIE_NAME

    def _get_key(self, request: HttpRequest) -> str | None:
        # Without a cookie there is nothing to forge: the answer is 401, not a CSRF failure.
        if self.param_name not in request.COOKIES:
            return None
        return super()._get_key(request)

    async def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        if key is None:
            return None
        user = await in_database(get_user, request)
        return user if isinstance(user, User) and user.is_active else None


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


def user_of(request: HttpRequest) -> User:
    auth: Any = request.auth  # type: ignore[attr-defined]
    return auth.user if isinstance(auth, Ticket | TokenHolder) else auth


def ticket_of(request: HttpRequest) -> Ticket | None:
    auth: Any = request.auth  # type: ignore[attr-defined]
    return auth if isinstance(auth, Ticket) else None


def sees_previews(request: HttpRequest) -> bool:
    """Whether the text of a chapter that awaits a parent's look goes into this answer."""
    auth: Any = request.auth  # type: ignore[attr-defined]
    return isinstance(auth, TokenHolder) or (isinstance(auth, Ticket) and auth.sees_previews)


USER = [Bearer(), SessionCookie()]
STREAM = [StreamTicket(), *USER]
