"""Judges a chapter as a whole by its words, for models whose judgement is not worth asking.

A language's `rubric.toml` has entries in the language of `rules.matching` (`words` and `phrases`)
for each problem that words tell, and for what puts it right: `comfort` for
fear, violence and sadness, `amends` for meanness and `denial` for stereotypes, in sentences without
a word of `not`. A phrase hides the entries within it, and those of `harmless` count for nothing.

What is measured is in how many of the chapter's sentences a problem is found. So a wolf, a tear or
a fight is no reason, and a chapter is stopped only where it is made of them to its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from stories.safety.judge import Judgement, Problem, judgement_of
from stories.safety.normalise import plain
from stories.safety.rules import entries_of
from stories.safety.rules.matching import Found, Lexicon, words_of
from stories.safety.sentences import split
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import language_of, primary_language

NAME = "rubric"
_NOT, _HARMLESS = "not", "harmless"


@dataclass(frozen=True, slots=True)
class _Measure:
    """The shares of a chapter's sentences from which a problem is strong, and from which the
    chapter is full of it; `remedy` is its cure in the last third."""

    strong: float
    full: float
    remedy: str


_MEASURES: dict[Problem, _Measure] = {
    "fear": _Measure(0.4, 0.5, "comfort"),
    "violence": _Measure(0.4, 0.6, "comfort"),
    "sadness": _Measure(0.35, 0.5, "comfort"),
    "meanness": _Measure(0.3, 0.5, "amends"),
    "stereotype": _Measure(0.25, 0.5, "denial"),
}
# A few sentences are no chapter, however dark they are: their shares mean little.
_MIN_STRONG = 4


def judge_by_words(text: str, *, band: AgeBand, language: str) -> Judgement:
    """The judgement of a whole chapter in stand-in form, by the worst that was found."""
    book = _lexicon(primary_language(language))
    sentences = [_keys(book, sentence) for sentence in split(text, language)]
    weights = {problem: _weight(sentences, problem) for problem in _MEASURES}
    judgements = [judgement_of(problem, weight, band) for problem, weight in weights.items()]
    worst = min(judgements, key=lambda judgement: judgement.score)
    return replace(worst, layers=(NAME,))


def _weight(sentences: list[set[str]], problem: Problem) -> int:
    """The weight of a problem: 1 if it is strong and put right, 2 if it is strong, 3 if the chapter
    is full of it; 0 for ordinary events of stories."""
    measure = _MEASURES[problem]
    count = sum(problem in keys for keys in sentences)
    if count < _MIN_STRONG or count < measure.strong * len(sentences):
        return 0
    if _is_righted(sentences, measure.remedy):
        return 1
    return 3 if count >= measure.full * len(sentences) else 2


def _is_righted(sentences: list[set[str]], remedy: str) -> bool:
    last_third = sentences[-(-len(sentences) * 2 // 3) :]
    return any(remedy in keys and _NOT not in keys for keys in last_third)


def _keys(book: Lexicon, sentence: str) -> set[str]:
    found = list(book.find(words_of(plain(sentence))))
    return {hit.key for hit in _outermost(found)} - {_HARMLESS}


def _outermost(found: list[Found]) -> Iterator[Found]:
    for hit in found:
        size = hit.end - hit.start
        if not any(
            other.start <= hit.start and hit.end <= other.end and other.end - other.start > size
            for other in found
        ):
            yield hit


@cache
def _lexicon(language: str) -> Lexicon:
    lexicon = Lexicon()
    for key, table in language_of(language).toml("rubric.toml").items():
        for entry in entries_of(table):
            lexicon.add(entry, key)
    return lexicon
