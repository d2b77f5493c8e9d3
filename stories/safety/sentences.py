# ruff: noqa: RUF001 - typographic punctuation is what this module is about
"""Borders of sentences, in finished text and in text that arrives a character at a time. The
browser's copy is `reader/sentences.js`; `tests/sentence_ends.json` holds both to the same answers.

A border needs the end of a sentence, white space, and a look at what comes next: `"Stop!" said the
fox.` is one sentence, because "said" begins none. So a sentence is released with the first
character, at most with the first word, of the one after it.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from stories.safety.cleaning import is_emoji
from stories.vocabulary.languages import Language, language_of, languages, sentence_ends

_CLOSERS = "\"'”’»)]״׳"
_OPENERS = "\"'“‘«¿¡([„״׳"
_QUOTES = "\"”’»״'"
_DASHES = "—–-"
_CLAUSE = re.compile(r"(?:[,;:][\"'”’»)]*|\s[—–])(?=\s)")
_WORD = re.compile(r"\S+")
# More than a closing word, its marks and the quotation marks behind it.
_END_CHARACTERS = 80
# A capital with a full stop is an initial; but "Mia and I." is a sentence.
_INITIAL = re.compile(r"(?:^|[\s.])(?!I\.)[A-ZÁÉÍÓÚÑ]\.$")


@cache
def _story_opening(rows: tuple[Language, ...]) -> re.Pattern[str]:
    """A quotation mark before the opening words of a story, which no speech begins with."""
    openings = "|".join(opening for row in rows for opening in row.story_openings)
    return re.compile(rf"[\"“«](?=(?:{openings})\b)", re.IGNORECASE)


def has_end(text: str) -> bool:
    """True when the text ends as sentences do; so it does at an abbreviation, too."""
    return _without_closers(text)[-1:] in {*sentence_ends()}


def _without_closers(text: str) -> str:
    while text and (text[-1] in _CLOSERS or text[-1] == " " or is_emoji(text[-1])):
        text = text[:-1]
    return text


def split(text: str, language: str) -> list[str]:
    """The sentences of a finished text, with an unfinished rest as the last."""
    starts = [0, *starts_of(text, language)]
    ends = [*starts[1:], len(text)]
    pieces = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return [piece for piece in pieces if piece]


def starts_of(text: str, language: str) -> Iterator[int]:
    """The starts of a finished text's second and further sentences. Takes linear time."""
    borders, start = _borders_of(language_of(language)), 0
    for word, following in pairwise(_WORD.finditer(text)):
        gap = text[word.end() : following.start()]
        before = text[max(start, word.end() - _END_CHARACTERS) : word.end()]
        if borders.is_between(before, gap, following[0], is_word_whole=True):
            start = following.start()
            yield start


class _Borders:
    """Tells in one language whether a sentence ends between a text and the word ahead of it."""

    def __init__(self, language: Language) -> None:
        self._abbreviations = frozenset(language.abbreviations)
        self._speech_verbs = frozenset(language.speech_verbs)

    def is_between(self, text: str, gap: str, ahead: str, *, is_word_whole: bool) -> bool | None:
        """True when a sentence begins with the word `ahead`; None while more of that word must be
        seen."""
        first = ahead[0]
        if first in _DASHES and not is_word_whole and len(ahead) == 1:
            return None
        letter = ahead.lstrip(_DASHES)[:1]
        # A small letter goes on with the sentence, even on a new line.
        if not letter or letter.islower() or is_emoji(first):
            return False
        if "\n" in gap:
            return True
        if not self.is_ended(text) or not (letter.isalnum() or letter in _OPENERS):
            return False
        if not letter.isalpha() or letter.isupper() or not self._may_be_speech(text):
            return True
        # Only scripts without capitals get here: a verb of speech tells what a small letter would.
        return self._begins_after_speech(ahead, is_word_whole=is_word_whole)

    def is_ended(self, text: str) -> bool:
        """True when a sentence ends with this text, as far as the text alone can say."""
        bare = _without_closers(text)
        if not has_end(bare):
            return False
        return bare[-1] != "." or not self._is_abbreviation(bare)

    def _may_be_speech(self, text: str) -> bool:
        return bool(self._speech_verbs) and text[-1] in _QUOTES + "!?"

    def _begins_after_speech(self, ahead: str, *, is_word_whole: bool) -> bool | None:
        word = ahead.strip(_DASHES)
        if word.isalpha() and not is_word_whole:
            return None
        return word.rstrip(",.:;!?") not in self._speech_verbs

    def _is_abbreviation(self, text: str) -> bool:
        if _INITIAL.search(text):
            return True
        word = text[:-1].split()[-1:] or [""]
        return word[0].lstrip(_OPENERS + _DASHES).lower() in self._abbreviations


_borders_of = cache(_Borders)


class SentenceSplitter:
    """Gathers characters into sentences, each with the separator that precedes it."""

    CLAUSE_WORDS = 40
    MAX_CHARACTERS = 400
    MIN_CLAUSE_CHARACTERS = 60
    TITLE_CHARS = 90
    LIKELY_TITLE_CHARS = 40

    def __init__(self, language: str, *, continues: bool) -> None:
        self._borders = _borders_of(language_of(language))
        self._story_opening = _story_opening(languages())
        self._ends = sentence_ends()
        self._text = ""
        self._gap = ""
        self._ahead = ""
        self._separator = "\n\n" if continues else ""
        self._has_released = False
        self._is_inside_sentence = False
        self._is_quoted_whole = False

    def push(self, char: str) -> list[str]:
        if char.isspace():
            released = self._settle(is_word_whole=True)
            self._gap += char if self._text else ""
            return released
        if not self._gap:
            self._append(char)
            return self._release_clause()
        self._ahead += char
        return self._settle(is_word_whole=False)

    @property
    def begun(self) -> str:
        """The whole words of the sentence at hand, with the separator that precedes it, but for
        its last one. "" while it may still turn out to be no sentence of the story."""
        text = self._text if self._gap else self._text.rpartition(" ")[0]
        if has_end(text):
            text = text.rpartition(" ")[0]
        is_first = not self._has_released
        if is_first and (len(text) < self.LIKELY_TITLE_CHARS or self._story_opening.match(text)):
            return ""
        return self._separator + unicodedata.normalize("NFC", text) if text else ""

    def discard(self) -> None:
        """Forget the text gathered and not yet emitted: another beginning follows."""
        self._text = self._gap = self._ahead = ""
        self._separator = "\n\n" if self._has_released else self._separator
        self._has_released = False

    def finish(self) -> list[str]:
        released = self._settle(is_word_whole=True)
        self._gap = ""
        self._text = self._whole_part(self._text)
        # The mark that opened the whole story was dropped, so the one that closes it goes, too.
        if self._is_quoted_whole and self._text.endswith(('"', "”", "»")):
            self._text = self._text[:-1]
        return released + self._flush()

    def _append(self, char: str) -> None:
        # Small models get stuck on a character: a run longer than prose has is cut.
        longest_run = 1 if char in '"“”„' else 3 if char in self._ends else 8
        if not self._text.endswith(char * longest_run):
            self._text += char

    def _settle(self, *, is_word_whole: bool) -> list[str]:
        """End the sentence, or let it go on, as soon as the text ahead decides."""
        if not self._ahead:
            return []
        is_border = self._borders.is_between(
            self._text, self._gap, self._ahead, is_word_whole=is_word_whole
        )
        if is_border is None:
            return []
        gap, ahead, self._gap, self._ahead = self._gap, self._ahead, "", ""
        released: list[str] = []
        if is_border:
            released = self._flush()
            if self._has_released or self._separator:
                self._separator = "\n\n" if "\n" in gap else " "
        else:
            self._text += " "
        for char in ahead:
            released += self.push(char)
        return released

    def _whole_part(self, text: str) -> str:
        """The text up to its last whole sentence; closed where its first clauses are shown."""
        if self._borders.is_ended(text):
            return text
        for border in reversed([match.start() for match in re.finditer(r"\s", text)]):
            if self._borders.is_ended(text[:border]):
                return text[:border]
        if self._is_inside_sentence and " " in text:
            return text.rsplit(" ", 1)[0].rstrip(",;:—–- ") + "…"
        return ""

    def _release_clause(self) -> list[str]:
        """The first clauses of a sentence grown too long to wait for its end."""
        is_short = self._text.count(" ") < self.CLAUSE_WORDS
        if is_short and len(self._text) <= self.MAX_CHARACTERS:
            return []
        ends = [
            m.end() for m in _CLAUSE.finditer(self._text) if m.end() > self.MIN_CLAUSE_CHARACTERS
        ]
        if not ends and len(self._text) <= self.MAX_CHARACTERS:
            return []
        # Without a comma it is cut between words, or anywhere: no reader waits for ever.
        end = ends[-1] if ends else self._text.rfind(" ")
        end = end if end > 0 else len(self._text)
        rest = self._text[end:].lstrip()
        self._text = self._text[:end]
        released = self._flush()
        self._text, self._separator, self._is_inside_sentence = rest, " ", True
        return released

    def _flush(self) -> list[str]:
        text, self._text = unicodedata.normalize("NFC", self._text.strip()), ""
        self._is_inside_sentence = False
        if not self._has_released:
            text = self._without_wrapping(text)
        if not text or self._is_title(text):
            return []
        self._has_released = True
        return [self._separator + text]

    def _without_wrapping(self, text: str) -> str:
        opening = self._story_opening.match(text)
        if opening is None or any(quote in text[1:] for quote in '"”»'):
            return text
        self._is_quoted_whole = True
        return text[1:]

    def _is_title(self, text: str) -> bool:
        """True for a first line without a sentence's end: the title that the model gave its
        story."""
        return (
            not self._has_released
            and len(text) <= self.TITLE_CHARS
            and not self._borders.is_ended(text)
            and text[-1] not in ",;:—–"
        )
