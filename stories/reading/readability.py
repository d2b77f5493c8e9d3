"""The difficulty of a text as a school grade, by two published measures beside each other. Neither
makes a level: that is relative to the child's age (`levels`).

One looks at the length of sentences and words, and is each language's own.

English: Flesch-Kincaid grade level (Kincaid, Fishburne, Rogers & Chissom 1975, Naval Technical
Training Command, Research Branch Report 8-75).

Spanish: Crawford's grade for primary-school texts (Crawford 1989, "Fórmula y gráfico para
determinar la comprensibilidad de textos del nivel primario en castellano", Lectura y Vida 10(4)).
Chosen over Fernández-Huerta and Szigriszt-Pazos/INFLESZ because it was fitted to texts of grades 1
to 6 and answers in grades, where theirs put nearly every children's text into one band.

Hebrew, and any other language: Anderson's RIX, long words per sentence, with his table of grades
(Anderson 1983, "Lix and Rix", Journal of Reading 26(6)). It needs no syllables, which unpointed
Hebrew does not show. No formula for Hebrew children's texts is established. Hebrew writes few
vowels, so a word counts as long from 6 letters on instead of Anderson's 7; that shift is ours and
has not been calibrated with readers. Take Hebrew grades as coarse.

The other looks at the length of sentences and at words outside a list: Spache's revised formula
for grades 1 to 3 (Spache 1974, "Good Reading for Poor Readers", 9th edition) with the language's
`common.txt` in place of his 1,041 words. For other languages than English, words are counted as
English would have them, so take it as coarse there. The two differ where one of them fails: four
short sentences about butterflies and Grandmother are grade 9 by the first, and 2 by the other.
"""

from bisect import bisect_right
from collections.abc import Sequence
from typing import assert_never

from stories.reading.syllables import english_syllables, spanish_syllables
from stories.reading.vocabulary import outside_list
from stories.vocabulary.languages import language_of

MAX_GRADE = 18.0

# Anderson's table: the least RIX of grades 2, 3, … 12 and of college (13).
_RIX_STARTS = (0.2, 0.5, 0.8, 1.3, 1.8, 2.4, 3.0, 3.7, 4.5, 5.3, 6.2, 7.2)


def grade(words: Sequence[str], sentence_count: int, language: str) -> float:
    """Years of schooling (US grades) needed for the text, from 0 to 18; 0 without words."""
    if not words:
        return 0.0
    sentences = max(1, sentence_count)
    written = language_of(language)
    match written.readability:
        case "flesch-kincaid":
            raw = _flesch_kincaid(words, sentences)
        case "crawford":
            raw = _crawford(words, sentences)
        case "rix":
            raw = _rix(words, sentences, written.long_word_letters)
        case never:
            assert_never(never)
    return min(max(raw, 0.0), MAX_GRADE)


def list_grade(words: Sequence[str], sentence_count: int, language: str) -> float:
    """The grade by Spache's formula, from 0 to 18; 0 without words."""
    if not words:
        return 0.0
    written = language_of(language)
    length = len(words) / max(1, sentence_count) / written.words_for_english
    different = len({word.casefold() for word in outside_list(words, written)})
    unfamiliar = 100 * different / len(words) / written.outside_for_english
    return min(0.121 * length + 0.082 * unfamiliar + 0.659, MAX_GRADE)


def _flesch_kincaid(words: Sequence[str], sentences: int) -> float:
    syllables = sum(map(english_syllables, words))
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def _crawford(words: Sequence[str], sentences: int) -> float:
    per_hundred = 100 / len(words)
    syllables = sum(map(spanish_syllables, words))
    return -0.205 * sentences * per_hundred + 0.049 * syllables * per_hundred - 3.407


def _rix(words: Sequence[str], sentences: int, long_letters: int) -> float:
    """Anderson's grade, with the steps between his grades filled in evenly."""
    rix = sum(len(word) >= long_letters for word in words) / sentences
    step = bisect_right(_RIX_STARTS, rix)
    if step == len(_RIX_STARTS):
        return step + 1.0
    low, high = (0.0, *_RIX_STARTS)[step], _RIX_STARTS[step]
    return step + 1 + (rix - low) / (high - low)
