"""The comparison of a chapter with its brief: one table of checks, all pure.

A check that is unsure finds nothing: an ordinary chapter must never be called faulty. What a check
needs to know of a language is that language's `outcome.toml`.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from stories.reading import is_everyday, words
from stories.safety.sentences import has_end, split
from stories.vocabulary.grammar import name_table
from stories.vocabulary.languages import Language, languages
from stories.workflow.asked import Asked, bare, last_sentences, outcome_words, without_speech
from stories.workflow.lengths import level_target, target_words
from stories.workflow.prompts.memory import choice_made
from stories.workflow.prompts.request import pronoun_note
from stories.workflow.pronouns import has_wrong_pronoun

NAME = "outcome"
"""The layer of what is kept for staff."""

_MIN_FOREIGN_WORDS = 5
_MIN_FOREIGN_SIGNS = 2
_MIN_FOREIGN_LETTERS = 12
_MIN_OWN_LETTERS_SHARE = 0.2
_MIN_NAME_LETTERS = 4
# The same sentence so many times in a row is no refrain; of longer rounds fewer are one too many.
_LOOP_ROUNDS = {1: 4, 2: 3, 3: 3, 4: 3}
_MIN_LOOP_WORDS = 4


class Kind(StrEnum):
    """Ways for a chapter to differ from its brief."""

    REFUSAL = "refusal"
    SHORT = "short"
    REPETITION = "repetition"
    LANGUAGE = "language"
    PRONOUN = "pronoun"
    NAME = "name"
    CHOICE = "choice"
    LONG = "long"


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence at odds with the brief, in stand-in form."""

    kind: Kind
    sentence: str


def refuses(sentence: str, asked: Asked) -> bool:
    """True when the model refuses to tell the story."""
    text = without_speech(sentence).replace("\u2019", "'").casefold().lstrip()
    return any(re.match(pattern, text) for pattern in asked.words.refusals)


def found_in(sentence: str, before: str, asked: Asked) -> Kind | None:
    """The first fault of a whole sentence after `before`, the chapter so far."""
    if not has_end(sentence):
        return None
    told = sentence.strip()
    rows = (row for row in _TABLE if row.check and row.check(told, before, asked))
    return next((row.kind for row in rows), None)


def note_on(kinds: Collection[str], asked: Asked) -> str:
    """The note for a model that goes on after faults of these kinds; "" without any."""
    told = {
        "hero": asked.hero,
        "language": asked.row.name or asked.brief.language,
        "pronoun": pronoun_note(asked.brief),
        "words": str(target_words(asked.brief)),
        "choice": choice_made(asked.brief.choice),
        "longest": str(level_target(asked.brief).longest),
    }
    return " ".join(row.note.format(**told) for row in _TABLE if row.kind in kinds)


def all_found_in(text: str, asked: Asked, *, least_words: int = 0) -> tuple[Found, ...]:
    """Whatever stays wrong in a finished chapter."""
    found, before = [], ""
    for sentence in split(text, asked.brief.language):
        if kind := found_in(sentence, before, asked):
            found.append(Found(kind, sentence))
        before = f"{before} {sentence}"
    if len(text.split()) < least_words:
        found.append(Found(Kind.SHORT, ""))
    return tuple(found)


# Repetition ---------------------------------------------------------------------------------------


def _goes_round(sentence: str, before: str, asked: Asked) -> bool:
    """True when the text has come to a loop; a refrain comes back, but not at once and for ever."""
    longest = max(size * rounds for size, rounds in _LOOP_ROUNDS.items())
    said = [*last_sentences(before, longest - 1, asked), sentence]
    folded = [" ".join(words(each, asked.brief.language)).casefold() for each in said]
    if len(folded[-1].split()) < _MIN_LOOP_WORDS:
        return False
    return any(_repeats(folded, size, rounds) for size, rounds in _LOOP_ROUNDS.items())


def _repeats(said: Sequence[str], size: int, rounds: int) -> bool:
    """True when the last sentences are `rounds` times the same so many."""
    end = said[-size * rounds :]
    return len(end) == size * rounds and end == list(said[-size:]) * rounds


# The language -------------------------------------------------------------------------------------


def _is_foreign(sentence: str, _before: str, asked: Asked) -> bool:
    """True when no word of a sentence is of the story's language, and several are of another's."""
    told = without_speech(sentence)
    if _is_of_other_script(told, asked.row):
        return True
    said = {word.casefold() for word in words(told, asked.brief.language)}
    if asked.row not in languages() or len(told.split()) < _MIN_FOREIGN_WORDS:
        return False
    return any(_is_of(other, said, asked.row) for other in languages() if other != asked.row)


def _is_of(other: Language, said: set[str], own: Language) -> bool:
    own_signs, other_signs = _telling_words(own, other)
    return not said & own_signs and len(said & other_signs) >= _MIN_FOREIGN_SIGNS


@cache
def _telling_words(own: Language, other: Language) -> tuple[frozenset[str], frozenset[str]]:
    """Words of one language that the other lacks, and the other way round."""
    everyday = frozenset(own.text("common.txt").casefold().split())
    own_words, theirs = outcome_words(own).function_words, outcome_words(other).function_words
    return (own_words | everyday) - theirs, theirs - own_words - everyday


def _is_of_other_script(told: str, row: Language) -> bool:
    letters = [letter for letter in told.casefold() if letter.isalpha()]
    own = sum(1 for letter in letters if _script(row).match(letter))
    return len(letters) >= _MIN_FOREIGN_LETTERS and own < _MIN_OWN_LETTERS_SHARE * len(letters)


@cache
def _script(row: Language) -> re.Pattern[str]:
    return re.compile(f"[{row.letters}]")


# The hero's name ----------------------------------------------------------------------------------


def _is_misspelt(sentence: str, _before: str, asked: Asked) -> bool:
    """True when a name is the hero's but for one letter, and nobody else's."""
    hero = asked.hero.casefold()
    if len(hero) < _MIN_NAME_LETTERS or not name_table(asked.row).has_capitals:
        return False
    said = [bare(word) for word in words(sentence, asked.brief.language)]
    if asked.hero in said:
        return False
    return any(_is_nearly(word, hero, asked) for word in said if word[:1].isupper())


def _is_nearly(word: str, hero: str, asked: Asked) -> bool:
    folded = word.casefold()
    if folded[0] != hero[0] or folded.rstrip("s") == hero or not _differs_by_one(folded, hero):
        return False
    stand_ins = {name.casefold() for name in (*asked.row.stand_ins, *asked.row.other_stand_ins)}
    others = stand_ins | frozenset(name_table(asked.row).words) | asked.known_words
    return folded not in others and not is_everyday(folded, asked.row)


def _differs_by_one(one: str, other: str) -> bool:
    """True when one letter is added, missing, another, or has changed places with the next."""
    pairs = enumerate(zip(one, other, strict=False))
    start = next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))
    rest, wanted = one[start:], other[start:]
    swapped = rest[1:2] + rest[:1] + rest[2:]
    ways = (rest[1:], wanted), (rest, wanted[1:]), (rest[1:], wanted[1:]), (swapped, wanted)
    return one != other and any(first == second for first, second in ways)


# The reading level --------------------------------------------------------------------------------


def _is_far_too_long(sentence: str, _before: str, asked: Asked) -> bool:
    """True for a sentence far over what a child of this age and level reads."""
    return len(words(sentence, asked.brief.language)) > level_target(asked.brief).far_over


_Check = Callable[[str, str, Asked], bool]


@dataclass(frozen=True, slots=True)
class _Row:
    """A kind of fault, what a model is told about it, and the check of a whole sentence.

    Refusals are looked for ahead of the gate, length when a turn ends, and what was chosen in the
    chapter's first words (`promises`).
    """

    kind: Kind
    note: str
    check: _Check | None = None


_TABLE = (
    _Row(
        Kind.REFUSAL,
        "It is a gentle story for a child, and nothing in it has to be refused. Write the story "
        "and nothing else; leave out what you would rather not tell.",
    ),
    _Row(
        Kind.SHORT,
        "The chapter is far too short so far: it is to have about {words} words. Tell at length "
        "what happens next.",
    ),
    _Row(
        Kind.REPETITION,
        "Repeat nothing that is already written: something new happens now.",
        _goes_round,
    ),
    _Row(Kind.LANGUAGE, "Write every sentence in {language}.", _is_foreign),
    _Row(Kind.NAME, "The hero's name is spelled {hero}, and never otherwise.", _is_misspelt),
    _Row(Kind.PRONOUN, "{pronoun}", has_wrong_pronoun),
    _Row(
        Kind.CHOICE,
        "What was chosen has not happened yet. It happens now, in the very next sentence. {choice}",
    ),
    _Row(Kind.LONG, "Write at most {longest} words a sentence.", _is_far_too_long),
)
