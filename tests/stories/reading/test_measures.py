"""Levels and figures of whole texts."""

import random
import time

import pytest

from children.profiles import ReadingLevel
from stories.reading import Measures, measure, rare_words, words

PRIMERS = {
    "en": "I see a red hat. The hat is on the cat. The cat sat on the mat. Can the cat jump? "
    "Yes, it can! It can jump and hop. I like the cat. The cat likes me.",
    "es": "Ana tiene un perro. El perro se llama Sol. Sol corre por el parque. Ana corre con Sol. "
    "Los dos ven un pato. El pato nada en el lago. ¡Qué bonito es!",
    "he": "דני רץ לגן. בגן יש כלב. הכלב קטן. דני אוהב את הכלב. הכלב רץ אל דני. דני צוחק.",
}
STORIES = {
    "en": "Olive lived in the oldest tree of the forest. Every evening she told the small animals "
    "a story. One night the moon was round and bright, and a tired fox stopped under the tree. He "
    "had walked a long way over the mountains. He was looking for a bell that could sing.",
    "es": "Una mañana Lucía salió al jardín con su abuela. Encontró una llave debajo de una hoja. "
    "La llave brillaba como una estrella. La niña la guardó en su bolsillo. Luego buscaron juntas "
    "la puerta, y el gato las siguió.",
    "he": "בבוקר אחד יצאה נועה אל הגינה עם סבתא שלה ומצאה מפתח קטן מתחת לעלה. המפתח נצץ כמו "
    "כוכב. של מי הוא, שאלה נועה, ושמה אותו בזהירות בכיס המעיל שלה. אחר כך הן הלכו לחפש את הדלת.",
}
NEWSPAPERS = {
    "en": "Officials announced on Tuesday that negotiations concerning the proposed environmental "
    "legislation had been postponed, citing considerable disagreement among the participating "
    "organizations. Representatives of several municipalities criticized the decision.",
    "es": "El Ministerio de Educación anunció este martes que las negociaciones relacionadas con "
    "la propuesta de legislación ambiental quedarán aplazadas, debido a las considerables "
    "discrepancias existentes entre las organizaciones participantes.",
    "he": "משרד החינוך הודיע ביום שלישי כי ההתייעצויות בנוגע להצעת החקיקה הסביבתית יידחו למועד "
    "בלתי מוגבל, בשל המחלוקות המשמעותיות בין הארגונים המשתתפים.",
}
LONGER_WORDS = {
    "en": {"cat": "caterpillar", "hat": "umbrella", "mat": "television"},
    "es": {"perro": "elefante", "pato": "hipopótamo", "lago": "supermercado"},
    "he": {"כלב": "דינוזאור", "לגן": "לאוניברסיטה", "קטן": "משמעותי"},
}


def measured(text: str, language: str) -> Measures:
    return measure(text, language=language, age=8, level=ReadingLevel.INTERMEDIATE)


@pytest.mark.parametrize("language", PRIMERS)
def test_texts_of_known_difficulty_land_in_their_level(language: str) -> None:
    assert measured(PRIMERS[language], language).level is ReadingLevel.BEGINNER
    assert measured(NEWSPAPERS[language], language).level is ReadingLevel.ADVANCED
    assert measured(NEWSPAPERS[language], language).grade > 8


@pytest.mark.parametrize("language", STORIES)
def test_a_story_is_harder_for_a_younger_child(language: str) -> None:
    levels = [
        measure(STORIES[language], language=language, age=age, level=ReadingLevel.BEGINNER).level
        for age in (4, 7, 11)
    ]
    ranks = [[*ReadingLevel].index(level) for level in levels]
    assert ranks == sorted(ranks, reverse=True)
    assert levels[0] is ReadingLevel.ADVANCED
    assert levels[-1] is not ReadingLevel.ADVANCED


@pytest.mark.parametrize("language", PRIMERS)
def test_longer_words_never_read_easier(language: str) -> None:
    text, grades = PRIMERS[language], [measured(PRIMERS[language], language).grade]
    for short, long in LONGER_WORDS[language].items():
        text = text.replace(short, long)
        grades.append(measured(text, language).grade)
    assert grades == sorted(grades)
    assert grades[-1] > grades[0]


@pytest.mark.parametrize("language", [*PRIMERS, "fr"])
def test_longer_sentences_never_read_easier(language: str) -> None:
    sentences = STORIES.get(language, STORIES["en"]).split(". ")
    grades = []
    for joined in range(len(sentences)):
        text = ", ".join(sentences[: joined + 1]) + ". " + ". ".join(sentences[joined + 1 :])
        grades.append(measured(text, language).grade)
    assert grades == sorted(grades)
    assert grades[-1] > grades[0]


def test_the_flesch_kincaid_grade_is_the_published_formula() -> None:
    text = "The cat sat on the mat. The little rabbit jumped over the river."
    assert measured(text, "en").grade == round(0.39 * 13 / 2 + 11.8 * 17 / 13 - 15.59, 2)


def test_the_list_grade_is_spaches_formula() -> None:
    text = "The cat sat on the bed. The dragon found an astrolabe by the river, an astrolabe!"
    found = measured(text, "en")
    assert found.list_grade == round(0.121 * 16 / 2 + 0.082 * 100 * 1 / 16 + 0.659, 2)


def test_the_two_measures_differ_where_long_words_are_easy_ones() -> None:
    found = measured("Grandmother saw butterflies. Grandfather saw butterflies, too.", "en")
    assert found.grade > 6
    assert found.list_grade < 2


def test_the_level_is_measured_and_not_the_one_asked_for() -> None:
    for level in ReadingLevel:
        found = measure(PRIMERS["en"], language="en", age=9, level=level)
        assert found.level is ReadingLevel.BEGINNER


@pytest.mark.parametrize("language", ["en", "es-MX", "he-IL", "fr", ""])
@pytest.mark.parametrize("text", ["", " \n\n ", "🐉🔥🦄", "…!?", "\u200f\u202b", "\ud800"])
def test_a_text_without_words_measures_as_nothing(text: str, language: str) -> None:
    assert measured(text, language) == Measures(0, 0, ReadingLevel.BEGINNER, 1, 0, 0, 0, 0)
    assert rare_words(text, language, 5) == []


def test_no_text_whatever_makes_it_fail() -> None:
    dice = random.Random(20)
    alphabets = [range(0x110000), range(0x20, 0x7F), range(0x590, 0x600), range(0x300, 0x370)]
    for _ in range(300):
        alphabet = dice.choice(alphabets)
        text = "".join(map(chr, dice.choices(alphabet, k=dice.randrange(200))))
        for language in ("en", "es", "he", "zh"):
            found = measured(text, language)
            assert found.word_count == len(words(text, language))
            assert (found.sentence_count > 0) == (found.word_count > 0)
            assert 0 <= found.grade <= 18
            assert 0 <= found.list_grade <= 18
            assert found.reading_minutes >= 1
            assert len(rare_words(text, language, 5)) <= 5


@pytest.mark.parametrize(
    "unit", ["a", "ia", "word ", "!", '."', "\n", "a-", "e'", "א", '"א', ". ", "é\u0301", "נ "]
)
def test_a_huge_text_takes_time_in_proportion(unit: str) -> None:
    for language in ("en", "es", "he"):
        began = time.process_time()
        measured(unit * 50_000, language)
        rare_words(unit * 50_000, language, 5)
        assert time.process_time() - began < 2
