"""Stream tickets: short-lived, signed, and good for one stream of one user.

For `EventSource` clients without a cookie, which can set no header and repeat their URL. A ticket
opens a first connection within a minute; with a cursor it serves reconnections for an hour.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.sessions.models import Session
from django.core import signing
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from children import tokens
from children.access import logged_in
from children.models import Child, User
from stories.models import Generation, TicketUse

FIRST_CONNECTION = dt.timedelta(seconds=60)
RECONNECTIONS = dt.timedelta(hours=1)
_SALT = "stories.tickets"
# The claims of what a ticket was made with. A session is found by the first of its letters.
_TOKEN, _SESSION_START, _SESSION, _PASSWORD = "t", "s", "d", "p"
_START_LENGTH = 4

Origin = Mapping[str, str | int]
"""A token or a log-in, as claims."""


class BadTicket(Exception):
    """Not a ticket, too old, or one for something else."""


@dataclass(frozen=True)
class Ticket:
    """The scope of a ticket: one generation, or one child's next generation.

    `validity` is what has to hold of its user: it is good for no longer than the token or the
    log-in that it was made with. The stream of one that a token made `sees_previews`, the text of
    a chapter that awaits a parent's look.
    """

    user: User
    nonce: str
    generation_id: uuid.UUID | None
    child_id: uuid.UUID | None
    validity: Q
    sees_previews: bool

    def still(self) -> Q:
        return self.validity

    def check_child(self, child: Child) -> None:
        """Raises BadTicket unless it may start a generation of this child."""
        if self.child_id != child.pk:
            raise BadTicket

    def bind(self, generation: Generation) -> None:
        """Raises BadTicket unless this generation is what the ticket is for, or becomes it now."""
        if self.generation_id is not None:
            bound_to = self.generation_id
        else:
            use, _ = TicketUse.objects.get_or_create(
                nonce=self.nonce, defaults={"generation": generation}
            )
            bound_to = use.generation_id
        if bound_to != generation.pk:
            raise BadTicket


def of_token(token_id: int) -> Origin:
    return {_TOKEN: token_id}


def of_log_in(user: User, session_key: str) -> Origin:
    """Without the key itself: a ticket stands in URLs, and nobody shall come in by it."""
    return {
        _SESSION_START: session_key[:_START_LENGTH],
        _SESSION: _fingerprint(session_key),
        _PASSWORD: user.get_session_auth_hash(),
    }


def for_generation(user: User, generation: Generation, origin: Origin) -> str:
    return _sign(user, origin, g=generation.pk.hex)


def for_child(user: User, child: Child, origin: Origin) -> str:
    return _sign(user, origin, c=child.pk.hex)


def redeem(text: str, *, has_cursor: bool) -> Ticket:
    """The ticket behind `text`; raises BadTicket."""
    age = RECONNECTIONS if has_cursor else FIRST_CONNECTION
    try:
        claims = signing.loads(text, salt=_SALT, max_age=age)
    except signing.BadSignature as error:
        raise BadTicket from error
    user = User.objects.filter(pk=claims["u"], is_active=True).first()
    if user is None:
        raise BadTicket
    validity = _validity(user, claims)
    if not User.objects.filter(validity, pk=user.pk).exists():
        raise BadTicket
    return Ticket(
        user,
        claims["n"],
        _id(claims.get("g")),
        _id(claims.get("c")),
        validity,
        sees_previews=bool(claims.get(_TOKEN)),
    )


def forget_used() -> int:
    """Remove the record of tickets that open nothing any more; how many there were."""
    over = TicketUse.objects.filter(used_at__lt=timezone.now() - RECONNECTIONS)
    removed, _ = over.delete()
    return removed


def _validity(user: User, claims: Origin) -> Q:
    if token_id := claims.get(_TOKEN):
        return tokens.unrevoked(int(token_id))
    if claims.get(_PASSWORD) != user.get_session_auth_hash():
        raise BadTicket
    begin_alike = Session.objects.filter(session_key__startswith=str(claims[_SESSION_START]))
    for session_key in begin_alike.values_list("session_key", flat=True):
        if _fingerprint(session_key) == claims[_SESSION]:
            return logged_in(user, session_key)
    raise BadTicket


def _fingerprint(session_key: str) -> str:
    return salted_hmac(_SALT, session_key, algorithm="sha256").hexdigest()


def _sign(user: User, origin: Origin, **claims: str) -> str:
    known = {"u": user.pk, "n": secrets.token_urlsafe(12), **claims, **origin}
    return signing.dumps(known, salt=_SALT)


def _id(value: Any) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None
