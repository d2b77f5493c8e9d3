"""The family's pages about stories. Each begins with the question whose it is."""

import uuid
from typing import TypedDict

from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from children.access import parent
from children.models import Child, User
from stories import access, generations, llm, moderation, narration
from stories.controls import switches, trials
from stories.controls.switches import Feature
from stories.execution import engine
from stories.messages import MESSAGES
from stories.models import Chapter, Choice, Generation, ReadingSession
from stories.pages import library
from stories.pages.forms import NewStoryForm, languages_for
from stories.pages.owned import or_404
from stories.pages.plain_reader import Refusal, plain_reader
from stories.pages.report_form import ReportForm
from stories.presentation import direction
from stories.themes import THEMES
from stories.tree import path_to
from stories.vocabulary.languages import language_of

STORIES_PER_PAGE = 24
# In the reader's address, where a page or a form was behind the story.
MOVED_ON = "moved-on"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The family's library; to visitors, what this is; staff without a family go to their work."""
    if not request.user.is_authenticated:
        return render(request, "landing.html", {"themes": THEMES})
    user = parent(request)
    if user.family_id is None:
        return redirect("admin:index")
    return render(request, "stories/library.html", {"libraries": library.family_library(user)})


@login_required
def new(request: HttpRequest, child_id: uuid.UUID) -> HttpResponse:
    user = parent(request)
    child = or_404(access.child_for, user, child_id)
    storyteller = switches.with_switches(storyteller_status())
    is_resting = storyteller.is_turned_off or switches.is_off(Feature.NEW_STORIES)
    if is_resting or not storyteller.available:
        return _no_storyteller(request, child)
    languages = languages_for(child, storyteller.languages)
    form = NewStoryForm(request.POST or None, child=child, languages=languages)
    put_off: generations.NotNow | None = None
    if form.is_valid():
        try:
            started = _start(user, form, storyteller)
        except generations.ModelMissing:
            return _no_storyteller(request, child)
        except generations.NotNow as reason:
            started, put_off = None, reason
            form.put_off(reason)
        if started is not None:
            return redirect("stories:read", started.story.session.pk)
    context = {
        "form": form,
        "child": child,
        "themes": THEMES,
        "storyteller": storyteller,
        "narrated": [language_of(code).own_name for code in languages if narration.voice_for(code)],
        "is_foreign": not set(languages) & set(child.languages),
    }
    async_to_sync(llm.begin_warm_up)()
    answer = render(request, "stories/new.html", context)
    if put_off is not None:
        answer.status_code = 503 if isinstance(put_off, generations.QueueFull) else 429
        answer["Retry-After"] = str(put_off.retry_after)
    return answer


@login_required
@require_safe
def read(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    session = or_404(access.session_for, parent(request), session_id)
    return opened_reader(request, session)


def opened_reader(
    request: HttpRequest,
    session: ReadingSession,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    """The reader's page, where the story is now; with the refusal of a form that it had sent."""
    if session.story.discarded_at is not None:
        return redirect("stories:new", session.story.child_id)
    following = generations.following(session)
    if following is None:
        # A chapter under way at the first look may be finished by now.
        session.refresh_from_db(fields=["chapter"])
    chapters = path_to(session.chapter)
    context = {
        "session": session,
        "story": session.story,
        "child": session.story.child,
        "chapters": chapters,
        "page": _reader_page(session, chapters, following),
        "plain": plain_reader(session, following, refusal),
        "messages_by_code": MESSAGES.items(),
        "has_moved_on": MOVED_ON in request.GET,
        "storyteller": storyteller_status(),
    }
    return render(request, "stories/read.html", context, status=status)


def moved_on_url(session: ReadingSession) -> str:
    """The reader, where the story is by now, with a word about that."""
    return f"{reverse('stories:read', args=[session.pk])}?{MOVED_ON}"


@login_required
@require_safe
def story(request: HttpRequest, story_id: uuid.UUID) -> HttpResponse:
    found = or_404(access.story_for, parent(request), story_id)
    path = library.pages_of(found, through=request.GET.get("through", ""))
    context = {
        "story": found,
        "child": found.child,
        "pages": path.pages,
        "waiting": path.waiting,
        "friend": generations.friend_of(found),
        "kept_friend": generations.kept_friend_of(found),
        "storyteller": storyteller_status(),
    }
    return render(request, "stories/story.html", context)


@login_required
@never_cache
def preview(request: HttpRequest, chapter_id: uuid.UUID) -> HttpResponse:
    """A chapter that waits for a parent's look, whole; and what they decide."""
    user = parent(request)
    chapter = or_404(access.chapter_for, user, chapter_id)
    verdict = request.POST.get("verdict")
    if verdict == "release":
        generations.publish_chapter(user, chapter)
    if verdict == "release" or not chapter.awaits_preview:
        return redirect(_url_of(chapter, is_reader=True))
    if verdict == "discard":
        return _turned_down(request, user, chapter)
    context = {
        "chapter": chapter,
        "story": chapter.story,
        "child": chapter.story.child,
        "storyteller": storyteller_status(),
    }
    return render(request, "stories/preview.html", context)


@login_required
def report(request: HttpRequest, chapter_id: uuid.UUID) -> HttpResponse:
    """Pick a sentence that should not be there. Whoever comes from the reader goes back to it."""
    user = parent(request)
    chapter = or_404(access.chapter_for, user, chapter_id)
    reported = moderation.reports_of(user.family_id).filter(generation__chapter=chapter)
    form = ReportForm(
        request.POST or None,
        chapter=chapter,
        reported=set(reported.values_list("text", flat=True)),
    )
    if chapter.awaits_preview:
        back_url = reverse("stories:preview", args=[chapter.pk])
    else:
        back_url = _url_of(chapter, is_reader=request.GET.get("from") == "reader")
    if form.is_valid() and _open_report(user, chapter, form):
        messages.success(request, _("Thank you for telling us. Somebody will look at it."))
        return redirect(back_url)
    context = {"form": form, "chapter": chapter, "story": chapter.story, "back": back_url}
    return render(request, "stories/report.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def child_library(request: HttpRequest, child_id: uuid.UUID) -> HttpResponse:
    child = or_404(access.child_for, parent(request), child_id)
    stories = Paginator(library.stories_of(child), STORIES_PER_PAGE)
    context = {"child": child, "stories": stories.get_page(request.GET.get("page"))}
    return render(request, "stories/child_library.html", context)


def _open_report(user: User, chapter: Chapter, form: ReportForm) -> bool:
    try:
        moderation.open_report(user, chapter, form.picked, form.cleaned_data["remark"])
    except generations.InvalidRequest:
        form.put_off()
        return False
    return True


def _turned_down(request: HttpRequest, user: User, chapter: Chapter) -> HttpResponse:
    """On to where another one can be asked for; to the chapter, where it was released meanwhile."""
    try:
        generations.discard(user, chapter.generation)
    except generations.WrongPlace:
        return redirect("stories:preview", chapter.pk)
    messages.success(request, _("That chapter is gone. You can ask for another one."))
    if chapter.choice is None:
        return redirect("stories:new", chapter.story.child_id)
    return redirect("stories:read", chapter.story.session.pk)


def _url_of(chapter: Chapter, *, is_reader: bool) -> str:
    """The URL of a chapter in the reader, or on its story's page."""
    if is_reader:
        return (
            f"{reverse('stories:read', args=[chapter.story.session.pk])}#chapter-{chapter.number}"
        )
    page = reverse("stories:story", args=[chapter.story_id])
    return f"{page}?through={chapter.pk}#chapter-{chapter.number}"


def _start(user: User, form: NewStoryForm, storyteller: llm.Status) -> Generation | None:
    """The run that this form began, now or when it was sent before; None where it is refused."""
    key = form.request_key()
    caller = generations.caller_for(user, storyteller, engine.enqueue, key=key)
    try:
        generation = generations.start_story(caller, form.new_story()).generation
    except generations.InvalidRequest as refusal:
        form.refuse(refusal.field, refusal.message)
        return None
    return generation


def _no_storyteller(request: HttpRequest, child: Child) -> HttpResponse:
    return render(request, "stories/no_storyteller.html", {"child": child}, status=503)


class ReaderChoice(TypedDict):
    id: str
    text: str
    description: str


class ReaderChapter(TypedDict):
    id: str
    runId: str | None
    number: int
    isEnding: bool
    question: str
    choices: list[ReaderChoice]


class ChoiceTaken(TypedDict):
    id: str
    text: str


class ReaderPage(TypedDict):
    """The reader page's contract; `reader/page.js` has it for the browser, with its meaning."""

    sessionId: str
    childId: str
    theme: str
    language: str
    dir: str
    totalChapters: int
    chapters: list[ReaderChapter]
    openChapter: int | None
    openParagraph: int
    generationId: str | None
    choice: ChoiceTaken | None
    generationsUrl: str
    generationUrl: str
    eventsUrl: str
    stopUrl: str
    continueUrl: str
    discardUrl: str
    reportUrl: str
    previewUrl: str
    readingUrl: str
    pageStateUrl: str
    movedOnUrl: str
    narrationUrl: str | None
    storyUrl: str
    libraryUrl: str
    newStoryUrl: str
    isDyslexiaFriendly: bool


def _reader_page(
    session: ReadingSession, chapters: list[Chapter], generation: Generation | None
) -> ReaderPage:
    story = session.story
    open_chapter, open_paragraph = _opening(session, chapters, generation)
    return {
        "sessionId": str(session.pk),
        "childId": str(story.child_id),
        "theme": story.theme,
        "language": story.language,
        "dir": direction(story.language),
        "totalChapters": story.total_chapters,
        "chapters": _chapters(chapters),
        "openChapter": open_chapter,
        "openParagraph": open_paragraph,
        "generationId": str(generation.pk) if generation else None,
        "choice": _choice_of(generation),
        "generationsUrl": reverse("api:create_generation"),
        "generationUrl": _url_pattern("api:get_generation"),
        "eventsUrl": _url_pattern("api:get_events"),
        "stopUrl": _url_pattern("api:stop_generation"),
        "continueUrl": _url_pattern("api:continue_generation"),
        "discardUrl": _url_pattern("api:discard_generation"),
        "reportUrl": f"{_url_pattern('stories:report')}?from=reader",
        "previewUrl": _url_pattern("stories:preview"),
        "readingUrl": reverse("api:add_reading", args=[session.pk]),
        "pageStateUrl": reverse("api:get_page_state", args=[session.pk]),
        "movedOnUrl": moved_on_url(session),
        "narrationUrl": _narration_url(session),
        "storyUrl": reverse("stories:story", args=[story.pk]),
        "libraryUrl": reverse("stories:library", args=[story.child_id]),
        "newStoryUrl": reverse("stories:new", args=[story.child_id]),
        "isDyslexiaFriendly": story.child.is_dyslexia_friendly,
    }


def _narration_url(session: ReadingSession) -> str | None:
    """None where the device reads: also of words that nobody has approved yet."""
    if settings.SHOWS_UNCHECKED_WORDS or not narration.voice_for(session.story.language):
        return None
    return reverse("api:create_narration", args=[session.pk])


def _url_pattern(name: str) -> str:
    """A URL with "{id}" for its one argument: the page learns some ids only later."""
    return reverse(name, args=[uuid.UUID(int=0)]).replace(str(uuid.UUID(int=0)), "{id}")


def storyteller_status() -> llm.Status:
    return trials.with_trials(async_to_sync(llm.status)())


def _opening(
    session: ReadingSession, chapters: list[Chapter], generation: Generation | None
) -> tuple[int | None, int]:
    """The number of the chapter that the reader opens at, None for the one after the last, and the
    index of its paragraph: where the story was left. One that was read to the end is read from its
    beginning again."""
    if generation or session.chapter is None:
        return None, 0
    left_at = next((each for each in chapters if each.pk == session.place_chapter_id), None)
    if session.finished_at is None:
        is_here = left_at == session.chapter
        return session.chapter.number, session.place_paragraph if is_here else 0
    if left_at is None or left_at.is_ending:
        return 1, 0
    return left_at.number, session.place_paragraph


def _choice_of(generation: Generation | None) -> ChoiceTaken | None:
    if generation is None or generation.choice is None:
        return None
    return {"id": str(generation.choice.pk), "text": generation.choice.text}


def _chapters(chapters: list[Chapter]) -> list[ReaderChapter]:
    written = Generation.objects.filter(chapter__in=chapters).values_list("chapter", "pk")
    runs = {chapter: str(run) for chapter, run in written}
    offered: dict[uuid.UUID, list[ReaderChoice]] = {chapter.pk: [] for chapter in chapters}
    for choice in Choice.objects.filter(chapter__in=chapters, kind=Choice.Kind.OFFERED):
        offered[choice.chapter_id].append(
            {"id": str(choice.pk), "text": choice.text, "description": choice.description}
        )
    return [
        {
            "id": str(chapter.pk),
            "runId": runs.get(chapter.pk),
            "number": chapter.number,
            "isEnding": chapter.is_ending,
            "question": chapter.question,
            "choices": offered[chapter.pk],
        }
        for chapter in chapters
    ]
