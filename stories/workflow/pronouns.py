"""The check of the hero's pronoun: wrong where it can mean nobody but the hero."""

import re
from collections.abc import Collection, Sequence
from enum import Enum
from functools import cache
from itertools import takewhile

from children.profiles import Pronoun
from stories.reading import forms, is_everyday, keys, words
from stories.safety.sentences import split
from stories.vocabulary.grammar import name_table
from stories.vocabulary.languages import Language
from stories.workflow.asked import (
    MIN_SENTENCES_ALONE,
    Asked,
    bare,
    is_in_speech,
    last_sentences,
    outcome_words,
    without_speech,
)

_MARKS = '"\u201c\u201d\u00ab\u00bb\u2014'
# A hero who is named so often, and never by the right pronoun, but so often by the other.
_MIN_NAMED, _MIN_WRONG = 3, 4
_NEAR_SENTENCES = 2
# So many times the pronouns that may mean the moon.
_MIN_SHARE = 2
_NOUN_WITHIN_WORDS = 3


def has_wrong_pronoun(sentence: str, before: str, asked: Asked) -> bool:
    """True when a pronoun other than the hero's can mean nobody but the hero."""
    if not asked.hero or is_in_speech(before):
        return False
    told = without_speech(sentence)
    if any(pattern.search(told) for pattern in _of_hero(asked)):
        return True
    first = _first_wrong(told, asked)
    if first is None:
        return False
    if _is_another_throughout(sentence, before, asked):
        return True
    if _names_somebody(sentence, asked):
        return False
    is_named_before = _is_named_alone(f"{asked.before} {before}", asked)
    return is_named_before is not None and (is_named_before or asked.hero in first)


def _first_wrong(told: str, asked: Asked) -> list[str] | None:
    """The words before the first wrong pronoun; None where there is none."""
    said = words(told, asked.brief.language)
    for position, word in enumerate(said):
        before = said[position - 1].casefold() if position else ""
        if word.casefold() in asked.wrong_pronouns and before not in asked.words.before_things:
            return said[:position]
    return None


def _is_another_throughout(sentence: str, before: str, asked: Asked) -> bool:
    """True when the hero has the other pronoun all through the chapter, and nobody else may."""
    known, brief = asked.words, asked.brief
    is_she = brief.pronoun is Pronoun.SHE
    right, theirs = (known.she, known.men) if is_she else (known.he, known.women)
    if brief.pronoun not in {Pronoun.SHE, Pronoun.HE} or not theirs:
        return False
    told = split(f"{before} {sentence}", brief.language)
    text = _introduction(asked).sub(asked.hero, " ".join(map(without_speech, told)))
    said = [bare(word) for word in words(text, brief.language)]
    companions = {each.name for each in brief.companions if each.pronoun is not brief.pronoun}
    if said.count(asked.hero) < _MIN_NAMED or companions & set(said):
        return False
    folded = {word.casefold() for word in said}
    if right & folded or any(_is_listed(word, theirs, asked) for word in folded):
        return False
    return _count_of_hero(told, asked) >= _MIN_WRONG


def _count_of_hero(told: Sequence[str], asked: Asked) -> int:
    """The wrong pronouns that mean the hero; 0 where one means somebody else, or may too often.

    One means the hero where that is who was named last, with nobody else in the sentence before it,
    nor in the sentences near.
    """
    count = doubtful = 0
    alone = 0 if asked.before else _NEAR_SENTENCES
    last = _Last.NOBODY
    for each in told:
        sentence = without_speech(each)
        said = words(sentence, asked.brief.language)
        is_spoken = any(mark in each for mark in _MARKS)
        first = None if is_spoken else _first_wrong(sentence, asked)
        if first is not None:
            named = _last_named(" ".join(first), last, asked)
            if named is _Last.OTHER:
                return 0
            wrong = sum(word.casefold() in asked.wrong_pronouns for word in said)
            doubtful += wrong * (named is _Last.FACE)
            count += wrong * (named is _Last.HERO and alone >= _NEAR_SENTENCES)
        after = _last_named(sentence, last, asked)
        # The moon that "he" looks at is not who comes next.
        last = last if after is _Last.FACE and first is not None else after
        alone = 0 if _names_somebody(_without_faces(sentence, asked), asked) else alone + 1
    return count if count >= doubtful * _MIN_SHARE else 0


class _Last(Enum):
    """The one named last, who may be meant by a pronoun: several are nobody for sure."""

    HERO = "hero"
    OTHER = "other"
    FACE = "face"
    NOBODY = "nobody"


def _last_named(text: str, last: _Last, asked: Asked) -> _Last:
    """The one named last after a text, `last` being the one before it."""
    has_hero = asked.hero in words(text, asked.brief.language)
    if _names_somebody(_without_faces(text, asked), asked):
        return _Last.NOBODY if has_hero else _Last.OTHER
    if has_hero:
        return _Last.HERO
    return _Last.FACE if _names_somebody(text, asked) else last


def _without_faces(text: str, asked: Asked) -> str:
    said = words(text, asked.brief.language)
    faces = frozenset(key for word in asked.words.faces for key in keys(word, asked.row))
    return " ".join(word for word in said if not _is_listed(word.casefold(), faces, asked))


def _is_named_alone(before: str, asked: Asked) -> bool | None:
    """True when the hero is named before any wrong pronoun; None if somebody else may be meant."""
    said = last_sentences(before, MIN_SENTENCES_ALONE, asked)
    alone = [*takewhile(lambda each: not _names_somebody(each, asked), reversed(said))][::-1]
    if len(alone) < len(said):
        return None
    for sentence in alone:
        first = _first_wrong(sentence, asked)
        named = words(sentence, asked.brief.language) if first is None else first
        if asked.hero in named:
            return True
        if first is not None:
            return None
    return False


@cache
def _of_hero(asked: Asked) -> tuple[re.Pattern[str], ...]:
    """Patterns of what is wrong for the hero, whoever else is near."""
    hero = rf"(?<!\w){re.escape(asked.hero)}"
    wrong = f"(?:{'|'.join(sorted(asked.wrong_pronouns))})"
    of_oneself = asked.words.of_oneself if asked.wrong_pronouns else ()
    patterns = (*of_oneself, *asked.wrong_agreement)
    filled = {"hero": hero, "wrong": wrong, "opening": asked.words.opening}
    return tuple(re.compile(pattern.format(**filled)) for pattern in patterns)


def _names_somebody(sentence: str, asked: Asked) -> bool:
    """True when somebody beside the hero may be in the sentence, or talks in it."""
    if any(mark in sentence for mark in _MARKS):
        return True
    told = _introduction(asked).sub("", sentence)
    said = [bare(word) for word in words(told, asked.brief.language) if word != asked.hero]
    folded = [word.casefold() for word in said]
    known = asked.words
    others = [word for word in folded if word not in known.she | known.he]
    if any(_is_listed(word, _beings(asked.row), asked) for word in others):
        return True
    return any(_is_name(word, asked) for word in said if word != asked.hero) or any(
        _is_unknown_noun(folded[start + 1 :], asked)
        for start, word in enumerate(folded)
        if word in known.determiners
    )


@cache
def _introduction(asked: Asked) -> re.Pattern[str]:
    """The words that introduce the hero: nobody else is "a child called Robin"."""
    patterns = (each.format(hero=re.escape(asked.hero)) for each in asked.words.introducing)
    return re.compile("|".join(patterns) or r"(?!)")


def _is_name(word: str, asked: Asked) -> bool:
    """True for a word with a capital that is no ordinary one; some ordinary ones are names."""
    folded, known, names = word.casefold(), asked.words, name_table(asked.row)
    if not word[:1].isupper() or folded in {*known.she, *known.he, *names.functions}:
        return False
    if folded in names.words:
        return True
    return folded not in known.function_words and not is_everyday(folded, asked.row)


def _is_unknown_noun(following: Sequence[str], asked: Asked) -> bool:
    """True when the word after a determiner may be a being missing from our lists."""
    known = asked.words
    for word in following[:_NOUN_WITHIN_WORDS]:
        if word in known.function_words:
            return False
        if not (is_everyday(word, asked.row) or _is_listed(word, _things(asked.row), asked)):
            return True
    return False


def _is_listed(word: str, listed: Collection[str], asked: Asked) -> bool:
    return any(form in listed for form in forms(word, asked.row))


@cache
def _beings(row: Language) -> frozenset[str]:
    known = outcome_words(row)
    beings = known.beings | known.faces | known.men | known.women
    return frozenset(key for word in beings for key in keys(word, row))


@cache
def _things(row: Language) -> frozenset[str]:
    return frozenset(key for word in outcome_words(row).things for key in keys(word, row))
