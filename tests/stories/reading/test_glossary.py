"""Words with a meaning: found in their own forms, and in no other word's."""

from collections import Counter
from pathlib import Path

import pytest

from stories.reading import explained
from stories.reading.glossary import forms_of, found_in, glossary_of
from stories.safety.gate import Gate
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import Language, codes, language_of

each_language = pytest.mark.parametrize("language", codes())


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("en", "two crates", "crate"),
        ("en", "the stories of two volcanoes", "volcano"),
        ("en", "the owl blinked", "blink"),
        ("en", "she tugged at it", "tug"),
        ("en", "they quarrelled", "quarrel"),
        ("en", "he wept", "weep"),
        ("en", "it curtsied", "curtsy"),
        ("en", "said the lion gloomily", "gloomy"),
        ("es", "dos acordeones", "acordeón"),
        ("es", "las lombrices", "lombriz"),
        ("es", "una voz sombría", "sombrío"),
        ("es", "la campeona", "campeón"),
        ("es", "suspiró el pozo", "suspirar"),
        ("es", "un suspiro", "suspirar"),
        ("es", "sin tropezar ni tambalearse, tropezó", "tropezar"),
        ("es", "los caracoles", "caracol"),
        ("he", "המגדלור", "מגדלור"),
        ("he", "ומהארובה", "ארובה"),
        ("he", "כשהאחו נגמר", "אחו"),
        ("he", "קרונות הרכבת", "קרון"),
        ("he", "הילדה הנהנה", "הנהן"),
        ("he", "התחיל להתעטש", "התעטש"),
        ("he", "טירת המלך", "טירה"),
        ("he", "שההד חזר", "הד"),
    ],
)
def test_a_word_is_found_in_its_own_forms(language: str, text: str, word: str) -> None:
    assert word in [base for _, base in found_in(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "word"),
    [
        ("en", "her master", "mast"),
        ("en", "an alarmed rabbit", "alarm"),
        ("en", "its shoes were buckled", "buckle"),
        ("en", "three beams of the roof", "beam"),
        ("en", "a pair of bellows", "bellow"),
        ("en", "it was done with a dash", "dash"),
        ("en", "against the odds", "odd"),
        ("en", "a duck paddled off", "paddle"),
        ("en", "they plumped up the leaves", "plump"),
        ("en", "the cricket fainted", "faint"),
        ("en", "nobody but Mr Badger", "badger"),
        ("es", "un banquito", "banquete"),
        ("es", "pasaría por aquí", "pasarela"),
        ("es", "la estación del tren", "estaca"),
        ("es", "no encajaba", "encaje"),
        ("es", "una manzana roja", "manzano"),
        ("es", "una hoja de llantén", "llanto"),
        ("es", "la llevaron a rastras", "rastro"),
        ("es", "sin cometer errores", "cometa"),
        ("es", "la nieve al asentarse", "asentir"),
        ("es", "se rompió la tibia", "tibio"),
        ("he", "חור בצורת כוכב", "בצורת"),
        ("he", "זה הקל עליו", "הקלה"),
        ("he", "בתוך שבועה ארוכה", "שבוע"),
        ("he", "עוגה לאחותי", "אחו"),
        ("he", "עננים בריח של קינמון", "בריח"),
        ("he", "הבהלה הבריחה את השועל", "בריח"),
        ("he", "הדיו נשפך", "הד"),
        ("he", "מגש כסף", "סף"),
        ("he", "למרגלות ההר", "מרגל"),
        ("he", "קור מגיר", "מגירה"),
        ("he", "השועל מצפון", "מצפון"),
        ("he", "הנוצות סמרו מקור", "מקור"),
        ("he", "הוא התחיל לנקר", "נקר"),
        ("he", "רצו לסתום אוזניים", "סתום"),
        ("he", "נקודות כמו מטבעות", "טבעת"),
        ("he", "הטחנה שטוחנים בה", "טוחן"),
        ("he", "משפט שפן הצליח לומר", "שפן"),
        ("he", "הרובוט קרקש", "קרקש"),
        ("he", "בשיניים נוקשות", "נוקשה"),
        ("he", "אמרה גברת לוטרה", "לוטרה"),
        ("he", "הצייר מכחולי", "מכחול"),
    ],
)
def test_another_word_is_not_taken_for_one_of_the_glossary(
    language: str, text: str, word: str
) -> None:
    assert word not in [base for _, base in found_in(text, language)]


@pytest.mark.parametrize(
    ("language", "word", "also"),
    [
        ("en", "marble", "ball"),
        ("en", "conductor", "train"),
        ("en", "carriage", "train"),
        ("es", "casco", "caballo"),
        ("he", "משפך", "למזיגה"),
        ("he", "נטיף", "קרח"),
    ],
)
def test_the_meaning_of_a_word_with_two_senses_tells_the_one_that_the_decks_use(
    language: str, word: str, also: str
) -> None:
    assert also in glossary_of(language_of(language))[word]


def test_the_longest_words_are_explained_in_the_order_of_the_text() -> None:
    text = "A tiny crumb lay by the enormous carousel, near the lanterns."
    assert [word for word, _ in explained(text, "en", 2)] == ["enormous", "carousel"]
    assert explained(text, "en", 0) == []


def test_a_language_without_kinds_has_its_words_as_they_stand(tmp_path: Path) -> None:
    language = _listed(tmp_path, '[words]\nlanterno = "lampo"')
    assert glossary_of(language) == {"lanterno": "lampo"}
    assert [*forms_of("lanterno", language)] == ["lanterno"]


def test_the_longest_ending_decides_and_an_excluded_form_is_not_made(tmp_path: Path) -> None:
    kinds = '[kinds.noun]\n"" = "s"\n"y ie" = "ies"\n[words]\n'
    words = 'pony = { noun = "a small horse", forms = "ponys", not = "ponies" }'
    assert [*forms_of("pony", _listed(tmp_path, kinds + words))] == ["pony", "ponys"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ('oar = { nuon = "a pole" }', "oar: ['nuon'] is not one of ['noun']"),
        ('oar = { noun = "a pole", verb = "to row" }', "oar: ['noun', 'verb'] is not"),
        ('oar = { forms = "oars" }', "oar: [] is not one of ['noun']"),
        ("oar = 1", "words.oar"),
    ],
)
def test_a_word_of_no_kind_is_named(tmp_path: Path, words: str, says: str) -> None:
    with pytest.raises(ValueError, match="oar") as problem:
        glossary_of(_listed(tmp_path, f'[kinds.noun]\n"" = "s"\n[words]\n{words}'))
    assert says in str(problem.value)


def _listed(folder: Path, text: str) -> Language:
    """A language of its own, with this glossary."""
    (folder / "glossary.toml").write_text(text, "utf-8")
    return language_of("en").model_copy(update={"folder": folder, "code": folder.name})


@each_language
def test_no_form_is_that_of_two_words(language: str) -> None:
    row = language_of(language)
    words = glossary_of(row)
    made = Counter(form for word in words for form in forms_of(word, row) if form not in words)
    assert [form for form, count in made.items() if count > 1] == []


@each_language
def test_no_form_of_a_word_is_another_word_of_every_day(language: str) -> None:
    row = language_of(language)
    common = set(row.text("common.txt").split())
    rare = [word for word in glossary_of(row) if word not in common]
    assert [form for word in rare for form in forms_of(word, row) if form in common] == []


@each_language
def test_the_gate_passes_every_meaning(language: str) -> None:
    gate = Gate(language, AgeBand.YOUNG)
    cards = [f"{word}, {meaning}" for word, meaning in glossary_of(language_of(language)).items()]
    assert [card for card in cards if not gate.check(card).approved] == []
