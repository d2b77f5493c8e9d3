"""A story as its page shows it: the path that was taken, then the others, with every finding."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from children.profiles import ReadingLevel
from stories.generations import pseudonym_of
from stories.models import (
    Chapter,
    Choice,
    Decision,
    Generation,
    ReadingSession,
    SafetyFinding,
    Story,
)
from stories.reading import Measures, measure
from stories.tree import Tree
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.pseudonym import Pseudonym

from .display import duration, language_name
from .held import Held, held_of
from .marked import MarkedParagraph, marked


@dataclass(frozen=True)
class Option:
    """A choice, whether the child took it, and the chapter it led to."""

    choice: Choice
    is_taken: bool
    chapter: Chapter | None


@dataclass(frozen=True)
class Run:
    generation: Generation
    all_held: list[Held]


@dataclass(frozen=True)
class Part:
    """A chapter on the page. `after` is the choice that led to it."""

    chapter: Chapter
    after: Choice | None
    options: list[Option]
    run: Run | None
    is_being_read: bool
    paragraphs: list[MarkedParagraph]
    measures: Measures


@dataclass(frozen=True)
class StoryPage:
    """`path` is what the child read; `others` are chapters that hang on choices not on it."""

    story: Story
    session: ReadingSession | None
    band: AgeBand
    language_name: str
    path: list[Part]
    others: list[Part]
    runs: list[Run]

    @property
    def reading_time(self) -> str:
        return duration(self.session.seconds_read if self.session else 0)

    @property
    def unfinished_runs(self) -> list[Run]:
        return [run for run in self.runs if run.generation.chapter_id is None]


def story_page(story: Story) -> StoryPage:
    """Reads a story with all that belongs to it, in a fixed number of queries."""
    session = getattr(story, "session", None)
    name = pseudonym_of(story)
    runs = _runs(story, name)
    parts = _parts(story, session, runs, name)
    on_path = _path_ids(parts, session)
    return StoryPage(
        story=story,
        session=session,
        band=AgeBand.for_age(story.child.age),
        language_name=language_name(story.language),
        path=[part for part in parts if part.chapter.pk in on_path],
        others=[part for part in parts if part.chapter.pk not in on_path],
        runs=runs,
    )


def _runs(story: Story, name: Pseudonym) -> list[Run]:
    findings = defaultdict(list)
    for finding in SafetyFinding.objects.filter(generation__story=story).order_by("pk"):
        findings[finding.generation_id].append(finding)
    generations = (
        Generation.with_hidden.filter(story=story)
        .select_related("choice", "chapter")
        .defer("brief", "error_detail")
        .order_by("created_at")
    )
    return [
        Run(run, [held_of(finding, run, name) for finding in findings[run.pk]])
        for run in generations
    ]


def _parts(
    story: Story, session: ReadingSession | None, runs: Iterable[Run], name: Pseudonym
) -> list[Part]:
    chapters = list(Chapter.with_hidden.filter(story=story).order_by("number", "created_at"))
    choices = list(Choice.objects.filter(chapter__story=story))
    taken = set(Decision.objects.filter(session=session).values_list("choice", flat=True))
    choice_by_id = {choice.pk: choice for choice in choices}
    # Of a position that was written twice, the readable chapter comes last and so counts.
    by_position = sorted(chapters, key=lambda chapter: chapter.withdrawn_at is None)
    tree = Tree(by_position)
    run_of = {run.generation.chapter_id: run for run in runs}
    options = defaultdict(list)
    for choice in choices:
        option = Option(choice, choice.pk in taken, tree.led_to(choice))
        options[choice.chapter_id].append(option)
    return [
        Part(
            chapter=chapter,
            after=choice_by_id[chapter.choice_id] if chapter.choice_id else None,
            options=options[chapter.pk],
            run=run_of.get(chapter.pk),
            is_being_read=session is not None and session.chapter_id == chapter.pk,
            paragraphs=marked(
                chapter.text, chapter.source, _all_held(run_of.get(chapter.pk)), name
            ),
            measures=measure(
                chapter.source,
                language=story.language,
                age=story.child.age,
                level=ReadingLevel(story.reading_level),
            ),
        )
        for chapter in chapters
    ]


def _all_held(run: Run | None) -> list[Held]:
    return run.all_held if run else []


def _path_ids(parts: Iterable[Part], session: ReadingSession | None) -> set[UUID]:
    """The chapter being read and its ancestors; without one, the story's first chapter."""
    chapters = [part.chapter for part in parts]
    roots = [chapter for chapter in chapters if chapter.parent_id is None]
    first = max(roots, key=lambda chapter: chapter.withdrawn_at is None).pk if roots else None
    key = session.chapter_id if session and session.chapter_id else first
    return {chapter.pk for chapter in Tree(chapters).path_to(key)}
