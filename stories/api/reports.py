"""Reports of parents: sentences that should not be in a chapter."""

import uuid

from django.http import HttpRequest
from ninja import Router, Status

from stories import access, moderation
from stories.infra.db import in_database
from stories.models import Case, Chapter

from .auth import sees_previews, user_of
from .errors import PROBLEMS
from .schemas import ReportIn, ReportOut

router = Router(tags=["reports"])


@router.post(
    "/chapters/{uuid:chapter_id}/reports",
    response={201: ReportOut, **PROBLEMS},
    summary="Report a sentence",
)
async def report_sentence(
    request: HttpRequest, chapter_id: uuid.UUID, payload: ReportIn
) -> Status[ReportOut]:
    """It reaches the moderators, who are not told who reported it. While it is open, the same
    sentence sent again by the same parent is the same report. `422` for anything but one whole
    sentence of the chapter; where it is a part of one, the answer says of which."""
    return Status(201, await in_database(_report, request, chapter_id, payload))


@router.get(
    "/chapters/{uuid:chapter_id}/reports",
    response={200: list[ReportOut], **PROBLEMS},
    summary="What the family has reported of a chapter",
)
async def list_reports(request: HttpRequest, chapter_id: uuid.UUID) -> list[ReportOut]:
    return await in_database(_reports, request, chapter_id)


def _report(request: HttpRequest, chapter_id: uuid.UUID, payload: ReportIn) -> ReportOut:
    chapter = _seen(request, chapter_id)
    user = user_of(request)
    case = moderation.open_report(user, chapter, payload.sentence, payload.remark)
    return _out(case, chapter_id)


def _reports(request: HttpRequest, chapter_id: uuid.UUID) -> list[ReportOut]:
    chapter = _seen(request, chapter_id)
    reports = moderation.reports_of(user_of(request).family_id).filter(generation__chapter=chapter)
    return [_out(case, chapter_id) for case in reports]


def _seen(request: HttpRequest, chapter_id: uuid.UUID) -> Chapter:
    """A chapter whose sentences may be in the answer."""
    chapter = access.chapter_for(user_of(request), chapter_id)
    if chapter.awaits_preview and not sees_previews(request):
        raise access.Missing
    return chapter


def _out(case: Case, chapter_id: uuid.UUID) -> ReportOut:
    return ReportOut(
        id=case.pk,
        chapter_id=chapter_id,
        sentence=case.text,
        remark=case.remark,
        is_looked_at=not case.is_open,
        reported_at=case.opened_at,
    )
