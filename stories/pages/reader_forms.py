"""The reader's forms, for browsers without JavaScript: choosing, stopping, carrying on, discarding.

Each names the chapter or the run that its page showed. Where the story is elsewhere by now, nothing
is done, and the reader opens there with a word about it.
"""

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from children.access import parent
from children.models import User
from stories import access, generations
from stories.execution import engine
from stories.generations import Caller, Wish
from stories.messages import message_of
from stories.models import Generation, ReadingSession
from stories.pages.owned import or_404
from stories.pages.plain_reader import Refusal
from stories.pages.views import moved_on_url, opened_reader, storyteller_status

GO_ON = "continue"


@login_required
@require_POST
def choose(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """Go on from chapter `at`: by an offered `choice`, the child's own `idea`, or as it comes."""
    user = parent(request)
    session = or_404(access.session_for, user, session_id)
    idea = request.POST.get("idea", "").strip()
    if "choice" not in request.POST and not idea:
        empty = Refusal(words=_("Please use words: the storyteller reads nothing else."))
        return opened_reader(request, session, refusal=empty, status=422)
    try:
        generations.next_chapter(_caller(user), session, _wish(request, session, idea))
    except (access.Missing, generations.WrongPlace, generations.AwaitsPreview):
        return redirect(moved_on_url(session))
    except generations.InvalidRequest as refused:
        refusal = Refusal(words=refused.message, idea=idea)
        return opened_reader(request, session, refusal=refusal, status=422)
    except (generations.ModelMissing, generations.NotNow) as reason:
        return _put_off(request, session, reason, idea)
    return redirect("stories:read", session.pk)


@login_required
@require_POST
def stop(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    session = or_404(access.session_for, parent(request), session_id)
    if run := _run_named(request, session):
        generations.request_stop(run)
        return redirect("stories:read", session.pk)
    return redirect(moved_on_url(session))


@login_required
@require_POST
def carry_on(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    user = parent(request)
    session = or_404(access.session_for, user, session_id)
    run = _run_named(request, session)
    try:
        if run is None:
            return redirect(moved_on_url(session))
        generations.carry_on(_caller(user), run)
    except (generations.WrongPlace, generations.AwaitsPreview):
        return redirect(moved_on_url(session))
    except (generations.ModelMissing, generations.NotNow) as reason:
        return _put_off(request, session, reason)
    return redirect("stories:read", session.pk)


@login_required
@require_POST
def discard(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    user = parent(request)
    session = or_404(access.session_for, user, session_id)
    run = _run_named(request, session)
    try:
        if run is None:
            return redirect(moved_on_url(session))
        generations.discard(user, run)
    except (generations.WrongPlace, generations.AwaitsPreview):
        return redirect(moved_on_url(session))
    return redirect("stories:read", session.pk)


def _caller(user: User) -> Caller:
    return generations.caller_for(user, storyteller_status(), engine.enqueue)


def _wish(request: HttpRequest, session: ReadingSession, idea: str) -> Wish:
    at = _uuid(request, "at")
    if at is None and session.chapter is not None:
        raise generations.MovedOn
    chosen = request.POST.get("choice", "")
    if idea and not chosen:
        return Wish(own_idea=idea, at_chapter=at)
    if chosen == GO_ON:
        return Wish(at_chapter=at)
    key = _uuid(request, "choice")
    if key is None:
        raise access.Missing
    return Wish(choice=access.choice_for(session, key), at_chapter=at)


def _run_named(request: HttpRequest, session: ReadingSession) -> Generation | None:
    """The run that leads on, if it is the one that the page showed."""
    run = generations.following(session)
    return run if run is not None and run.pk == _uuid(request, "run") else None


def _uuid(request: HttpRequest, field: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.POST.get(field, ""))
    except ValueError:
        return None


def _put_off(
    request: HttpRequest,
    session: ReadingSession,
    reason: generations.ModelMissing | generations.NotNow,
    idea: str = "",
) -> HttpResponse:
    """The page as it was, with the reason; what was typed stays in it."""
    if isinstance(reason, generations.ModelMissing):
        words = message_of("MODEL_UNAVAILABLE")
        return opened_reader(request, session, refusal=Refusal(words=words, idea=idea), status=503)
    status = 503 if isinstance(reason, generations.QueueFull) else 429
    refusal = Refusal(words=message_of(reason.code), idea=idea)
    answer = opened_reader(request, session, refusal=refusal, status=status)
    answer["Retry-After"] = str(reason.retry_after)
    return answer
