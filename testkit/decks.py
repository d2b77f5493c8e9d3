"""Problems of authored cards, as a sentence each: `python -m testkit.decks en 6-8` lists a deck's,
and with `--words` the words of its chapters that the glossary explains.

What the decks' types do not say: slots, pronouns, lengths, what the gate lets pass.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator

from stories.plotting.decks import CastLines, Company, Deck, Finale, Friend, Plot, Scene, read_deck
from stories.plotting.draw import BY_GENDER, episode_text, friend_text, plot_text
from stories.plotting.wordings import both, plain, rich
from stories.safety.gate import Gate
from stories.safety.sentences import split
from stories.themes import THEMES
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import Language, codes, language_of
from testkit.word_cards import word_cards

_SLOT = re.compile(r"\{(\w*)\}")
_ANYWHERE = {"hero", "friend"}
_OF_ASK = {"hero", "friend"}
# Words of leads in one chapter, and of one sentence: what a chapter for the age needs at least and
# may have at most. Hebrew needs fewer.
_CHAPTER_WORDS = {AgeBand.YOUNG: (80, 170), AgeBand.MIDDLE: (140, 260), AgeBand.OLDER: (190, 360)}
_SENTENCE_WORDS = {AgeBand.YOUNG: 14, AgeBand.MIDDLE: 24, AgeBand.OLDER: 36}
_SHORTER = {"he": 0.75}
_MAX_TITLE, _MAX_ABOUT, _MAX_TEXT, _MAX_QUESTION = 60, 110, 70, 130
_GOING_ALONG = {1: {"sibling"}, 2: {"sibling", "other"}}
# As many as a story has chapters at most; of the others, so many that nobody tires of them.
_MIN_HELPS, _MIN_VARIANTS = 12, 3
# "Y" is "e" before some names, and nobody knows these.
_ES_AND = re.compile(r"(?i)\by \{(?:sibling|other)\}")
_EN_PRONOUN = re.compile(r"(?i)\{(?:hero|friend|sibling|other)\}[^.!?“”]*?\b(?:himself|herself)\b")


def deck_problems(language: Language, band: AgeBand) -> Iterator[str]:
    """The problems of one deck, each with the key of its card."""
    deck = read_deck(language, band)
    yield from _missing_cards(deck)
    gate, hero = Gate(language.code, band), language.stand_ins[0]
    for plot in deck.plots:
        yield from _named(plot.key, _plot_problems(plot, language, band))
        yield from _named(plot.key, _stopped(plot_text(plot, name=hero), gate, language))
    for episode in deck.episodes:
        yield from _named(episode.key, _scene_problems(episode, _ANYWHERE, language, band))
        yield from _named(episode.key, _stopped(episode_text(episode, name=hero), gate, language))
    for friend in deck.friends:
        yield from _named(friend.key, _friend_problems(friend))
        yield from _named(friend.key, _stopped(friend_text(friend, name=hero), gate, language))
    yield from _named("cast", cast_problems(deck.cast, language, band))
    shown = _SLOT.sub(hero, BY_GENDER.sub(r"\1", "\n".join(_cast_lines(deck.cast))))
    yield from _named("cast", _stopped(shown, gate, language))


def _named(key: str, problems: Iterator[str]) -> Iterator[str]:
    yield from (f"{key}: {problem}" for problem in problems)


def _missing_cards(deck: Deck) -> Iterator[str]:
    keys = [plot.key for plot in deck.plots]
    keys += [episode.key for episode in deck.episodes]
    keys += [friend.key for friend in deck.friends]
    yield from (f"{key} is there twice" for key, count in Counter(keys).items() if count > 1)
    tiles = {tile for plot in deck.plots for tile in plot.tiles}
    yield from (f"{tile} is no tile" for tile in tiles - {theme.key for theme in THEMES})
    if not any(not plot.tiles for plot in deck.plots):
        yield "there is no plot for a wish"


def _plot_problems(plot: Plot, language: Language, band: AgeBand) -> Iterator[str]:
    slots = _ANYWHERE | (set() if plot.tiles else {"wish"})
    yield from _scene_problems(plot.opening, slots | {"friend_full", "intro"}, language, band)
    for step in plot.steps:
        yield from _scene_problems(step, slots, language, band)
    yield from _scene_problems(plot.finale, slots | {"later"}, language, band)
    yield from _counted(plot.opening, {"friend_full": 1, "intro": 1})
    yield from _counted(plot.finale, {"later": 1})
    if not plot.tiles:
        yield from (
            f"“{scene.title}” says nothing of the wish"
            for scene in (plot.opening, plot.finale)
            if "{wish}" not in " ".join(scene.leads)
        )


def _counted(scene: Scene | Finale, slots: dict[str, int]) -> Iterator[str]:
    for worded in (plain, rich):
        found = Counter(_SLOT.findall(worded(" ".join(scene.leads))))
        yield from (
            f"“{scene.title}” has {{{slot}}} {found[slot]} times"
            for slot, wanted in slots.items()
            if found[slot] != wanted
        )


def _scene_problems(
    scene: Scene | Finale, slots: set[str], language: Language, band: AgeBand
) -> Iterator[str]:
    yield from _counted(scene, {"aside": 1})
    scale = _SHORTER.get(language.code, 1.0)
    least, most = (round(scale * bound) for bound in _CHAPTER_WORDS[band])
    for worded in (plain, rich):
        words = sum(len(worded(lead).split()) for lead in scene.leads)
        if not least <= words <= most:
            yield f"“{scene.title}” has {words} words, not {least} to {most}"
    choices = scene.choices if isinstance(scene, Scene) else ()
    told = [*scene.leads, *(choice.then for choice in choices)]
    unvaried = [scene.title, *(choice.later for choice in choices)]
    unvaried += [part for choice in choices for part in (choice.text, choice.about)]
    for text in (wording for lead in told for wording in both(lead)):
        yield from _text_problems(text, slots | {"aside"}, language, band)
    if unknown := set(_SLOT.findall(scene.summary)) - {*slots, "wish"}:
        yield f"{unknown} in the summary of “{scene.title}”"
    for text in unvaried:
        yield from _text_problems(text, slots & {*_ANYWHERE, "wish"}, language, band)
    for beat in scene.beats:
        if unknown := set(_SLOT.findall(beat.ask)) - _OF_ASK:
            yield f"{unknown} in “{beat.ask}”"
    bounds = [(scene.title, _MAX_TITLE)]
    if isinstance(scene, Scene):
        bounds.append((scene.question, _MAX_QUESTION))
        bounds += [(choice.text, _MAX_TEXT) for choice in choices]
        bounds += [(choice.about, _MAX_ABOUT) for choice in choices]
        if len({choice.about for choice in choices}) < len(choices):
            yield f"“{scene.title}”: two choices promise the same"
    yield from (f"“{text}” is longer than {limit}" for text, limit in bounds if len(text) > limit)


def _text_problems(text: str, slots: set[str], language: Language, band: AgeBand) -> Iterator[str]:
    bare = BY_GENDER.sub("", text)
    if unknown := set(_SLOT.findall(bare)) - slots:
        yield f"{unknown} may not stand in “{text}”"
    if re.search(r"[{}\[\]<>|_*#]", _SLOT.sub("", bare)):
        yield f"a bracket or another sign in “{text}”"
    if any(map(str.isdigit, text)):
        yield f"a digit in “{text}”"
    if language.code == "en" and _EN_PRONOUN.search(text):
        yield f"a pronoun of the hero's or the friend's: “{text}”"
    for sentence in split(_SLOT.sub("Robin", bare), language.code):
        if len(sentence.split()) > _SENTENCE_WORDS[band]:
            yield f"a long sentence: “{sentence.strip()}”"


def _friend_problems(friend: Friend) -> Iterator[str]:
    if friend.name not in friend.full:
        yield f"{friend.full} without {friend.name}"
    for text in (wording for line in (friend.intro, *friend.asides) for wording in both(line)):
        if re.search(r"[<>|]", BY_GENDER.sub("", text)):
            yield f"a sign in “{text}”"
        if unknown := set(_SLOT.findall(text)) - {"friend", "hero"}:
            yield f"{unknown} in “{text}”"
    if len(set(friend.asides)) < len(friend.asides):
        yield "an aside twice"


def _cast_lines(cast: CastLines) -> Iterator[str]:
    yield from cast.met_again
    for company in (cast.one, cast.two):
        yield from (*company.joins, *company.helps, *company.ends)


def cast_problems(cast: CastLines, language: Language, band: AgeBand) -> Iterator[str]:
    """The problems of the sentences for those who go along, and for a friend who is met again."""
    yield from _lines_problems(cast.met_again, _ANYWHERE, language, band)
    for count, company in enumerate((cast.one, cast.two), 1):
        yield from _company_problems(company, _GOING_ALONG[count], language, band)


def _company_problems(
    company: Company, names: set[str], language: Language, band: AgeBand
) -> Iterator[str]:
    if len(company.helps) < _MIN_HELPS:
        yield f"{len(company.helps)} sentences of help, not {_MIN_HELPS}"
    for lines in (company.joins, company.helps, company.ends):
        yield from _lines_problems(lines, _ANYWHERE | names, language, band)
        for text in lines:
            if missing := names - set(_SLOT.findall(text)):
                yield f"{missing} is missing in “{text}”"
            if BY_GENDER.search(text) and "{friend}" not in text:
                yield f"a form by the friend's gender without the friend: “{text}”"
            if language.code == "es" and _ES_AND.search(text):
                yield f"“y” before a name: “{text}”"


def _lines_problems(
    lines: tuple[str, ...], slots: set[str], language: Language, band: AgeBand
) -> Iterator[str]:
    if len(set(lines)) < max(_MIN_VARIANTS, len(lines)):
        yield f"too few different sentences: “{lines[0]}”"
    for text in lines:
        yield from _text_problems(text, slots, language, band)


def _stopped(text: str, gate: Gate, language: Language) -> Iterator[str]:
    """Lines that the gate would not let a child see."""
    for line in text.splitlines():
        for sentence in [line, *split(line, language.code)]:
            verdict = gate.check(sentence)
            if not verdict.approved:
                yield f"the gate stops “{sentence.strip()}” ({verdict.rule})"
                break


def main() -> None:
    read = argparse.ArgumentParser(description="Problems of a language's authored cards.")
    read.add_argument("language", choices=codes())
    read.add_argument(
        "bands", nargs="*", type=AgeBand, metavar="|".join(AgeBand), help="all of them by default"
    )
    read.add_argument("--words", action="store_true", help="also the words that are explained")
    asked = read.parse_args()
    language, bands = language_of(asked.language), asked.bands or tuple(AgeBand)
    if asked.words:
        for band in bands:
            sys.stdout.writelines(
                f"{line}\n" for line in word_cards(read_deck(language, band), language)
            )
    found = [f"{band}: {problem}" for band in bands for problem in deck_problems(language, band)]
    sys.stdout.write("\n".join([*found, f"{len(found)} problems"]) + "\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
