"""Asking for chapters, stopping them, and following them: state, stream and tickets."""

import uuid
from collections.abc import Callable
from typing import Annotated

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from ninja import Header, Router, Status

from children.models import User
from stories import access, eventlog, generations
from stories.access import tickets
from stories.eventlog import LogEvent
from stories.generations import Caller, Requested
from stories.infra.db import in_database
from stories.messages import failed_event
from stories.models import Generation
from stories.streaming import Cursor
from stories.vocabulary.errors import Withdrawn

from .auth import STREAM, origin_of, sees_previews, ticket_of, user_of
from .errors import PROBLEMS, RETRY_AFTER
from .following import AFTER, stream_of
from .schemas import ErrorOut, GenerationIn, GenerationOut, GenerationStarted, TicketOut
from .wishes import caller_of, request_chapter

router = Router(tags=["generations"])


@router.post(
    "/generations",
    response={200: GenerationStarted, 201: GenerationStarted, **PROBLEMS},
    openapi_extra=RETRY_AFTER,
    summary="Ask for a chapter",
)
async def create_generation(
    request: HttpRequest,
    payload: GenerationIn,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Status[GenerationStarted]:
    """Starts a chapter (`201`), or gives the one that this request stands for already (`200`)."""
    caller = await caller_of(request, idempotency_key)
    return await _begin(lambda: request_chapter(caller, payload))


@router.get(
    "/generations/{uuid:generation_id}",
    response={200: GenerationOut, **PROBLEMS},
    summary="State, and the text so far",
)
async def get_generation(request: HttpRequest, generation_id: uuid.UUID) -> GenerationOut:
    return await in_database(_state, request, generation_id)


@router.get(
    "/generations/{uuid:generation_id}/events",
    auth=STREAM,
    response={200: None, 204: None, **PROBLEMS},
    openapi_extra=AFTER,
    summary="Follow it",
)
async def get_events(request: HttpRequest, generation_id: uuid.UUID) -> HttpResponseBase:
    """Server-Sent Events: replay after the cursor, then live until the terminal event."""
    generation = await in_database(_for_stream, request, generation_id)
    return await stream_of(request, generation)


@router.post(
    "/generations/{uuid:generation_id}/stop",
    response={200: GenerationOut, **PROBLEMS},
    summary="Stop it; what was written is kept",
)
async def stop_generation(request: HttpRequest, generation_id: uuid.UUID) -> GenerationOut:
    user = user_of(request)
    generation = await in_database(access.generation_for, user, generation_id)
    await in_database(generations.request_stop, generation)
    return await in_database(_state, request, generation_id)


@router.post(
    "/generations/{uuid:generation_id}/continue",
    response={200: GenerationStarted, 201: GenerationStarted, **PROBLEMS},
    summary="Carry on from where it was stopped",
)
async def continue_generation(
    request: HttpRequest,
    generation_id: uuid.UUID,
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key")] = None,
) -> Status[GenerationStarted]:
    """A new generation (`201`) whose text begins with what the stopped or failed one had shown, or
    the one that carries on from there already (`200`). `409` where the story has gone on, or
    where the chapter had to be stopped because it was not right for the child."""
    caller = await caller_of(request, idempotency_key)
    return await _begin(lambda: _continue(caller, generation_id))


@router.post(
    "/generations/{uuid:generation_id}/discard",
    response={200: GenerationOut, **PROBLEMS},
    summary="Discard what a stopped one has written, or what a parent does not release",
)
async def discard_generation(request: HttpRequest, generation_id: uuid.UUID) -> GenerationOut:
    """Removes the text for good and frees its position: another choice can be made, or, where it
    was a first chapter, the story is gone from the library. `409` where the story has gone on."""
    user = user_of(request)
    generation = await in_database(access.generation_for, user, generation_id)
    await in_database(generations.discard, user, generation)
    return await in_database(_state, request, generation_id)


@router.post(
    "/generations/{uuid:generation_id}/ticket",
    response={200: TicketOut, **PROBLEMS},
    summary="A ticket for following it",
)
async def generation_ticket(request: HttpRequest, generation_id: uuid.UUID) -> TicketOut:
    user = user_of(request)
    generation = await in_database(access.generation_for, user, generation_id)
    ticket = tickets.for_generation(user, generation, origin_of(request))
    return TicketOut(ticket=ticket, expires_in=int(tickets.FIRST_CONNECTION.total_seconds()))


async def _begin(ask: Callable[[], Requested]) -> Status[GenerationStarted]:
    return await in_database(lambda: _started(ask()))


def _continue(caller: Caller, generation_id: uuid.UUID) -> Requested:
    return generations.carry_on(caller, access.generation_for(caller.user, generation_id))


def _started(requested: Requested) -> Status[GenerationStarted]:
    generation = requested.generation
    started = GenerationStarted(
        id=generation.pk,
        session_id=generation.story.session.pk,
        story_id=generation.story_id,
        status=generation.status,
        awaits_preview=generation.awaits_preview,
        events_url=events_url(generation),
    )
    return Status(201 if requested.is_new else 200, started)


def events_url(generation: Generation) -> str:
    return reverse("api:get_events", args=[generation.pk])


def _for_stream(request: HttpRequest, generation_id: uuid.UUID) -> Generation:
    generation = access.generation_for(user_of(request), generation_id)
    if ticket := ticket_of(request):
        ticket.bind(generation)
    return generation


def _state(request: HttpRequest, generation_id: uuid.UUID) -> GenerationOut:
    generation, log = _with_log(user_of(request), generation_id)
    is_withdrawn = generation.withdrawn_at is not None
    awaits_preview = generation.awaits_preview and not is_withdrawn
    has_words = not is_withdrawn and (not awaits_preview or sees_previews(request))
    chapter = None if is_withdrawn else generation.chapter
    return GenerationOut(
        id=generation.pk,
        session_id=generation.story.session.pk,
        story_id=generation.story_id,
        chapter_id=chapter.pk if chapter else None,
        chapter_title=_title_of(generation) if has_words else "",
        chapter_number=generation.chapter_number,
        status="withdrawn" if is_withdrawn else generation.status,
        is_active=generation.is_active and not is_withdrawn,
        awaits_preview=awaits_preview,
        text=eventlog.shown_text(log) if has_words else "",
        cursor=str(_end_of(generation, log)),
        events_url=events_url(generation),
        error=_error_of(generation, log),
        created_at=generation.created_at,
        finished_at=generation.finished_at,
    )


def _title_of(generation: Generation) -> str:
    """The chapter's; that of its plan, which comes before the text, where it is told from one."""
    if generation.chapter is not None:
        return generation.chapter.title
    return generations.planned_title(generation)


def _end_of(generation: Generation, log: list[LogEvent]) -> Cursor:
    """The cursor behind what the state tells; of a withdrawn run nothing but its end is left."""
    if generation.withdrawn_at is not None:
        return Cursor(generation.pk, generation.last_position)
    return Cursor(generation.pk, log[-1].position if log else 0)


def _error_of(generation: Generation, log: list[LogEvent]) -> ErrorOut | None:
    if generation.withdrawn_at is not None:
        return ErrorOut(**failed_event(Withdrawn(), generation.story.language).data)
    return ErrorOut(**log[-1].data) if log and log[-1].type == "error" else None


def _with_log(user: User, generation_id: uuid.UUID) -> tuple[Generation, list[LogEvent]]:
    """A generation and its log as of one moment: who is told that it is active, and a cursor behind
    its end, would wait for ever."""
    generation = access.generation_for(user, generation_id)
    log = eventlog.log_after(generation.pk, 0)
    if generation.is_active and log and log[-1].is_terminal:
        generation = access.generation_for(user, generation_id)
    return generation, log
