"""A chapter's brief, as far as its text can be compared with it, and what a language's
`outcome.toml` knows for that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from children.profiles import Pronoun
from stories.reading import words
from stories.safety.sentences import split
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.languages import Language, language_of, languages

MIN_SENTENCES_ALONE = 6
"""Sentences in which nobody but the hero is named, before a pronoun can mean nobody else."""
_QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|\u201c[^\u201d]*(?:\u201d|$)|\u00ab[^\u00bb]*(?:\u00bb|$)")
_OPENING, _CLOSING = "\u201c\u00ab", "\u201d\u00bb"
_MAX_SENTENCE_CHARACTERS = 400

_Words = Annotated[frozenset[str], BeforeValidator(lambda text: str(text).split())]


class AdditionWords(BaseModel):
    """Regular expressions, in lower case: for whole words by which a model talks about its task
    (`talk`), for words at the start by which a story moves on, which is the plan's to say
    (`moves_on`), for words that say nothing (`vague`), and for whole sentences that only say of a
    thing what it is like (`hollow`): a small model's guess, which often belies the plan."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    talk: tuple[str, ...] = ()
    moves_on: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    hollow: tuple[str, ...] = ()


class ThoughtWords(BaseModel):
    """Regular expressions, in lower case, for a model's thoughts at the beginning of an answer:
    talk about its task (`talk`, in which `{lead}` stands for the words before it), for what is a
    plan only among such talk (`plans`), and for whole sentences that say nothing yet (`pauses`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    talk: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    lead: str = ""


class OutcomeWords(BaseModel):
    """A language's `outcome.toml`.

    `refusals` are regular expressions for the beginning of a sentence; `function_words` are such as
    nearly every sentence has.

    A wrong pronoun is told in as many of these ways as the language allows. `of_oneself` are
    regular expressions in which `{wrong}`, one of the pronouns `she` or `he`, means the `{hero}`
    whoever else is near. Where nobody else is near, any of these pronouns does: by the
    `determiners` that nouns follow, everyday words for `beings` whom a pronoun may mean, and for
    `things` beside those of `common.txt`, and by further beings: `men`, `women`, and `faces`, who
    are somebody in some tales alone; after one of the words `before_things` it may mean a thing,
    and words of the regular expressions `introducing` mean the hero. By the same words a pronoun is
    told that is wrong all through the chapter. And `of_her` and `of_him` are regular expressions
    for sentences whose words agree with the `{hero}`, `{opening}` being a sentence's beginning up
    to the name: wrong for a hero who is the other, and for nobody else, since a language of such
    words may have none that leave it open.
    `additions` are what tells a small model's additions that are not fit, and `thoughts` what a
    model says to itself before its story.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    refusals: tuple[str, ...]
    function_words: _Words
    she: _Words = frozenset()
    he: _Words = frozenset()
    of_oneself: tuple[str, ...] = ()
    opening: str = ""
    of_her: tuple[str, ...] = ()
    of_him: tuple[str, ...] = ()
    before_things: _Words = frozenset()
    determiners: _Words = frozenset()
    beings: _Words = frozenset()
    faces: _Words = frozenset()
    men: _Words = frozenset()
    women: _Words = frozenset()
    things: _Words = frozenset()
    introducing: tuple[str, ...] = ()
    additions: AdditionWords = AdditionWords()
    thoughts: ThoughtWords = ThoughtWords()


@cache
def outcome_words(row: Language) -> OutcomeWords:
    """The words of a language's `outcome.toml`; raises ValueError for a malformed file. An unknown
    language has no words."""
    is_known = row in languages()
    empty = {"refusals": (), "function_words": ""}
    return OutcomeWords.model_validate(row.toml("outcome.toml") if is_known else empty)


@dataclass(frozen=True)
class Asked:
    """The part of a chapter's brief that its text can be compared with."""

    brief: StoryBrief

    @cached_property
    def row(self) -> Language:
        return language_of(self.brief.language)

    @cached_property
    def words(self) -> OutcomeWords:
        return outcome_words(self.row)

    @property
    def hero(self) -> str:
        return self.brief.hero

    @cached_property
    def before(self) -> str:
        """The end of the chapter before this one, with people who may be meant here."""
        if not self.brief.path:
            return ""
        return " ".join(split(self.brief.path[-1].text, self.brief.language)[-MIN_SENTENCES_ALONE:])

    @cached_property
    def wrong_pronouns(self) -> frozenset[str]:
        """The third-person pronouns that are not the hero's."""
        wrong = {
            Pronoun.SHE: self.words.he,
            Pronoun.HE: self.words.she,
            Pronoun.THEY: self.words.he | self.words.she,
            Pronoun.OPEN: self.words.he | self.words.she,
        }
        return wrong[self.brief.pronoun]

    @cached_property
    def wrong_agreement(self) -> tuple[str, ...]:
        """Patterns of sentences in which words agree with another hero."""
        words = self.words
        wrong = {Pronoun.SHE: words.of_him, Pronoun.HE: words.of_her}
        return wrong.get(self.brief.pronoun, ())

    @cached_property
    def known_words(self) -> frozenset[str]:
        """The family's own words, never taken for misspelt names."""
        brief = self.brief
        choices = [past.choice.text for past in brief.path if past.choice]
        told = [brief.theme, brief.title, *brief.interests, *choices]
        return _folded([*told, *(past.text for past in brief.path)], self.brief.language)


def without_speech(sentence: str) -> str:
    """The sentence without its quoted speech."""
    told = _QUOTED.sub(" ", sentence)
    for mark in _CLOSING:
        told = told.rpartition(mark)[2]
    return told


def is_in_speech(before: str) -> bool:
    paragraph = before.rpartition("\n\n")[2]
    marks = [sum(map(paragraph.count, each)) for each in (_OPENING, _CLOSING)]
    return paragraph.count('"') % 2 == 1 or marks[0] > marks[1]


def last_sentences(text: str, count: int, asked: Asked) -> list[str]:
    # As many characters as so many sentences have, so that a long chapter costs no more.
    return split(text[-count * _MAX_SENTENCE_CHARACTERS :], asked.brief.language)[-count:]


def _folded(texts: Iterable[str], language: str) -> frozenset[str]:
    return frozenset(bare(word).casefold() for text in texts for word in words(text, language))


def bare(word: str) -> str:
    return word.removesuffix("'s").removesuffix("\u2019s")
