"""Words, sentences and syllables."""

import pytest

from stories.reading.syllables import english_syllables, spanish_syllables
from stories.reading.words import sentence_count, words

# A sample of children's vocabulary, sorted by the syllables a dictionary gives it.
ENGLISH = {
    1: "cat dog jumped makes the through house stone stones trees smiled like liked played cakes "
    "bridge friend bright danced horse snow flew walked eyes hours large fire blue knew loved",
    2: "table tables little wanted boxes happy running garden rabbit dragon apple river people "
    "lion sister places faces horses yellow window every something making stories tiny forest "
    "castle under middle lonely careful movement hoping silent lantern whisper needle giant flying "
    "created started houses bushes wishes reading careless sunny open also today away climate",
    3: "banana adventure animal family elephant wonderful butterfly tomorrow idea beautiful "
    "together remember yesterday another everyone hospital piano radio umbrella potato discover "
    "carefully suddenly happily imagine exciting musical library area video octopus celebrate",
    4: "information caterpillar usually watermelon january impossible television supermarket "
    "particular community available situation",
}
SPANISH = {
    1: "sol pan rey muy y bien pie Dios",
    2: "casa perro guerra queso ciudad fuego aire causa leer tía río país huevo agua reina",
    3: "caminar pequeño héroe estrella poeta maíces cigüeña mañana abuela guitarra",
    4: "mariposa elefante teléfono estudiaba comenzaron alegría",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mia's well-known cat didn't purr.", ["Mia's", "well-known", "cat", "didn't", "purr"]),
        ("¿Dónde está el niño?", ["Dónde", "está", "el", "niño"]),
        ('בן־דוד שלי גר בארה"ב!', ["בן", "דוד", "שלי", "גר", "בארה״ב"]),
        ("שָׁלוֹם יְלָדִים", ["שלום", "ילדים"]),
        ("nin\u0303o", ["niño"]),
        ("7 owls, 3 cats", ["7", "owls", "3", "cats"]),
        ("The owl said שלום and мир", ["The", "owl", "said", "שלום", "and", "мир"]),
        ("🐉🔥 — … !", []),
        ("", []),
    ],
)
def test_words_are_found_in_any_script(text: str, expected: list[str]) -> None:
    assert words(text, "en") == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("🐉 !!! …", 0),
        ("No end", 1),
        ("One. Two! Three?", 3),
        ('"Look!" said the owl. "A light."', 2),
        ('"Look!" Mia ran.', 2),
        ("—¡Mira! —dijo Ana—. ¡Es un pato!", 2),
        ("She waited... and waited.", 1),
        ("Mr. Fox met Dr. Hare.", 1),
        ("A title\n\nA first sentence.", 2),
        ("הוא רץ. היא קפצה! מי בא?", 3),
        ("It cost 3.50 in all.", 1),
    ],
)
def test_sentences_are_counted_as_a_reader_would(text: str, count: int) -> None:
    assert sentence_count(text, "en") == count


@pytest.mark.parametrize(
    ("language", "count"), [("es", 1), ("en", 2)], ids=["its own", "another's"]
)
def test_a_language_knows_its_own_abbreviations(language: str, count: int) -> None:
    assert sentence_count("Vino la Sra. Pata con pan.", language) == count


def test_nineteen_of_twenty_english_words_have_the_right_syllables() -> None:
    sample = [(word, count) for count, listed in ENGLISH.items() for word in listed.split()]
    wrong = [word for word, count in sample if english_syllables(word) != count]
    assert len(wrong) <= len(sample) / 20, wrong


@pytest.mark.parametrize("count", SPANISH)
def test_spanish_words_have_the_syllables_of_their_spelling(count: int) -> None:
    assert {spanish_syllables(word) for word in SPANISH[count].split()} == {count}


@pytest.mark.parametrize("word", ["", "b", "שלום", "123", "'-'", "hmm"])
def test_everything_spoken_has_a_syllable(word: str) -> None:
    assert english_syllables(word) >= 1
    assert spanish_syllables(word) >= 1
