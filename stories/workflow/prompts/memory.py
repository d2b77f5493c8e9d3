"""The story so far, as told to the next chapter's writer: the path really taken.

Every choice is kept, whatever the room. What gives way, in this order: the full text of older
chapters, then of the last one but for its end, then the length of the summaries, then they.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from stories.safety.sentences import split, starts_of
from stories.vocabulary.brief import ChoiceTaken, PastChapter
from stories.vocabulary.errors import ContextTooLong
from stories.workflow.prompts.quoting import quoted, quoted_story
from stories.workflow.prompts.tokens import most_tokens

_TAIL_CHARACTERS = 700
_MIN_TAIL_CHARACTERS = 250


def story_so_far(
    path: Sequence[PastChapter], language: str, *, wanted_tokens: int, most: int
) -> str:
    """The richest telling of `path` within `wanted_tokens`, else the leanest within `most`.

    Raises ContextTooLong where not even that one fits.
    """
    if not path:
        return ""
    leanest = ""
    for telling in _tellings(path, language):
        leanest = telling
        if most_tokens(telling, language) <= min(wanted_tokens, most):
            return telling
    if most_tokens(leanest, language) > most:
        raise ContextTooLong
    return leanest


def _tellings(path: Sequence[PastChapter], language: str) -> Iterator[str]:
    in_short = partial(_in_short, language=language)
    ending_of = partial(_ending_of, path[-1], language)
    for in_full in range(len(path), 0, -1):
        older, recent = path[:-in_full], path[-in_full:]
        yield _joined([in_short(chapter) for chapter in older], [_in_full(c) for c in recent])
    tail = ending_of(_TAIL_CHARACTERS)
    yield _joined([in_short(chapter) for chapter in path[:-1]], [tail])
    yield _joined([in_short(chapter, sentences=1) for chapter in path[:-1]], [tail])
    tail = ending_of(_MIN_TAIL_CHARACTERS)
    yield _joined([in_short(chapter, sentences=1) for chapter in path[:-1]], [tail])
    yield _joined([in_short(chapter, sentences=0) for chapter in path[:-1]], [tail])


def _joined(older: list[str], recent: list[str]) -> str:
    return "\n".join(["The story so far:", *older, *recent])


def _in_short(chapter: PastChapter, *, language: str, sentences: int | None = None) -> str:
    summary = " ".join(split(chapter.summary, language)[:sentences])
    return _parts(chapter, quoted("summary", summary))


def _in_full(chapter: PastChapter) -> str:
    return _parts(chapter, quoted_story("text", chapter.text))


def _ending_of(chapter: PastChapter, language: str, characters: int) -> str:
    """The summary, and the last sentences word for word."""
    tail = chapter.text[-characters:]
    if len(tail) < len(chapter.text):
        tail = tail[next(starts_of(tail, language), 0) :]
    return _parts(chapter, quoted("summary", chapter.summary), quoted_story("end_of_text", tail))


def _parts(chapter: PastChapter, *telling: str) -> str:
    heading = f"Chapter {chapter.number} {quoted('title', chapter.title)}".rstrip()
    return "\n".join(filter(None, [heading, *telling, choice_made(chapter.choice)]))


def choice_made(choice: ChoiceTaken | None) -> str:
    if choice is None:
        return ""
    who = "The child had an own idea" if choice.is_own_idea else "The child chose"
    promise = quoted("promise", choice.description)
    return f"{who}: {quoted('choice', choice.text)} {promise}".rstrip()
