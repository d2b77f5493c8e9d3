"""A chapter's part of the story's memory, read from its notes: short, and nothing on trust.

A fact stands where its sentence is in the chapter; a word outside the closed vocabularies is left
out. Whatever is malformed costs only itself.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from stories.plotting.scenery import BEINGS, MAX_BEINGS, PLACES, THINGS, TIMES, WEATHERS
from stories.reading import words
from stories.vocabulary.brief import StoryBrief, hero_of
from stories.vocabulary.folding import words_of
from stories.vocabulary.memory import ChapterMemory, Fact, FactKind, Scene
from stories.vocabulary.mentions import mentions
from stories.vocabulary.note_lengths import FACT, SHOWN_BY, THREAD, WHO, NoteLength
from stories.workflow import repair
from stories.workflow.prompts.notes import MAX_CLOSED, MAX_FACTS, MAX_OPENED

_MIN_SENTENCE_WORDS = 3

Passes = Callable[[str], bool]


def memory_in(notes: dict[str, Any], text: str, brief: StoryBrief, passes: Passes) -> ChapterMemory:
    """`passes` says whether a part of it may be told again."""
    opened = tuple(dict.fromkeys(_opened(notes.get("opened"), brief, passes)))[:MAX_OPENED]
    return ChapterMemory(
        facts=tuple(_facts(notes.get("facts"), text, brief, passes))[:MAX_FACTS],
        opened=opened,
        closed=tuple(dict.fromkeys(_closed(notes.get("closed"), brief, opened)))[:MAX_CLOSED],
    )


def scene_in(notes: dict[str, Any]) -> Scene:
    """The scene as far as it is told in the words of the closed vocabularies."""
    told = notes.get("scene")
    scene = told if isinstance(told, dict) else {}
    who = scene.get("who")
    there = (_word_of(BEINGS, each) for each in (who if isinstance(who, list | tuple) else [who]))
    return Scene(
        place=_word_of(PLACES, scene.get("place")),
        time=_word_of(TIMES, scene.get("time")),
        weather=_word_of(WEATHERS, scene.get("weather")),
        who=tuple(dict.fromkeys(filter(None, there)))[:MAX_BEINGS],
        thing=_word_of(THINGS, scene.get("thing")),
    )


def _word_of(vocabulary: Sequence[str], value: Any) -> str:
    word = repair.line(value).casefold()
    return word if word in vocabulary else ""


def _facts(value: Any, text: str, brief: StoryBrief, passes: Passes) -> Iterator[Fact]:
    told = _in_words(text, brief.language)
    for item in value if isinstance(value, list | tuple) else []:
        fact = _fact(item)
        if fact and _is_shown(fact, told, brief) and passes(fact.words):
            yield fact


def _fact(item: Any) -> Fact | None:
    parts = item if isinstance(item, dict) else {}
    kind = repair.line(parts.get("kind")).casefold().replace(" ", "_")
    who, what = _fitting(parts.get("who"), WHO), _fitting(parts.get("what"), FACT)
    sentence = _fitting(parts.get("sentence"), SHOWN_BY)
    if kind not in [*FactKind] or not (who and what and sentence):
        return None
    return Fact(kind=FactKind(kind), who=who, what=what, sentence=sentence)


def _is_shown(fact: Fact, told: str, brief: StoryBrief) -> bool:
    """True when the chapter has the sentence, and whoever the fact is about, and the sentence says
    something of it; what the child chose may be done in other words."""
    sentence = _in_words(fact.sentence, brief.language)
    if len(sentence.split()) < _MIN_SENTENCE_WORDS or sentence not in told:
        return False
    who = set(words_of(fact.who)) - set(words_of(hero_of(brief)))
    is_there = who <= set(words_of(told))
    says_it = mentions(fact.what, fact.sentence, brief.language) > 0
    return is_there and (says_it or fact.kind is FactKind.DID)


def _opened(value: Any, brief: StoryBrief, passes: Passes) -> Iterator[str]:
    open_already = {thread.casefold() for thread in brief.memory.threads}
    for item in value if isinstance(value, list | tuple) else []:
        thread = _fitting(item, THREAD)
        if thread and thread.casefold() not in open_already and passes(thread):
            yield thread


def _closed(value: Any, brief: StoryBrief, opened: Sequence[str]) -> Iterator[str]:
    """The threads that are named by their number in the prompt or by their own words."""
    known = brief.memory.threads
    by_words = {thread.casefold(): thread for thread in (*known, *opened)}
    for item in value if isinstance(value, list | tuple) else [value]:
        number = str(item).strip().rstrip(".")
        if number.isdecimal() and 0 < int(number) <= len(known):
            yield known[int(number) - 1]
        elif thread := by_words.get(repair.line(item).casefold()):
            yield thread


def _fitting(value: Any, length: NoteLength) -> str:
    text = repair.line(value)
    return text if len(text) <= length.accepted else ""


def _in_words(text: str, language: str) -> str:
    return " ".join(words(text, language)).casefold()
