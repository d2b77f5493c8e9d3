"""`make craft`: the stories themselves, measured. Scripted children play whole stories on the
storyteller of the settings, and what came is counted without a judge.

The children, their seeds and their choices are fixed, so that two builds or two storytellers can be
compared. `benchmarks/craft/` has the stories as they came. A table that is worse than the kept one
of the same storyteller, beyond its noise, is an error and is not kept.
"""

import argparse
import asyncio
import math
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, median

import django

from children.profiles import Pronoun, ReadingLevel
from stories import llm
from stories.llm.faults import HOST_ERRORS
from stories.plotting.decks import deck_of
from stories.plotting.draw import Drawing, StoryPlan, draw
from stories.plotting.telling import chapter_of
from stories.plotting.wordings import can_reach
from stories.reading import target
from stories.reading.glossary import glossary_of
from stories.safety.gate import Gate
from stories.themes import find
from stories.vocabulary.brief import (
    AgeBand,
    ChoiceTaken,
    PastChapter,
    StoryBrief,
)
from stories.vocabulary.languages import language_of
from stories.vocabulary.memory import remembered
from stories.workflow.asked import Asked
from stories.workflow.echo import Echo, content_words
from stories.workflow.graph import write_chapter
from stories.workflow.lengths import MAX_LENGTH_SHARE, MIN_LENGTH_SHARE, target_words
from stories.workflow.outcome import Kind, all_found_in
from stories.workflow.promises import keeps_choice, uses_find
from stories.workflow.prompts.beats import SAMPLE
from stories.workflow.prompts.notes import EXAMPLE
from stories.workflow.prompts.system import examples
from stories.workflow.resources import ChapterResources, Timeouts
from stories.workflow.steps import (
    Approved,
    ChapterDraft,
    HeldBack,
    ModelUse,
    TextWhole,
)

from .report import conditions, load_average

RESULTS = Path(__file__).with_name("craft.md")
STORIES = Path(__file__).with_name("craft")


@dataclass(frozen=True)
class Reader:
    """A scripted child. `picks` are the choices taken, by index; a text is an own idea."""

    name: str
    age: int
    level: ReadingLevel
    pronoun: Pronoun
    tile: str = ""
    wish: str = ""
    chapters: int = 3
    picks: tuple[int | str, ...] = (0, 1, 2, 0, 1, 2)
    interests: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()

    @property
    def theme(self) -> str:
        tile = find(self.tile)
        return tile.idea_in("en") if tile else self.wish


_BEGINNER, _MIDDLE, _ADVANCED = ReadingLevel
READERS = (
    Reader("a4", 4, _BEGINNER, Pronoun.SHE, tile="dragon", avoid=("bears",)),
    Reader("b4", 4, _BEGINNER, Pronoun.THEY, wish="a duck who lost her red boot in a puddle"),
    Reader("c4", 4, _MIDDLE, Pronoun.OPEN, tile="snow", interests=("trains",), chapters=1),
    Reader("d6", 6, _BEGINNER, Pronoun.HE, tile="robot", picks=(2, "make it dance")),
    Reader("e6", 6, _MIDDLE, Pronoun.SHE, tile="dinosaur", chapters=5, avoid=("fire",)),
    Reader("f6", 6, _ADVANCED, Pronoun.OPEN, wish="a bicycle that was afraid of hills"),
    Reader("g9", 9, _MIDDLE, Pronoun.HE, tile="castle", interests=("football",)),
    Reader("h9", 9, _MIDDLE, Pronoun.THEY, tile="sea", picks=("ask the gulls for the way", 1)),
    Reader("i9", 9, _BEGINNER, Pronoun.SHE, wish="the football that would not come down"),
    Reader("j12", 12, _ADVANCED, Pronoun.OPEN, wish="a library where one book is always missing"),
    Reader("k12", 12, _ADVANCED, Pronoun.SHE, tile="space", chapters=5),
    Reader("l12", 12, _MIDDLE, Pronoun.HE, tile="forest", picks=(1, 2, 0)),
)


@dataclass
class Written:
    """One chapter as it came. Seconds count from its request."""

    brief: StoryBrief
    draft: ChapterDraft
    first_sentence_seconds: float
    text_seconds: float
    all_seconds: float
    calls: int
    held: int

    @property
    def text(self) -> str:
        return self.draft.text


@dataclass
class Told:
    """A whole story."""

    reader: Reader
    plan: StoryPlan
    chapters: list[Written] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n\n".join(chapter.text for chapter in self.chapters)


async def tell(reader: Reader, seed: int, models: llm.Models, recent: Sequence[str]) -> Told:
    """One child's story, chapter by chapter, as the app would have it written."""
    band = AgeBand.for_age(reader.age)
    gate = Gate("en", band, reader.avoid)
    wanted = target(reader.age, reader.level, "en")
    drawing = Drawing(
        seed=seed,
        total_chapters=reader.chapters,
        passes=lambda text: all(gate.check(line).approved for line in text.splitlines()),
        tile=reader.tile,
        interests=reader.interests,
        recent=tuple(recent),
        suits=lambda leads: can_reach(leads, wanted, "en"),
    )
    told = Told(reader, draw(deck_of("en", band), drawing))
    path: list[PastChapter] = []
    for number in range(1, reader.chapters + 1):
        brief = StoryBrief(
            theme=reader.theme,
            age=reader.age,
            reading_level=reader.level,
            interests=reader.interests,
            avoid=reader.avoid,
            hero="Robin",
            pronoun=reader.pronoun,
            chapter_number=number,
            total_chapters=reader.chapters,
            path=tuple(path),
            memory=remembered(chapter.draft.memory for chapter in told.chapters),
        )
        brief = brief.model_copy(update={"plan": chapter_of(told.plan, brief)})
        written = await _write(brief, models, gate)
        told.chapters.append(written)
        draft = written.draft
        path.append(
            PastChapter(
                number=number,
                title=draft.title,
                summary=draft.summary,
                text=draft.text,
                choice=_taken(reader, draft, number),
            )
        )
    return told


def _taken(reader: Reader, draft: ChapterDraft, number: int) -> ChoiceTaken | None:
    if not draft.choices:
        return None
    pick = reader.picks[(number - 1) % len(reader.picks)]
    if isinstance(pick, str):
        return ChoiceTaken(text=pick, is_own_idea=True)
    choice = draft.choices[pick % len(draft.choices)]
    return ChoiceTaken(text=choice.text, description=choice.description)


async def _write(brief: StoryBrief, models: llm.Models, gate: Gate) -> Written:
    resources = ChapterResources(
        models.profile, models.writer, models.editor, gate, HOST_ERRORS, Timeouts()
    )
    began_at = time.monotonic()
    first = whole = 0.0
    counts: Counter[type] = Counter()
    draft: ChapterDraft | None = None
    async for step in write_chapter(brief, resources):
        counts[type(step)] += 1
        seconds = time.monotonic() - began_at
        if isinstance(step, Approved):
            first = first or seconds
        elif isinstance(step, TextWhole):
            whole = seconds
        elif isinstance(step, ChapterDraft):
            draft = step
    if draft is None:
        raise AssertionError
    seconds = time.monotonic() - began_at
    return Written(brief, draft, first, whole, seconds, counts[ModelUse], counts[HeldBack])


def _share(hits: Iterable[bool]) -> str:
    found = [*hits]
    return f"{round(100 * sum(found) / len(found))} % of {len(found)}" if found else "-"


def _is_level_hit(chapter: Written) -> bool:
    return chapter.draft.measures.level == chapter.brief.reading_level


def _is_length_hit(chapter: Written) -> bool:
    share = chapter.draft.measures.word_count / target_words(chapter.brief)
    return MIN_LENGTH_SHARE <= share <= MAX_LENGTH_SHARE


def _honours_choice(chapter: Written) -> bool:
    """Words of the choice, or of its promise, stand among the chapter's first."""
    return keeps_choice(chapter.text, chapter.brief)


def _uses_find(story: Told) -> bool:
    return uses_find(story.chapters[-1].text, story.plan.plot.find, "en")


def _pronoun_slips(chapter: Written) -> int:
    """Sentences in which a pronoun that is not the hero's can mean nobody else."""
    found = all_found_in(chapter.text, Asked(chapter.brief))
    return sum(each.kind is Kind.PRONOUN for each in found)


def _is_quote_balanced(chapter: Written) -> bool:
    text = chapter.text
    return text.count("“") == text.count("”") and '""' not in text and text.count('"') % 2 == 0


def _echoes_a_sample(chapter: Written) -> bool:
    """A run of words from the prompts' samples."""
    samples = [EXAMPLE, *(part for turn in SAMPLE for part in turn)]
    samples += examples(language_of("en"))[chapter.brief.band]
    return Echo(samples).is_in(chapter.text)


def _says_again(chapter: Written) -> bool:
    """A whole sentence of an earlier chapter: a refrain, a mirrored beginning, or a fault."""
    told = " ".join(past.text for past in chapter.brief.path)
    return any(each in chapter.text for each in re.findall(r"[^.!?]{30,}[.!?]", told))


def _copies_example(chapter: Written) -> bool:
    example = EXAMPLE.casefold()
    return any(choice.text.casefold() in example for choice in chapter.draft.choices)


def _right_words(chapter: Written) -> list[bool]:
    known = glossary_of(language_of("en"))
    return [known.get(word.word) == word.meaning for word in chapter.draft.vocabulary]


def _sameness(texts: Sequence[str]) -> float:
    """The mean share of a text's content trigrams that stand in another one, too."""
    runs = [{*zip(*(content_words(text)[n:] for n in range(3)), strict=False)} for text in texts]
    shares = [
        len(own & set().union(*(other for other in runs if other is not own))) / (len(own) or 1)
        for own in runs
    ]
    return mean(shares) if len(shares) > 1 else 0.0


MEASURES: tuple[tuple[str, Callable[[list[Told], list[Written]], str]], ...] = (
    ("level asked is level got", lambda _, all_: _share(map(_is_level_hit, all_))),
    ("length within 0.6 to 1.4 of the target", lambda _, all_: _share(map(_is_length_hit, all_))),
    (
        "choice honoured in the first 80 words",
        lambda _, all_: _share(_honours_choice(one) for one in all_ if one.brief.choice),
    ),
    ("find used in the last chapter", lambda told, _: _share(map(_uses_find, told))),
    (
        "stories that end: no question, no choice behind the last chapter",
        lambda told, _: _share(not one.chapters[-1].draft.choices for one in told),
    ),
    ("choices that copy the example", lambda _, all_: _share(map(_copies_example, all_))),
    ("chapters that echo a sample", lambda _, all_: _share(map(_echoes_a_sample, all_))),
    (
        "chapters with a sentence of an earlier one, such as a refrain",
        lambda _, all_: _share(map(_says_again, all_)),
    ),
    ("pronoun slips", lambda _, all_: str(sum(map(_pronoun_slips, all_)))),
    ("quotation marks in pairs", lambda _, all_: _share(map(_is_quote_balanced, all_))),
    (
        "explained words with the glossary's meaning",
        lambda _, all_: _share(hit for one in all_ for hit in _right_words(one)),
    ),
    (
        "content trigrams that another chapter of the story has, too",
        lambda told, _: f"{mean(_sameness([c.text for c in one.chapters]) for one in told):.3f}",
    ),
    (
        "content trigrams that another story has, too",
        lambda told, _: f"{_sameness([one.text for one in told]):.3f}",
    ),
    ("held back a chapter", lambda _, all_: f"{mean(one.held for one in all_):.2f}"),
    ("model calls a chapter", lambda _, all_: f"{mean(one.calls for one in all_):.1f}"),
    (
        "seconds to the first sentence, median",
        lambda _, all_: f"{median(one.first_sentence_seconds for one in all_):.2f}",
    ),
    (
        "seconds from the last word to the choices, median",
        lambda _, all_: f"{median(one.all_seconds - one.text_seconds for one in all_):.2f}",
    ),
    (
        "seconds for a chapter, median",
        lambda _, all_: f"{median(one.all_seconds for one in all_):.1f}",
    ),
)


# Of these measures more is better, or less; the others depend on the machine, or are for the eye.
_MORE_IS_BETTER = {
    "level asked is level got",
    "length within 0.6 to 1.4 of the target",
    "choice honoured in the first 80 words",
    "find used in the last chapter",
    "stories that end: no question, no choice behind the last chapter",
    "quotation marks in pairs",
    "explained words with the glossary's meaning",
}
_LESS_IS_BETTER = {
    "choices that copy the example",
    "chapters that echo a sample",
    "pronoun slips",
    "content trigrams that another chapter of the story has, too",
    "content trigrams that another story has, too",
}
_ROW = re.compile(r"^\| (.+) \| (.+) \|$", re.MULTILINE)
_SHARE = re.compile(r"(\d+) % of (\d+)")
# Standard deviations of a share that chance may make between two runs, and for the rest a part of
# the kept figure and a bit.
_DEVIATIONS, _NOISE_PART, _NOISE_LEAST = 2.0, 0.5, 0.01


def worse(kept: str, found: str) -> list[str]:
    """The rows of a table that are worse than the kept one's, beyond its noise. Only a storyteller
    is compared with itself."""
    before, now = dict(_ROW.findall(kept)), dict(_ROW.findall(found))
    if before.get("measure") != now.get("measure"):
        return []
    return [
        f"{title}: {now[title]}, kept is {before[title]}"
        for title in sorted(_MORE_IS_BETTER | _LESS_IS_BETTER)
        if title in before and title in now and _is_worse(title, before[title], now[title])
    ]


def _is_worse(title: str, kept: str, found: str) -> bool:
    if not {kept, found}.isdisjoint({"-"}):
        return False
    (old, noise), (new, _) = _figure(kept), _figure(found)
    loss = old - new if title in _MORE_IS_BETTER else new - old
    return loss > noise


def _figure(cell: str) -> tuple[float, float]:
    """A cell's number, and its noise."""
    if share := _SHARE.fullmatch(cell):
        percent, count = map(int, share.groups())
        # One of the count either way, also where the share is all or none.
        part = (percent / 100 * count + 1) / (count + 2)
        return percent, 100 * _DEVIATIONS * math.sqrt(2 * part * (1 - part) / count)
    return float(cell), _NOISE_PART * float(cell) + _NOISE_LEAST


def table(told: list[Told], name: str) -> str:
    chapters = [chapter for story in told for chapter in story.chapters]
    rows = [f"| {title} | {measured(told, chapters)} |" for title, measured in MEASURES]
    return "\n".join([f"| measure | {name} |", "|---|---|", *rows])


def printed(story: Told) -> str:
    reader = story.reader
    about = f"Age {reader.age}, {reader.level.value}, {reader.theme!r}; plot {story.plan.plot.key}."
    parts = [f"# {story.chapters[0].draft.story_title or story.plan.plot.title}", about]
    for number, chapter in enumerate(story.chapters, 1):
        draft = chapter.draft
        parts += [f"## {number}. {draft.title}", draft.text]
        if draft.choices:
            parts += [f"**{draft.question}**", "\n".join(f"- {c.text}" for c in draft.choices)]
            taken = _taken(reader, draft, number)
            parts.append(f"→ {taken.text if taken else 'goes on'}")
    return "\n\n".join(parts) + "\n"


async def play(readers: Sequence[Reader]) -> tuple[str, list[Told]]:
    models = await llm.open_models()
    told: list[Told] = []
    for seed, reader in enumerate(readers, 1):
        sys.stderr.write(f"{reader.name} …\n")
        recent = [key for story in told for key in (story.plan.plot.key, story.plan.friend.key)]
        told.append(await tell(reader, seed, models, recent))
    return models.name, told


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.craft", description=__doc__)
    parser.add_argument("--stories", type=int, default=len(READERS), help="how many of the twelve")
    parser.add_argument("--keep", action="store_true", help="write craft.md and the stories")
    options = parser.parse_args()
    django.setup()
    began_at, load_before = datetime.now(UTC), load_average()
    name, told = asyncio.run(play(READERS[: options.stories]))
    whole = "\n\n".join(["# Craft", conditions(began_at, load_before), table(told, name)])
    sys.stdout.write(whole + "\n")
    kept = RESULTS.read_text() if RESULTS.is_file() else ""
    if lost := worse(kept, whole):
        sys.exit("\n".join(["worse than the kept table, which stays:", *lost]))
    if options.keep:
        RESULTS.write_text(whole + "\n")
        STORIES.mkdir(exist_ok=True)
        for story in told:
            (STORIES / f"{story.reader.name}.md").write_text(printed(story))


if __name__ == "__main__":
    main()
