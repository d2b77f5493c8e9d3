"""The comparison of a chapter with its brief: one table of checks, all pure.

A check that is unsure finds nothing: an ordinary chapter must never be called faulty. What a check
needs to know of a language is that language's `outcome.toml`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cache, cached_property
from itertools import takewhile
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from children.profiles import Pronoun
from stories.reading import forms, is_everyday, keys, words
from stories.safety.sentences import has_end, split
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.grammar import name_table
from stories.vocabulary.languages import Language, language_of, languages
from stories.workflow.lengths import level_target, target_words
from stories.workflow.prompts.memory import choice_made
from stories.workflow.prompts.request import pronoun_note

NAME = "outcome"
"""The layer of what is kept for staff."""

_QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|\u201c[^\u201d]*(?:\u201d|$)|\u00ab[^\u00bb]*(?:\u00bb|$)")
_OPENING, _CLOSING = "\u201c\u00ab", "\u201d\u00bb"
_MARKS = '"\u201c\u201d\u00ab\u00bb\u2014'
# Sentences in which nobody but the hero is named, before a pronoun can mean nobody else.
_MIN_SENTENCES_ALONE = 6
# A hero who is named so often, and never by the right pronoun, but so often by the other.
_MIN_NAMED, _MIN_WRONG = 3, 4
_NEAR_SENTENCES = 2
# So many times the pronouns that may mean the moon.
_MIN_SHARE = 2
_NOUN_WITHIN_WORDS = 3
_MIN_FOREIGN_WORDS = 5
_MIN_FOREIGN_SIGNS = 2
_MIN_FOREIGN_LETTERS = 12
_MIN_OWN_LETTERS_SHARE = 0.2
_MIN_NAME_LETTERS = 4
# The same sentence so many times in a row is no refrain; of longer rounds fewer are one too many.
_LOOP_ROUNDS = {1: 4, 2: 3, 3: 3, 4: 3}
_MIN_LOOP_WORDS = 4
_MAX_SENTENCE_CHARACTERS = 400

_Words = Annotated[frozenset[str], BeforeValidator(lambda text: str(text).split())]


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


class AdditionWords(BaseModel):
    """Regular expressions, in lower case: for whole words by which a model talks about its task
    (`talk`), for words at the start by which a story moves on, which is the plan's to say
    (`moves_on`), and for words that say nothing (`vague`)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    talk: tuple[str, ...] = ()
    moves_on: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()


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
        return " ".join(
            split(self.brief.path[-1].text, self.brief.language)[-_MIN_SENTENCES_ALONE:]
        )

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
    said = [*_last_sentences(before, longest - 1, asked), sentence]
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


# The hero's pronoun -------------------------------------------------------------------------------


def _has_wrong_pronoun(sentence: str, before: str, asked: Asked) -> bool:
    """True when a pronoun other than the hero's can mean nobody but the hero."""
    if not asked.hero or _is_in_speech(before):
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
    said = [_bare(word) for word in words(text, brief.language)]
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
    """Those who were named last, and may be meant by a pronoun: several are nobody for sure."""

    HERO = "hero"
    OTHER = "other"
    FACE = "face"
    NOBODY = "nobody"


def _last_named(text: str, last: _Last, asked: Asked) -> _Last:
    """Those named last after a text, `last` being those before it."""
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
    said = _last_sentences(before, _MIN_SENTENCES_ALONE, asked)
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
    said = [_bare(word) for word in words(told, asked.brief.language) if word != asked.hero]
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


# The hero's name ----------------------------------------------------------------------------------


def _is_misspelt(sentence: str, _before: str, asked: Asked) -> bool:
    """True when a name is the hero's but for one letter, and nobody else's."""
    hero = asked.hero.casefold()
    if len(hero) < _MIN_NAME_LETTERS or not name_table(asked.row).has_capitals:
        return False
    said = [_bare(word) for word in words(sentence, asked.brief.language)]
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


# Texts --------------------------------------------------------------------------------------------


def without_speech(sentence: str) -> str:
    """The sentence without its quoted speech."""
    told = _QUOTED.sub(" ", sentence)
    for mark in _CLOSING:
        told = told.rpartition(mark)[2]
    return told


def _is_in_speech(before: str) -> bool:
    paragraph = before.rpartition("\n\n")[2]
    marks = [sum(map(paragraph.count, each)) for each in (_OPENING, _CLOSING)]
    return paragraph.count('"') % 2 == 1 or marks[0] > marks[1]


def _last_sentences(text: str, count: int, asked: Asked) -> list[str]:
    # As many characters as so many sentences have, so that a long chapter costs no more.
    return split(text[-count * _MAX_SENTENCE_CHARACTERS :], asked.brief.language)[-count:]


def _folded(texts: Iterable[str], language: str) -> frozenset[str]:
    return frozenset(_bare(word).casefold() for text in texts for word in words(text, language))


def _bare(word: str) -> str:
    return word.removesuffix("'s").removesuffix("\u2019s")


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
    _Row(Kind.PRONOUN, "{pronoun}", _has_wrong_pronoun),
    _Row(
        Kind.CHOICE,
        "What was chosen has not happened yet. It happens now, in the very next sentence. {choice}",
    ),
    _Row(Kind.LONG, "Write at most {longest} words a sentence.", _is_far_too_long),
)
