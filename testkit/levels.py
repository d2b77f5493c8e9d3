"""How often a story told by the decks has the level that was asked for, without a model:
`python -m testkit.levels` lists it by language, band and level.

For each of them a child gets twenty stories in a row, as the app draws them: two of each picture
tile in turn, with wishes between.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from children.profiles import ReadingLevel
from stories.plotting.decks import deck_of
from stories.plotting.draw import Drawing, StoryPlan, draw
from stories.plotting.telling import chapter_of
from stories.plotting.wordings import can_reach
from stories.reading import difficulty, level_of, target
from stories.themes import THEMES
from stories.vocabulary.brief import AgeBand, ChoiceTaken, PastChapter, StoryBrief
from stories.vocabulary.languages import codes, stand_ins

AGES: Mapping[AgeBand, int] = {AgeBand.YOUNG: 4, AgeBand.MIDDLE: 7, AgeBand.OLDER: 10}
STORIES, CHAPTERS = 20, 5


@dataclass(frozen=True, slots=True)
class Told:
    """A chapter's card, and the mean of words a sentence and level that were got."""

    card: str
    words: float
    got: ReadingLevel


def told(language: str, age: int, level: ReadingLevel) -> Iterator[Told]:
    """The chapters of a child's twenty stories."""
    deck, wanted = deck_of(language, AgeBand.for_age(age)), target(age, level, language)
    tiles, recent = ["", *(theme.key for theme in THEMES)], list[str]()
    for seed in range(STORIES):
        plan = draw(
            deck,
            Drawing(
                seed=seed,
                total_chapters=CHAPTERS,
                passes=lambda _: True,
                tile=tiles[seed % len(tiles)],
                recent=tuple(recent),
                suits=lambda leads: can_reach(leads, wanted, language),
            ),
        )
        recent = [plan.plot.key, plan.friend.key, *recent]
        yield from _story(plan, language, age, level)


def _story(plan: StoryPlan, language: str, age: int, level: ReadingLevel) -> Iterator[Told]:
    path: tuple[PastChapter, ...] = ()
    for number in range(1, CHAPTERS + 1):
        brief = StoryBrief(
            theme="…",
            age=age,
            language=language,
            reading_level=level,
            hero=stand_ins(language)[0],
            chapter_number=number,
            total_chapters=CHAPTERS,
            path=path,
        )
        chapter = chapter_of(plan, brief)
        text = "\n\n".join(beat.lead for beat in chapter.beats)
        found = difficulty(text, language)
        yield Told(chapter.card, found.words, level_of(found, age=age, language=language))
        if chapter.choices:
            choice = ChoiceTaken(text=chapter.choices[plan.seed % 3].text)
            past = PastChapter(number=number, title="", summary="", text=text, choice=choice)
            path = (*path, past)


def main() -> None:
    for language in sys.argv[1:] or codes():
        for band, age in AGES.items():
            for level in ReadingLevel:
                chapters = [*told(language, age, level)]
                hits = sum(chapter.got is level for chapter in chapters)
                mean = sum(chapter.words for chapter in chapters) / len(chapters)
                sys.stdout.write(
                    f"{language} {band:4} {level:12} {100 * hits / len(chapters):4.0f} % of "
                    f"{len(chapters)}, {mean:.1f} words a sentence\n"
                )


if __name__ == "__main__":
    main()
