"""What the reader shows without JavaScript, behind the chapters: the run that leads on as far as it
is, or the ways to go on."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from stories import eventlog, generations
from stories.controls import switches
from stories.controls.switches import Feature
from stories.messages import MESSAGES, message_of
from stories.models import Chapter, Choice, Generation, ReadingSession


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why what was sent from the page was not done, and the idea that was typed."""

    words: str
    idea: str = ""


@dataclass(frozen=True, kw_only=True)
class PlainReader:
    """`run` leads on from `here`, the last chapter, which is None before the first. `words` say how
    far it is, and `paragraphs` are as much of its text as may be shown."""

    here: Chapter | None
    run: Generation | None
    words: str
    paragraphs: list[str]
    choices: list[Choice]
    has_own_ideas: bool
    refusal: Refusal | None

    @property
    def title(self) -> str:
        return generations.planned_title(self.run) if self.run and self.paragraphs else ""

    @property
    def is_under_way(self) -> bool:
        """True while the page has to be asked for again to show more."""
        return self.run is not None and (self.run.is_active or self.waiting is not None)

    @property
    def is_writing(self) -> bool:
        return self.run is not None and self.run.is_active and not _is_withdrawn(self.run)

    @property
    def waiting(self) -> Chapter | None:
        """The chapter that waits for a parent's look."""
        chapter = self.run.chapter if self.run else None
        return chapter if chapter and chapter.withdrawn_at is None else None

    @property
    def is_over(self) -> bool:
        """True for a run that ended without a chapter; it is carried on, or discarded."""
        return self.run is not None and not self.is_under_way and not _is_withdrawn(self.run)

    @property
    def may_carry_on(self) -> bool:
        return self.is_over and self.run is not None and generations.may_carry_on(self.run)

    @property
    def is_told_anew(self) -> bool:
        """True where staff withdrew the beginning, which leaves nothing to choose from."""
        return self.run is not None and _is_withdrawn(self.run) and self.here is None

    @property
    def has_ways(self) -> bool:
        """True where the child can choose what happens next."""
        is_free = self.run is None or _is_withdrawn(self.run)
        return is_free and self.here is not None and not self.here.is_ending


def plain_reader(
    session: ReadingSession, run: Generation | None, refusal: Refusal | None = None
) -> PlainReader:
    here = session.chapter
    return PlainReader(
        here=here,
        run=run,
        words=_words(run) if run else "",
        paragraphs=_paragraphs(run) if run else [],
        choices=list(here.choices.filter(kind=Choice.Kind.OFFERED)) if here else [],
        has_own_ideas=Feature.OWN_IDEAS not in switches.turned_off(),
        refusal=refusal,
    )


def _is_withdrawn(run: Generation) -> bool:
    return run.withdrawn_at is not None


def _words(run: Generation) -> str:
    if _is_withdrawn(run):
        return message_of("withdrawn") if run.choice else _anew()
    if run.chapter is not None:
        return _(
            "Your story is written. When a grown-up has looked at it, it opens here by itself."
        )
    if not run.is_active:
        code = run.error_code
        return message_of(code if code in MESSAGES else "WORKFLOW_ERROR")
    if run.awaits_preview:
        return _("Your story is being written. A grown-up looks at it first.")
    return _("Your story is being written. More of it appears here every few seconds.")


def _anew() -> str:
    return _(
        "The beginning of this story was taken back by the people who look after the stories. "
        "Let's tell it anew."
    )


def _paragraphs(run: Generation) -> list[str]:
    if _is_withdrawn(run) or run.awaits_preview:
        return []
    text = eventlog.shown_text(eventlog.log_after(run.pk, 0))
    return [paragraph for paragraph in text.split("\n\n") if paragraph.strip()]
