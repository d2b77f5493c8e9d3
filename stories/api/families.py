"""A family's children."""

import uuid

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from ninja import Router, Status

from children.access import children_of
from children.models import Child, User
from stories import access
from stories.access import tickets
from stories.infra.db import in_database

from .auth import origin_of, user_of
from .errors import PROBLEMS, Refused
from .schemas import ChildIn, ChildOut, TicketOut

router = Router(tags=["children"])


@router.post("/children", response={201: ChildOut, **PROBLEMS}, summary="Add a child")
async def create_child(request: HttpRequest, payload: ChildIn) -> Status[Child]:
    return Status(201, await in_database(_create, user_of(request), payload))


@router.get("/children", response={200: list[ChildOut], **PROBLEMS}, summary="The children")
async def list_children(request: HttpRequest) -> list[Child]:
    return await in_database(lambda: list(children_of(user_of(request))))


@router.post(
    "/children/{uuid:child_id}/ticket",
    response={200: TicketOut, **PROBLEMS},
    summary="A ticket for starting a stream of this child",
)
async def child_ticket(request: HttpRequest, child_id: uuid.UUID) -> TicketOut:
    child = await in_database(access.child_for, user_of(request), child_id)
    ticket = tickets.for_child(user_of(request), child, origin_of(request))
    return TicketOut(ticket=ticket, expires_in=int(tickets.FIRST_CONNECTION.total_seconds()))


def _create(user: User, payload: ChildIn) -> Child:
    if user.family_id is None:
        raise Refused(403, "NO_FAMILY", "This account belongs to no family.")
    fields = payload.dict(exclude={"language"})
    child = Child(family_id=user.family_id, languages=[payload.language], **fields)
    try:
        child.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        name = "language" if field == "languages" else field
        raise Refused(422, "INVALID", f"{name}: {messages[0]}", field=name) from error
    child.save()
    return child
