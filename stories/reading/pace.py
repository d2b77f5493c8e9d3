"""How long a child takes to read a text.

English: Hasbrouck & Tindal 2017 ("An update to compiled ORF norms", Technical Report 1702,
University of Oregon), words correct per minute in spring; the 25th, 50th and 75th percentile of the
child's grade stand for beginner, intermediate and advanced.

Spanish: the range that Mexico's Secretaría de Educación Pública expects at the end of each grade
("Estándares nacionales de habilidad lectora", 2010): its lower end, middle and upper end. Chosen
over adult figures because it is given by grade.

Other languages: no norms by grade are freely published for Hebrew. The English ones are scaled by
how fast adults read equal texts aloud in both languages (IReST: Trauzettel-Klosinski & Dietz 2012,
IOVS 53(9); words per minute: English 228, Spanish 218, Hebrew 187).

Before reading age (up to 5 years) an adult reads aloud: 183 words per minute in English (Brysbaert
2019, "How many words do we read per minute?", Journal of Memory and Language 109), scaled likewise.

The norms and the adult figures stand in the languages' rows.
"""

from children.profiles import ReadingLevel
from stories.vocabulary.languages import SOURCE_CODE, language_of

_FIRST_READING_AGE = 6
_AGE_BEFORE_GRADE_1 = 5
_ADULT_ALOUD_WPM = 183


def reading_minutes(word_count: int, *, age: int, level: ReadingLevel, language: str) -> int:
    """Whole minutes, at least 1. `level` is the child's, not the text's; past 11 no norms go."""
    return max(1, round(word_count / words_per_minute(age=age, level=level, language=language)))


def words_per_minute(*, age: int, level: ReadingLevel, language: str) -> float:
    spoken, english = language_of(language), language_of(SOURCE_CODE)
    scale = spoken.adult_words_per_minute / english.adult_words_per_minute
    if age < _FIRST_READING_AGE:
        return _ADULT_ALOUD_WPM * scale
    rank = tuple(ReadingLevel).index(level)
    grade = min(age - _AGE_BEFORE_GRADE_1, len(english.grade_words_per_minute))
    if spoken.grade_words_per_minute:
        return spoken.grade_words_per_minute[grade - 1][rank]
    return english.grade_words_per_minute[grade - 1][rank] * scale
