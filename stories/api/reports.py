"""What a parent complains of: sentences that should not be in a chapter."""

import uuid

from django.http import HttpRequest
from ninja import Router, Status

from children.models import User
from stories import access, generations
from stories.db import in_database
from stories.models import Case

from .auth import user_of
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
    return Status(201, await in_database(_report, user_of(request), chapter_id, payload))


@router.get(
    "/chapters/{uuid:chapter_id}/reports",
    response={200: list[ReportOut], **PROBLEMS},
    summary="What the family has reported of a chapter",
)
async def list_reports(request: HttpRequest, chapter_id: uuid.UUID) -> list[ReportOut]:
    return await in_database(_reports, user_of(request), chapter_id)


def _report(user: User, chapter_id: uuid.UUID, payload: ReportIn) -> ReportOut:
    chapter = access.chapter_for(user, chapter_id)
    case = generations.open_report(user, chapter, payload.sentence, payload.remark)
    return _out(case, chapter_id)


def _reports(user: User, chapter_id: uuid.UUID) -> list[ReportOut]:
    chapter = access.chapter_for(user, chapter_id)
    reports = generations.reports_of(user.family_id).filter(generation__chapter=chapter)
    return [_out(case, chapter_id) for case in reports]


def _out(case: Case, chapter_id: uuid.UUID) -> ReportOut:
    return ReportOut(
        id=case.pk,
        chapter_id=chapter_id,
        sentence=case.text,
        remark=case.remark,
        is_looked_at=not case.is_open,
        reported_at=case.opened_at,
    )
