"""Stories that the program tells, for models that can only add a sentence here and there.

Each beat is a sentence of ours; `{wish}` and `{choice}` are what the family typed, in quotation
marks, so that any words fit.
"""

import re
import zlib
from functools import cache

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, Field

from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.languages import Language, language_of
from stories.workflow.prompts.quoting import quoted
from stories.workflow.prompts.request import avoid_note
from stories.workflow.prompts.system import hero_of, language_name


class Spine(BaseModel):
    """One chapter: a sentence for each paragraph, and what may be chosen after the last one, as
    pairs of text and description."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    beats: tuple[str, ...] = Field(min_length=1)
    choices: tuple[tuple[str, str], ...] = ()


class Spines(BaseModel):
    """A language's chapters, by their place in a story."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opening: tuple[Spine, ...] = Field(min_length=1)
    middle: tuple[Spine, ...] = Field(min_length=1)
    ending: tuple[Spine, ...] = Field(min_length=1)


TAKING_TURNS = (
    "You and I tell a story to a small child, sentence by sentence. After each of my sentences you "
    "add one short, happy sentence about the same thing. Write in {language}."
)
_SAMPLE = (
    ("A little rabbit called Momo found a red hat in the grass.", "The hat was soft and warm."),
    ("Momo put it on and hopped to the pond.", "The ducks quacked and clapped their wings."),
)


def taking_turns(brief: StoryBrief) -> list[BaseMessage]:
    """How a conversation about a spine begins."""
    task = TAKING_TURNS.format(language=language_name(brief.language))
    system = SystemMessage(f"{task} {avoid_note(brief.concerns)}".strip())
    sample = [m for ours, added in _SAMPLE for m in (HumanMessage(ours), AIMessage(added))]
    return [system, *sample]


# What a small model says about its task instead of telling the story.
_TALK = re.compile(
    r"(?i)\b(i|i'm|i'll|i've|my|we|you|your|sentences?|story|stories|write|writing|shorter|example"
    r"|child|children|reader|add(?:ed)?)\b"
)
_MAX_ADDED_WORDS = 16


def belongs(sentence: str, before: str) -> bool:
    """True when a sentence that a small model added goes with what was told before it."""
    told = re.sub(r"\"[^\"]*\"|\u201c[^\u201d]*\u201d", "", sentence)
    words = set(_long_words(told))
    paragraph = before.rsplit("\n\n", 1)[-1]
    return (
        len(sentence.split()) <= _MAX_ADDED_WORDS
        and not _TALK.search(told)
        and bool(words & set(_long_words(paragraph)))
        and not words <= set(_long_words(before))
    )


def _long_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3]


def spine(brief: StoryBrief) -> list[str]:
    """The program's own sentences, one for each paragraph of the chapter."""
    words = {"hero": hero_of(brief), "wish": _plain(brief.theme), "choice": _choice(brief)}
    lines = _spine(brief).beats
    return [line.format(**words) for line in lines if "{choice}" not in line or brief.choice]


def spine_choices(brief: StoryBrief) -> tuple[tuple[str, str], ...]:
    """Choices after the chapter's spine: pairs of text and description."""
    return _spine(brief).choices


@cache
def spines_of(language: Language) -> Spines:
    return Spines.model_validate(language.toml("spines.toml"))


def _spine(brief: StoryBrief) -> Spine:
    """One of those for the chapter's place in the story, chosen by what the story is about."""
    spines = spines_of(language_of(brief.language))
    seed = zlib.crc32(f"{brief.theme}{brief.chapter_number}".encode())
    if not brief.path:
        options = spines.opening
    else:
        options = spines.ending if brief.is_ending else spines.middle
    return options[seed % len(options)]


def _choice(brief: StoryBrief) -> str:
    return _plain(brief.choice.text) if brief.choice else ""


def _plain(text: str) -> str:
    """Typed text as it may stand in a story: one line, without signs of ours or of its own."""
    return quoted("x", text, 120)[3:-4].replace('"', "'").rstrip(" .!?…")
