# ruff: noqa: RUF001 - typographic punctuation is what this module is about
"""Cleans a model's raw output down to prose, one character at a time.

Three filters in a row: characters that no story holds, tags (`tags`: a model's thoughts and the
tokens of its chat template among them), and what stands at the start of lines (headings, labels,
list markers). Each takes one character and answers with the characters that are settled by it, so
that the result cannot depend on how the output was cut into pieces.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from stories.safety.tags import DISCARD
from stories.vocabulary.languages import Labels, Language, language_of, languages

_LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"
_ZERO_WIDTH_JOINER = "\u200d"
_EMOJI_MODIFIERS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


def is_emoji(char: str) -> bool:
    return char in _EMOJI_MODIFIERS or unicodedata.category(char) == "So"


class CharacterFilter:
    """Drops control and invisible characters, mends halved surrogate pairs, unifies spaces."""

    def __init__(self) -> None:
        self._last = ""
        self._high_surrogate = ""

    def push(self, char: str) -> str:
        if "\ud800" <= char <= "\udfff":
            return self._pair(char)
        self._high_surrogate = ""
        kept = self._keep(char)
        self._last = char
        return kept

    def _pair(self, half: str) -> str:
        # A host may send the two halves of an emoji in two pieces.
        if half < "\udc00":
            self._high_surrogate = half
            return ""
        pair, self._high_surrogate = self._high_surrogate + half, ""
        if len(pair) == 1:
            return ""
        return self.push(pair.encode("utf-16", "surrogatepass").decode("utf-16"))

    def _keep(self, char: str) -> str:
        if char in _LINE_BREAKS:
            return "" if char == "\n" and self._last == "\r" else "\n"
        if char.isspace():
            return " "
        # Between emoji it makes one of several; between letters it hides a word from the rules.
        if char == _ZERO_WIDTH_JOINER:
            return char if self._last and is_emoji(self._last) else ""
        if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cn"} or char == "\ufffd":
            return ""
        return char


def cleaned(text: str) -> str:
    """A whole text without characters foreign to stories, composed (NFC)."""
    characters = CharacterFilter()
    return unicodedata.normalize("NFC", "".join(map(characters.push, text)))


_NOT_PROSE = re.compile(r"#{1,6}(?:\s.*)?|`{3,}\s*\w*|(?:[-*_~=⁂]\s*){3,}|\*\s*\*|---+")
_MARKER = re.compile(r"(?:>\s*)*(?:(?P<dash>[-–])\s+|[*+•]\s+|\d{1,2}[.)]\s+)?")
_EMPHASISED = re.compile(r"(\*\*|__)(?!\s)[^*_]*[^*_.!?…,;:\"”]\1:?")
_BARE_ROLE = frozenset({"assistant", "model", "user", "system"})
_EMPHASIS = str.maketrans("", "", "*_`~")


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Beginnings of lines that are no story, or no story yet."""

    label: re.Pattern[str]
    preamble_start: re.Pattern[str]
    preamble: re.Pattern[str]


@cache
def _patterns(rows: tuple[Language, ...]) -> _Patterns:
    """The beginnings in all languages: a model that writes in one may talk about it in another."""
    agreement = rf"(?:{_any_of(row.preamble.agreement for row in rows)})[!,.]*\s*"
    presenting = f"(?:{_any_of(row.preamble.presenting for row in rows)})"
    promising = _any_of(row.preamble.promising for row in rows)
    story = f"(?:{_any_of(row.preamble.story for row in rows)})"
    return _Patterns(
        label=_label([row.labels for row in rows]),
        preamble_start=re.compile(rf"¡?(?:{agreement}|{presenting})", re.IGNORECASE),
        preamble=re.compile(
            rf"¡?(?:(?:{agreement})?{presenting}\s[^\n:]*{story}\b[^\n:]*:\s*"
            rf"|{agreement}(?:{presenting}|{promising})[^\n:]*(?::|[.!]$)\s*"
            rf"|{agreement}$)",
            re.IGNORECASE,
        ),
    )


def _label(labels: Sequence[Labels]) -> re.Pattern[str]:
    number = _any_of(each.number for each in labels)
    headed = _any_of((*each.chapter, *each.section) for each in labels)
    return re.compile(
        rf"""[*_"“]*(?:
            (?P<heading>(?:(?:{headed})
                \s+(?:\d{{1,3}}|[ivxlc]+|{number})\b[*_]*(?:\s*[:.\-–—]|\s*$))
              | (?:{_any_of(each.note for each in labels)})[*_]*\s*:)
            | (?P<voice>(?:{_any_of(each.narrator for each in labels)})[*_]*\s*:)
            | (?P<other>(?:{_any_of(each.speaker for each in labels)})[*_]*\s*:)
        )[*_]*\s*""",
        re.IGNORECASE | re.VERBOSE,
    )


def _any_of(patterns: Iterable[Sequence[str]]) -> str:
    return "|".join(pattern for each in patterns for pattern in each)


class LineFilter:
    """Drops headings, fences, labels, list markers, emphasis, and introductions of the story.

    The start of a line is held back until it is clear what the line is: for a few words at most,
    and to its end (within `LABELLED_CHARS`) where it begins as a heading or an introduction does.
    """

    HEAD_CHARS = 24
    LABELLED_CHARS = 120

    def __init__(self, language: str) -> None:
        self._keeps_dashes = language_of(language).dash_opens_speech
        self._patterns = _patterns(languages())
        self._head: str | None = ""
        self._has_text = False
        self._is_over = False

    def push(self, char: str) -> str:
        if self._is_over:
            return ""
        if char == DISCARD:
            self._head, self._has_text = "", False
            return char
        if char == "\n":
            return self.flush() + char
        if self._head is None:
            return char.translate(_EMPHASIS)
        self._head = (self._head + char).lstrip()
        return "" if self._is_undecided(self._head) else self._open_line(self._head)

    def flush(self) -> str:
        """The line as it stands is all there is of it."""
        head, self._head = self._head, ""
        return self._settle(head.strip(), is_whole=True) if head else ""

    def _is_undecided(self, head: str) -> bool:
        if len(head) < self.HEAD_CHARS:
            return True
        return len(head) < self.LABELLED_CHARS and bool(
            head[0] in "#*_`"
            or self._patterns.label.match(head)
            or (not self._has_text and self._patterns.preamble_start.match(head))
        )

    def _open_line(self, head: str) -> str:
        self._head = None
        return self._settle(head, is_whole=False)

    def _settle(self, line: str, *, is_whole: bool) -> str:
        line = unicodedata.normalize("NFC", line)
        if is_whole and self._is_heading(line):
            return ""
        line = self._without_label(self._without_marker(line), is_whole=is_whole)
        # Later lines that look like an introduction are said by somebody in the story.
        if not self._has_text:
            introduction = self._patterns.preamble.match(line)
            line = line[introduction.end() :] if introduction else line
        self._has_text = self._has_text or bool(line.strip())
        return line.translate(_EMPHASIS)

    def _is_heading(self, line: str) -> bool:
        return bool(_NOT_PROSE.fullmatch(line) or _EMPHASISED.fullmatch(line)) or (
            line in _BARE_ROLE
        )

    def _without_marker(self, line: str) -> str:
        marker = _MARKER.match(line)
        if marker is None:
            return line
        # In some languages a dash opens speech, and models write it as a list marker.
        dash = "—" if marker["dash"] and self._keeps_dashes else ""
        return dash + line[marker.end() :]

    def _without_label(self, line: str, *, is_whole: bool) -> str:
        label = self._patterns.label.match(line)
        if label is None:
            return line
        # After the story, another speaker's label begins a chat that the model plays by itself.
        if label["other"]:
            self._is_over = self._has_text
            return "" if is_whole else line[label.end() :]
        rest = line[label.end() :]
        is_prose = label["voice"] or not is_whole or rest.rstrip("*_").endswith((".", '."'))
        return rest if is_prose else ""
