"""Bearer tokens: made, looked up and revoked. The token itself is shown once and never stored."""

import datetime as dt
import hashlib
import secrets

from django.db.models import Q
from django.utils import timezone

from .models import ApiToken, User

PREFIX = "stt_"
LAST_USED_RESOLUTION = dt.timedelta(minutes=5)


def create(user: User, name: str) -> str:
    """A new token for this user; shown once, and not recoverable."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, digest=_digest(token))
    return token


def find(token: str) -> ApiToken | None:
    """The record of an active user's unrevoked token."""
    found = (
        ApiToken.objects.select_related("user")
        .filter(digest=_digest(token), revoked_at=None, user__is_active=True)
        .first()
    )
    if found is None:
        return None
    now = timezone.now()
    if found.last_used_at is None or now - found.last_used_at > LAST_USED_RESOLUTION:
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=now)
    return found


def unrevoked(token_id: int) -> Q:
    """Of a user: this token is theirs, and good."""
    return Q(api_tokens=token_id, api_tokens__revoked_at=None)


def revoke(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def _digest(token: str) -> str:
    # A token is 256 random bits, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()
