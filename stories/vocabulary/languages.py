"""The languages of stories, one row each, and the files of each row.

A language is a folder: `language.toml` is its row, the other files are what is too long for one.
The folders lie in `stories/languages`, and in another one where `search` was told of it. What a
module needs to know of a language, it asks the row; adding one changes no module.
"""

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .ages import AgeBand

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "stories" / "languages"
SOURCE_CODE = "en"
"""The language that the interface is written in, and whose words stand in for an unknown one's."""
ROW = "language.toml"
DATA_FILES = (
    "rules.toml",
    "rubric.toml",
    "prompts.toml",
    "glossary.toml",
    "common.txt",
    "names.toml",
    "decks/friends.toml",
    "decks/cast.toml",
    "decks/lines.toml",
    *(f"decks/{band}/{name}" for band in AgeBand for name in ("wish.toml", "episodes.toml")),
    "outcome.toml",
)
_CATALOGUES = "locale"

Writers = Literal["every", "capable", "multilingual"]
"""The models that write a language, from all of them to those that were made for many."""
_WRITERS: tuple[Writers, ...] = ("every", "capable", "multilingual")

_Words = Annotated[tuple[str, ...], BeforeValidator(lambda text: str(text).split())]


class BadLanguage(ValueError):
    """A folder of languages that cannot be read."""


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Labels(_Row):
    """Regular expressions for what a model writes at the start of a line that is no story:
    "Chapter 2", "Scene three", "Title:", "Narrator:", "User:"."""

    chapter: tuple[str, ...] = ()
    section: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    narrator: tuple[str, ...] = ()
    speaker: tuple[str, ...] = ()


class Preamble(_Row):
    """Regular expressions for how a model introduces a story: "Sure! Here is the story:", "Of
    course, I'll tell it."."""

    agreement: tuple[str, ...] = ()
    presenting: tuple[str, ...] = ()
    promising: tuple[str, ...] = ()
    story: tuple[str, ...] = ()


class Language(_Row):
    """One language. What has a default is what a language may do without.

    `code` is a primary BCP 47 tag, and `old_codes` are tags that stood for it once (in lower case).
    `script` is its ISO 15924 name, `letters` are the ranges of a regular expression's class.
    `joined_letters` are words of one letter that are written together with the next word. `voice`
    is the module of a voice in the box (`stories.narration`), where there is one.
    `stand_ins` are names that a hero goes by while a model writes, `other_stand_ins` other
    people's. `words_for_english` is how many words stand for one word of English,
    `outside_for_english` how many words outside `common.txt` for one outside the English list:
    `stories/reading/levels.py` needs both. `grade_words_per_minute` has a row for each of the
    grades 1 to 6, with the pace of a child who is a beginner, intermediate and advanced.
    """

    folder: Path
    code: str = Field(pattern=r"^[a-z]{2,3}$")
    old_codes: tuple[str, ...] = ()
    name: str
    own_name: str
    direction: Literal["ltr", "rtl"]
    voice: str = ""
    script: str = Field(pattern=r"^[A-Z][a-z]{3}$")
    letters: str
    joined_letters: str = ""
    written_by: Writers
    stand_ins: tuple[str, ...] = Field(min_length=1)
    other_stand_ins: tuple[str, ...] = Field(min_length=1)

    characters_per_token: float = Field(gt=0)

    readability: Literal["flesch-kincaid", "crawford", "rix"] = "rix"
    words_for_english: float = Field(default=1.0, gt=0)
    outside_for_english: float = Field(default=1.0, gt=0)
    long_word_letters: int = 7
    stemming: Literal["english", "spanish", "hebrew", "none"] = "none"
    rare_word_letters: int = 5
    adult_words_per_minute: float = Field(gt=0)
    grade_words_per_minute: tuple[tuple[float, float, float], ...] = ()

    sentence_ends: str = ""
    abbreviations: _Words = ()
    speech_verbs: _Words = ()
    dash_opens_speech: bool = True
    story_openings: tuple[str, ...] = ()

    labels: Labels = Labels()
    preamble: Preamble = Preamble()

    def __hash__(self) -> int:
        return hash(self.code)

    def text(self, name: str) -> str:
        """One of the language's data files."""
        return (self.folder / name).read_text("utf-8")

    def toml(self, name: str) -> dict[str, Any]:
        return tomllib.loads(self.text(name))


class _Table:
    """The rows that were found, by each of their codes."""

    def __init__(self, rows: Iterable[Language]) -> None:
        self.rows = tuple(rows)
        self.by_code = {row.code: row for row in self.rows}
        self.by_tag = {tag: row for row in self.rows for tag in (row.code, *row.old_codes)}


_folders = [FOLDER]


def search(folder: Path) -> None:
    """Take the languages of this folder, too: a folder each, and `locale` for their catalogues.

    Raises BadLanguage where one of them cannot be read, or is known already.
    """
    if not folder.is_dir():
        raise BadLanguage(f"{folder} is no folder of languages.")
    _read_all([*_folders, folder])
    _folders.append(folder)
    _table.cache_clear()


@cache
def _table() -> _Table:
    return _read_all(_folders)


def _read_all(searched: Iterable[Path]) -> _Table:
    rows = [_read(folder) for folder in _folders_in(searched) if (folder / ROW).is_file()]
    tags = [tag for row in rows for tag in (row.code, *row.old_codes)]
    if twice := {tag for tag in tags if tags.count(tag) > 1}:
        raise BadLanguage(f"More than one language goes by {', '.join(sorted(twice))}.")
    return _Table(rows)


def _read(folder: Path) -> Language:
    file = folder / ROW
    try:
        row = Language(folder=folder, **tomllib.loads(file.read_text("utf-8")))
    except ValueError as problem:
        raise BadLanguage(f"{file} is no row of a language: {problem}") from problem
    if row.code != folder.name:
        raise BadLanguage(f"{file} is about {row.code}, and its folder is {folder.name}.")
    return row


def folders() -> tuple[Path, ...]:
    """The folders of languages, also of those without a row yet."""
    return tuple(_folders_in(_folders))


def _folders_in(searched: Iterable[Path]) -> Iterator[Path]:
    for each in searched:
        for folder in sorted(each.iterdir()):
            if folder.is_dir() and folder.name != _CATALOGUES and folder.name[0] != ".":
                yield folder


def files(folder: Path) -> tuple[Path, ...]:
    """All that the language of this folder needs: its row, its data files, and its catalogue, as
    it is written and as it is compiled."""
    code, home = folder.name, folder.parent
    catalogues = (ROOT if home == FOLDER else home) / _CATALOGUES / code / "LC_MESSAGES"
    data = tuple(folder / name for name in (ROW, *DATA_FILES))
    if code == SOURCE_CODE:
        return data
    return (*data, catalogues / "django.po", catalogues / "django.mo")


def missing_files(folder: Path) -> tuple[Path, ...]:
    return tuple(file for file in files(folder) if not file.is_file())


def languages() -> tuple[Language, ...]:
    return _table().rows


def codes(written_by: Writers = "multilingual") -> tuple[str, ...]:
    """The languages of models of this ability; without one, all languages."""
    able = _WRITERS[: _WRITERS.index(written_by) + 1]
    return tuple(row.code for row in languages() if row.written_by in able)


def language_of(tag: str) -> Language:
    """The row of a BCP 47 tag, by today's code or an old one.

    For a language that has none, a row that says as little as can be said, with English words.
    """
    return _table().by_tag.get(_primary(tag)) or _unknown(_table().by_code[SOURCE_CODE])


def primary_language(tag: str) -> str:
    """The language of a BCP 47 tag without region or script: "en" for "en-GB", "he" for "iw"."""
    row = _table().by_tag.get(_primary(tag))
    return row.code if row else _primary(tag)


def current_tag(tag: str) -> str:
    """The tag with today's code in place of an old one: "he-IL" for "iw-IL"."""
    _, *rest = tag.split("-")
    return "-".join([primary_language(tag), *rest])


def stand_ins(tag: str) -> tuple[str, ...]:
    """Names for a hero: the language's own first, then all others'."""
    others = (name for row in languages() for name in row.stand_ins)
    return (*language_of(tag).stand_ins, *others)


def other_stand_ins(tag: str) -> tuple[str, ...]:
    """Names for other people than the hero, in the same order."""
    others = (name for row in languages() for name in row.other_stand_ins)
    return (*language_of(tag).other_stand_ins, *others)


def sentence_ends() -> str:
    """The marks that end a sentence in any of the languages."""
    return ".!?…" + "".join(row.sentence_ends for row in languages())


def joined_letters() -> str:
    """Letters joined to the beginning of a word in any of the languages."""
    return "".join(row.joined_letters for row in languages())


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


@cache
def _unknown(source: Language) -> Language:
    return Language(
        folder=source.folder,
        code="und",
        name="",
        own_name="",
        direction="ltr",
        script="Zyyy",
        letters=r"^\W\d_",
        written_by="multilingual",
        stand_ins=source.stand_ins,
        other_stand_ins=source.other_stand_ins,
        characters_per_token=1.0,
        adult_words_per_minute=source.adult_words_per_minute,
    )
