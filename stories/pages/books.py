"""A story as a book: its content in the story's own language, the same in each format."""

import datetime as dt
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.utils import translation
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import gettext as _

from stories.models import Choice, Story
from stories.pages.library import Page
from stories.presentation import cover, direction, name
from stories.vocabulary.languages import primary_language

# XML 1.0 cannot hold these, not even as character references, and no page shows them.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class BookChapter:
    """`question` and `taken` are "" where nothing was chosen, `end` but for the last words."""

    number: int
    label: str
    title: str
    paragraphs: tuple[str, ...]
    question: str
    taken: str
    end: str


@dataclass(frozen=True, slots=True)
class Book:
    """`hero` and `note` are whole lines, `picture` is an SVG, `words` are words with meanings.

    `is_roomy` is for a child who reads more easily with plain letters and room around them.
    """

    id: uuid.UUID
    title: str
    language: str
    direction: str
    hero: str
    date: str
    note: str
    picture: str
    is_roomy: bool
    chapters: tuple[BookChapter, ...]
    words_title: str
    words: tuple[tuple[str, str], ...]
    modified: dt.datetime

    @property
    def stamp(self) -> str:
        """`modified` in ISO 8601, to the second, in UTC."""
        return f"{self.modified:%Y-%m-%dT%H:%M:%SZ}"

    def file_name(self, ending: str) -> str:
        return f"{slugify(self.title, allow_unicode=True) or 'story'}{ending}"


def book_of(story: Story, pages: Sequence[Page]) -> Book:
    """The chapters of a path through a story, at least one; the same pages make the same book."""
    with translation.override(primary_language(story.language)):
        return Book(
            id=story.pk,
            title=_clean(name(story)),
            language=story.language,
            direction=direction(story.language),
            hero=_clean(_("A story with %(name)s") % {"name": story.child.name}),
            date=date_format(story.created_at, "DATE_FORMAT"),
            note=_note(),
            picture=_picture(story),
            is_roomy=story.child.is_dyslexia_friendly,
            chapters=tuple(_chapter(page, story.child.name) for page in pages),
            words_title=_("Words in this story"),
            words=_words(pages),
            modified=max(page.chapter.created_at for page in pages).astimezone(dt.UTC),
        )


def _chapter(page: Page, child: str) -> BookChapter:
    chapter = page.chapter
    has_chosen = page.taken is not None and page.taken.kind != Choice.Kind.CONTINUE
    is_end = page.taken is None and chapter.is_ending
    return BookChapter(
        number=chapter.number,
        label=_("Chapter %(number)s") % {"number": chapter.number},
        title=_clean(chapter.title),
        paragraphs=tuple(_clean(paragraph) for paragraph in chapter.paragraphs),
        question=_clean(chapter.question) if has_chosen else "",
        taken=_taken(page.taken, child) if page.taken and has_chosen else "",
        end=_("The end") if is_end else "",
    )


def _taken(choice: Choice, child: str) -> str:
    parts = [_("You chose:"), choice.text]
    if choice.kind == Choice.Kind.OWN_IDEA:
        own_idea = _("%(name)s's own idea") % {"name": child}
        parts.append(f"({own_idea})")
    return _clean(" ".join(parts))


def _words(pages: Sequence[Page]) -> tuple[tuple[str, str], ...]:
    """The chapters' word cards, each word once, in the order in which they come."""
    meanings: dict[str, str] = {}
    for page in pages:
        for card in page.chapter.vocabulary:
            meanings.setdefault(_clean(card["word"]), _clean(card["meaning"]))
    return tuple(meanings.items())


def _note() -> str:
    if settings.SHOWS_UNCHECKED_WORDS:
        return _("Written by a computer storyteller, and checked before it was kept.")
    return _("Written by a computer storyteller, and checked before you saw it.")


def _picture(story: Story) -> str:
    path = finders.find(cover(story).picture)
    if path is None:
        raise FileNotFoundError(cover(story).picture)
    return Path(path).read_text("utf-8")


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
