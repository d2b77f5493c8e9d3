"""Narration: a passage of a story as audio, with the times of its words."""

import asyncio
import re
import uuid
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router

from stories import access, narration
from stories.access import aloud
from stories.access.aloud import Source
from stories.controls import switches
from stories.controls.switches import Feature
from stories.infra.db import in_database
from stories.models import ReadingSession
from stories.narration import Narration, NarrationFailed, Times

from .auth import user_of
from .errors import PROBLEMS, Refused
from .schemas import NarrationIn, NarrationOut, WordOut

router = Router(tags=["narration"])

FAILED_RETRY_SECONDS = 5
_SALT = "stories.narration"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_AUDIO: dict[str, Any] = {
    "responses": {
        status: {"description": text, "content": {narration.CONTENT_TYPE: {}}}
        for status, text in ((200, "All of it"), (206, "The part that `Range` names"))
    }
}


@router.post(
    "/sessions/{uuid:session_id}/narration",
    response={200: NarrationOut, **PROBLEMS},
    summary="Have a passage read aloud",
)
async def create_narration(
    request: HttpRequest, session_id: uuid.UUID, payload: NarrationIn
) -> NarrationOut:
    """Answers when the audio is there. A passage is a sentence that the child may read now: of a
    chapter, also of the one that is being written, its title, its question, or a choice with its
    number before it (`1. Follow the fox`). `404` for any other text, and, with the code `NO_VOICE`,
    where this server has no voice for the story's language: let the device read then."""
    wanted, url = await in_database(_wanted, request, session_id, payload)
    times = await _made(wanted)
    return NarrationOut(
        audio_url=url,
        seconds=times.seconds,
        voice=wanted.voice.name,
        words=[WordOut(**word._asdict()) for word in times.words],
    )


@router.get(
    "/sessions/{uuid:session_id}/narration/{passage}",
    response={200: None, **PROBLEMS},
    openapi_extra=_AUDIO,
    summary="The audio of a passage",
)
async def get_narration(request: HttpRequest, session_id: uuid.UUID, passage: str) -> HttpResponse:
    """MP3, at the address that came with the passage; good for as long as it may be read."""
    found = await in_database(_found, request, session_id, passage)
    await _made(found)
    try:
        audio = await asyncio.to_thread(found.file.read_bytes)
    except FileNotFoundError as error:  # it had to make room just now
        raise _failed() from error
    return _audio(request, audio)


def _wanted(
    request: HttpRequest, session_id: uuid.UUID, payload: NarrationIn
) -> tuple[Narration, str]:
    session = access.session_for(user_of(request), session_id)
    source, start = aloud.source_with(session, payload.text)
    end = start + len(payload.text)
    speed = round(payload.speed, 2)
    wanted = _narration(session, source, start, end, speed)
    passage = signed(source.id, start, end, speed, wanted.key)
    return wanted, reverse("api:get_narration", args=[session.pk, passage])


def signed(source_id: uuid.UUID, *rest: float | str) -> str:
    """A passage in an address: its source, where it begins and ends there, its speed, its key."""
    return signing.dumps([source_id.hex, *rest], salt=_SALT)


def _found(request: HttpRequest, session_id: uuid.UUID, passage: str) -> Narration:
    """Raises Missing where the text is another one by now."""
    session = access.session_for(user_of(request), session_id)
    try:
        source_id, start, end, speed, key = signing.loads(passage, salt=_SALT)
    except signing.BadSignature as error:
        raise access.Missing from error
    source = aloud.source_of(session, uuid.UUID(source_id))
    found = _narration(session, source, start, end, speed)
    if found.key != key:
        raise access.Missing
    return found


def _narration(
    session: ReadingSession, source: Source, start: int, end: int, speed: float
) -> Narration:
    story = session.story
    if switches.is_off(Feature.READ_ALOUD):
        raise Refused(409, "READ_ALOUD_OFF", "Reading aloud is turned off.")
    voice = narration.voice_for(story.language)
    if voice is None:
        raise Refused(404, "NO_VOICE", "This server has no voice for the story's language.")
    return narration.narration_of(
        source.text[start:end], voice, speed, child_id=story.child_id, story_id=story.pk
    )


async def _made(wanted: Narration) -> Times:
    times = await asyncio.to_thread(wanted.times)
    if times is None:
        try:
            await asyncio.wrap_future(wanted.make())
        except NarrationFailed as error:
            raise _failed() from error
        times = await asyncio.to_thread(wanted.times)
    if times is None:
        raise _failed()
    return times


def _failed() -> Refused:
    return Refused(
        503,
        "NARRATION_FAILED",
        "The voice does not answer just now.",
        retry_after=FAILED_RETRY_SECONDS,
    )


def _audio(request: HttpRequest, audio: bytes) -> HttpResponse:
    """With ranges, without which iOS plays nothing. No cache keeps what says a child's name."""
    answer = HttpResponse(audio, content_type=narration.CONTENT_TYPE)
    if asked := _RANGE.fullmatch(request.headers.get("Range", "")):
        answer = _part(audio, *asked.groups())
    answer["Accept-Ranges"] = "bytes"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _part(audio: bytes, first: str, last: str) -> HttpResponse:
    """`first-last`, `first-`, or the `-last` bytes."""
    size = len(audio)
    begin = int(first) if first else max(0, size - int(last or 0))
    end = min(int(last) + 1 if first and last else size, size)
    if begin >= end:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    return HttpResponse(
        audio[begin:end],
        status=206,
        content_type=narration.CONTENT_TYPE,
        headers={"Content-Range": f"bytes {begin}-{end - 1}/{size}"},
    )
