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
"""

from stories.vocabulary.brief import ReadingLevel, primary_language

_FIRST_READING_AGE = 6
_AGE_BEFORE_GRADE_1 = 5
_ADULT_ALOUD_WPM = 183

# Words per minute of grades 1 to 6: beginner, intermediate, advanced.
_ENGLISH_WPM = (
    (34, 60, 91),
    (72, 100, 124),
    (91, 112, 139),
    (105, 133, 160),
    (119, 146, 169),
    (122, 146, 173),
)
_SPANISH_WPM = (
    (35, 47, 59),
    (60, 72, 84),
    (85, 92, 99),
    (100, 107, 114),
    (115, 120, 124),
    (125, 130, 134),
)
_IREST_WPM = {"en": 228, "es": 218, "he": 187}


def reading_minutes(word_count: int, *, age: int, level: ReadingLevel, language: str) -> int:
    """Whole minutes, at least 1. `level` is the child's, not the text's; past 11 no norms go."""
    return max(1, round(word_count / words_per_minute(age=age, level=level, language=language)))


def words_per_minute(*, age: int, level: ReadingLevel, language: str) -> float:
    tag = primary_language(language)
    scale = _IREST_WPM.get(tag, _IREST_WPM["en"]) / _IREST_WPM["en"]
    if age < _FIRST_READING_AGE:
        return _ADULT_ALOUD_WPM * scale
    rank = tuple(ReadingLevel).index(level)
    grade = min(age - _AGE_BEFORE_GRADE_1, len(_ENGLISH_WPM))
    if tag == "es":
        return _SPANISH_WPM[grade - 1][rank]
    return _ENGLISH_WPM[grade - 1][rank] * scale
