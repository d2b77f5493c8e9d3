"""Stream tickets: short-lived, signed, and good for one stream of one user.

For `EventSource` clients without a cookie, which can set no header and repeat their URL. A ticket
opens a first connection within a minute; with a cursor it serves reconnections for an hour.
"""

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.utils import timezone

from children.models import Child, User
from stories.models import Generation, TicketUse

FIRST_CONNECTION = dt.timedelta(seconds=60)
RECONNECTIONS = dt.timedelta(hours=1)
_SALT = "stories.tickets"


class BadTicket(Exception):
    """Not a ticket, too old, or one for something else."""


@dataclass(frozen=True)
class Ticket:
    """What a ticket is good for: one generation, or one child's next generation.

    `sees_previews` is whether its stream has the text of a chapter that awaits a parent's look.
    """

    user: User
    nonce: str
    generation_id: uuid.UUID | None
    child_id: uuid.UUID | None
    sees_previews: bool = False

    def admit(self, child: Child) -> None:
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


def for_generation(user: User, generation: Generation, *, sees_previews: bool = False) -> str:
    return _sign(user, g=generation.pk.hex, p=sees_previews)


def for_child(user: User, child: Child, *, sees_previews: bool = False) -> str:
    return _sign(user, c=child.pk.hex, p=sees_previews)


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
    return Ticket(
        user, claims["n"], _id(claims.get("g")), _id(claims.get("c")), bool(claims.get("p"))
    )


def forget_used() -> int:
    """Remove the record of tickets that open nothing any more; how many there were."""
    over = TicketUse.objects.filter(used_at__lt=timezone.now() - RECONNECTIONS)
    removed, _ = over.delete()
    return removed


def _sign(user: User, **claims: str | bool) -> str:
    return signing.dumps({"u": user.pk, "n": secrets.token_urlsafe(12), **claims}, salt=_SALT)


def _id(value: Any) -> uuid.UUID | None:
    return uuid.UUID(value) if value else None
