"""Names that are words: the model learns no name, and a word stays a word."""

# ruff: noqa: RUF001 - the signs of other scripts are meant

import re
from itertools import product
from pathlib import Path

import pytest

from stories.vocabulary.folding import words_of
from stories.vocabulary.languages import codes, languages, other_stand_ins, stand_ins
from stories.vocabulary.pseudonym import Alias, Pseudonym, choose_stand_in

LISTS = Path(__file__).parent / "names"
NAMES = {
    language: tuple(dict.fromkeys((LISTS / f"{language}.txt").read_text("utf-8").split()))
    for language in ("en", "es", "he")
}
# The words in {} are names.
AS_A_NAME = {
    "en": (
        "{} finds a key in the wood",
        "a kite for {} and a friend",
        "what {} did when it rained",
        "the day that {}'s boat sank",
        "my sister {} bakes a cake. {}, are you there?",
        "“{}!” they called, (and {}) came",
        "a zebra: {} and a comet",
        "two {plural} met at the gate",
    ),
    "es": (
        "{} encuentra una llave en el parque",
        "una cometa para {} y su amiga",
        "lo que {} hizo cuando llovía",
        "el barco de {} y el de mi prima {}",
        "¿Dónde está {}? —{} —dijo la tortuga—, ven",
        "un tren: {} y los demás",
    ),
    "he": (
        "{} מצא מפתח בגינה",
        "עפיפון בשביל {} וחברים",
        "הסירה של {}, וגם כלב",
        "תנו ל{} עוגה. {} רץ ו{} קפץ",
        "מכתב מ{} אל החברים",
    ),
}
# And here it is in lower case, as people type: still nothing but a name.
AS_A_NAME_IN_LOWER_CASE = {
    "en": (
        "a zebra called {} in a boat",
        "my brother {} and a zebra",
        "{}'s kite in the wind",
        "{} finds a key",
        "zora and {}, far away",
        "{} and zora in a boat",
    ),
    "es": (
        "una jirafa llamada {} y una oveja",
        "mi hermana {} y una vaca",
        "{} encuentra una llave",
        "zora y {}, muy lejos",
    ),
    "he": (),
}
# The words in {} are no names.
AS_A_WORD = {
    "en": (
        "a garden with a {} and a bee",
        "the little {} in the wood",
        "they saw one old {} there",
        "what {} happen in the wood",
        "Each {} is small. Some {} is far",
    ),
    "es": (
        "un jardín con una {} y un gatito",
        "la pequeña {} del jardín",
        "vieron aquella vieja {} allí",
        "Cada {} es diferente",
    ),
    "he": ("אתמול מצאו את ה{} בגינה", "שם יש הרבה {} ועוד", "פעם היה שם {} אחד קטן"),
}
# In Hebrew, nobody can tell.
AMBIGUOUS = {"en": (), "es": (), "he": ("{} קטן ביער", "הילדים הלכו אל {} גדול", "סיפור על {}")}


def of_child(
    name: str,
    language: str = "en",
    others: tuple[Alias, ...] = (),
    former: tuple[str, ...] = (),
    typed: tuple[str, ...] = (),
) -> Pseudonym:
    stand_in = choose_stand_in(stand_ins(language), [name, *former, *typed])
    return Pseudonym(Alias((name, *former), stand_in), others, language)


def says(text: str, name: str) -> bool:
    """Whether the text has the name as a word, whatever Hebrew joins to it."""
    (word,) = words_of(name)
    return any(re.fullmatch(f"[ובכלמש]{{0,3}}{word}", said) for said in words_of(text))


LANGUAGES = pytest.mark.parametrize("language", NAMES)


def test_the_tables_are_large_enough_to_mean_something() -> None:
    assert min(map(len, NAMES.values())) >= 200


@LANGUAGES
def test_names_that_are_words_are_hidden_where_they_are_names_and_come_back(language: str) -> None:
    told_wrong, lost = [], []
    for name in NAMES[language]:
        typed = _typed(AS_A_NAME, language, name)
        for pseudonym in _everybody(name, language):
            told = [pseudonym.hide(text) for text in typed]
            told_wrong += [text for text in told if says(text, name) or says(text, _plural(name))]
            lost += [text for text in typed if pseudonym.reveal(pseudonym.hide(text)) != text]
    assert told_wrong == []
    assert lost == []


@LANGUAGES
def test_former_names_and_names_in_a_row_are_hidden_alike(language: str) -> None:
    told_wrong = []
    for name in NAMES[language]:
        people = [of_child("Zora", language, former=(name,))]
        if len(name) > 2:
            people += [of_child(row, language) for row in (f"Zora {name}", f"{name} Zora")]
        typed = _typed(AS_A_NAME, language, name)
        told = [pseudonym.hide(text) for pseudonym, text in product(people, typed)]
        told_wrong += [text for text in told if says(text, name)]
    assert told_wrong == []


@LANGUAGES
def test_names_in_lower_case_are_hidden_where_only_names_stand(language: str) -> None:
    told_wrong = []
    for name in NAMES[language]:
        pseudonym = of_child("Zora", language, (Alias((name,), "Tavin"),), typed=(name,))
        typed = _typed(AS_A_NAME_IN_LOWER_CASE, language, name.lower())
        told_wrong += [text for text in map(pseudonym.hide, typed) if says(text, name)]
    assert told_wrong == []


@LANGUAGES
def test_words_that_are_somebodys_name_stay_words(language: str) -> None:
    changed = []
    for name in NAMES[language]:
        typed = _typed(AS_A_WORD, language, name.lower())
        for pseudonym in (of_child(name, language), of_child(f"Zora {name}", language)):
            changed += [text for text in typed if pseudonym.hide(text) != text]
    assert changed == []


@LANGUAGES
def test_what_cannot_be_told_apart_comes_back_as_it_was_typed(language: str) -> None:
    for name in NAMES[language]:
        pseudonym = of_child(name, language)
        for typed in _typed(AMBIGUOUS, language, name):
            assert pseudonym.reveal(pseudonym.hide(typed)) == typed


def _typed(table: dict[str, tuple[str, ...]], language: str, name: str) -> list[str]:
    texts = table[language]
    return [text.replace("{plural}", _plural(name)).replace("{}", name) for text in texts]


def _plural(name: str) -> str:
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"


def _everybody(name: str, language: str) -> tuple[Pseudonym, ...]:
    """Whose name it can be: the hero's, and another's."""
    stand_in = choose_stand_in(other_stand_ins(language), [name])
    return of_child(name, language), of_child("Zora", language, (Alias((name,), stand_in),))


APOSTROPHE = "\u2019"
QUINCES = of_child(
    "Mia Quince",
    "en",
    (
        Alias(("Lena", "Leni"), "Corin"),
        Alias(("Tom Quince",), "Merrin"),
        Alias(("רוני",), "ליאור"),
    ),
)


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("Mia", "Mia and MIA, mia's cat", "Robin and Robin, Robin's cat"),
        ("Mia", "Miami is no name, nor is Amia", "Miami is no name, nor is Amia"),
        ("Mia", "_Mia_ and Mia7", "_Robin_ and Robin7"),
        ("Mia", "M\u200bia waits", "Robin waits"),
        ("Zoë", "Zoe, Zoe\u0308 and ZOË", "Robin, Robin and Robin"),
        ("Zoe", "Zoë waits", "Robin waits"),
        ("D'Arcy", f"D{APOSTROPHE}Arcy, DArcy and Arcy", "Robin, Robin and Robin"),
        ("Anne-Marie", "Anne Marie, AnneMarie, Marie", "Robin, Robin, Robin"),
        ("Bo Li Quince", "Bo or Quince", "Robin or Robin"),
        ("נועה", "כלב לנועה ושל נועה", "כלב לRobin ושל Robin"),
        ("Mia", "כלב לMia ול-Mia", "כלב לRobin ול-Robin"),
    ],
)
def test_a_name_is_hidden_however_it_is_typed(name: str, typed: str, told: str) -> None:
    assert of_child(name, "en").hide(typed) == told


def test_a_hebrew_name_is_hidden_with_its_points() -> None:
    assert of_child("נועה", "he").hide("לְנוֹעָה יש כלב") == "לְדניאל יש כלב"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Robin's hat", "Zoë's hat"),
        ('"ROBIN!" they called', '"ZOË!" they called'),
        ("a robin sang", "a robin sang"),
        ("Robinson sang, and *Robin*", "Robinson sang, and *Zoë*"),
    ],
)
def test_the_name_is_put_in_where_the_stand_in_stands(written: str, shown: str) -> None:
    assert of_child("Zoë", "en").reveal(written) == shown


def test_the_name_is_put_in_after_hebrew_prefixes() -> None:
    assert of_child("נועה", "he").reveal("ולדניאל היה כלב") == "ולנועה היה כלב"


@pytest.mark.parametrize("name", ["Robín", "ROBIN Alex", "Robin Alex Charlie"])
@pytest.mark.parametrize("language", codes())
def test_nobody_goes_by_a_part_of_their_own_name(name: str, language: str) -> None:
    pseudonym = of_child(name, language)
    assert pseudonym.stand_in.casefold() not in name.casefold().replace("í", "i")
    assert pseudonym.hide(name) == pseudonym.stand_in


def test_what_was_hidden_comes_back() -> None:
    pseudonym = of_child("Will", "en")
    assert pseudonym.reveal(pseudonym.hide("Will's kite, and Will")) == "Will's kite, and Will"


def test_a_name_that_the_child_had_before_is_hidden_as_well() -> None:
    renamed = of_child("Zoë", former=("Mia", "Kit"))
    assert renamed.hide("Mia's kite, Kit and Zoe") == "Robin's kite, Robin and Robin"
    assert renamed.reveal("Robin waits") == "Zoë waits"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Mia, LENA's kite and leni", "Robin, Corin's kite and Corin"),
        ("Tom Quince and the Quinces, Mia Quince", "Merrin and the Robins, Robin"),
        ("Quince means all of them", "Robin means all of them"),
        ("Lenas are no Lena-Marie, nor Tomas", "Corins are no Corin-Marie, nor Tomas"),
        ("ולרוני יש כלב, לLena", "ולליאור יש כלב, לCorin"),
    ],
)
def test_everybody_of_the_family_is_hidden_under_a_name_of_their_own(typed: str, told: str) -> None:
    assert QUINCES.hide(typed) == told


def test_everybody_of_the_family_comes_back() -> None:
    written = "Corin's hat! ROBIN and MERRIN, and a corin; ולליאור"
    shown = "Lena's hat! MIA QUINCE and TOM QUINCE, and a corin; ולרוני"
    assert QUINCES.reveal(written) == shown
    assert QUINCES.reveal(QUINCES.hide("Lena, Tom Quince")) == "Lena, Tom Quince"


def test_a_sibling_may_bear_the_heros_stand_in() -> None:
    pseudonym = of_child("Mia", "en", others=(Alias(("Robin",), "Corin"),))
    assert pseudonym.hide("Mia and Robin") == "Robin and Corin"
    assert pseudonym.reveal("Robin and Corin") == "Mia and Robin"


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("A.J.", "a fox who finds a lantern", "a fox who finds a lantern"),
        (
            "A.J.",
            "A. J. and AJ, a.j.'s kite. I am A.J.",
            "Robin and Robin, Robin's kite. I am Robin",
        ),
        ("A.J. Fox", "A.J. and a fox, A.J. Fox", "Robin and a fox, Robin"),
        ("A.M.", "I am a fox. Am I?", "I am a fox. Am I?"),
        ("J", "a jar for J", "a jar for Robin"),
        ("A", "A fox, a cat and Anna", "A fox, a cat and Anna"),
        ("Will", "what will happen in the wood", "what will happen in the wood"),
        ("Will", "Will it rain in the wood?", "Will it rain in the wood?"),
        ("Will", "Will finds what in the wood?", "Robin finds what in the wood?"),
        ("Will", "Will, will you come?", "Robin, will you come?"),
        ("May", "May I see May's garden?", "May I see Robin's garden?"),
        ("Rose", "a garden with a rose", "a garden with a rose"),
        (
            "Rose",
            "a Rose for Rose, some roses and two Roses",
            "a Rose for Robin, some roses and two Robins",
        ),
        ("Rose", "the rose's petals and rose's petals", "the rose's petals and Robin's petals"),
        ("Rose", "a red rose and Mia", "a red rose and Mia"),
        ("Rose May", "a rose may bloom for Rose May", "a rose may bloom for Robin"),
        ("Rose May", "Rose may bloom", "Robin may bloom"),
        ("So", "So they went, and So did", "So they went, and Robin did"),
        ("Marsha", "a trip to marsha", "a trip to Robin"),
    ],
)
def test_english_names_that_are_words(name: str, typed: str, told: str) -> None:
    assert of_child(name).hide(typed) == told


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("Luz", "una luz en el faro de Luz", "una luz en el faro de Ariel"),
        ("León", "el leon y León, dos Leones", "el leon y Ariel, dos Arieles"),
        ("Sol", "¿Ves el sol, Sol? Sol brilla", "¿Ves el sol, Ariel? Ariel brilla"),
        ("Luz del Mar", "la luz del mar y Luz del Mar", "la luz del mar y Ariel"),
        ("Mía", "una amiga mía", "una amiga mía"),
        ("Cruz", "cada Cruz y las dos Cruces", "cada Cruz y las dos Arieles"),
    ],
)
def test_spanish_names_that_are_words(name: str, typed: str, told: str) -> None:
    assert of_child(name, "es").hide(typed) == told


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("ים", "הסירה על הים, כוס מים, מתנה מים", "הסירה על הים, כוס מים, מתנה מדניאל"),
        ("שיר", "ציפור שאוהבת לשיר. מתנה לשיר", "ציפור שאוהבת לשיר. מתנה לדניאל"),
        ("לי", "תספר לי על נועה ולי", "תספר לי על נועה ולי"),
        ("לב", "כלב קטן עם לב", "כלב קטן עם דניאל"),
        ("בן", "בן הלך עם ילד בן שש", "דניאל הלך עם ילד בן שש"),
        ("אור", "ואור ולאור וכשאור", "ודניאל ולדניאל וכשדניאל"),
        ("Rose", "כלב לRose", "כלב לדניאל"),
    ],
)
def test_hebrew_names_that_are_words(name: str, typed: str, told: str) -> None:
    assert of_child(name, "he").hide(typed) == told


def test_a_short_hebrew_word_is_a_name_where_it_is_joined_to_one() -> None:
    pseudonym = of_child("נועה", "he", (Alias(("לי",), "ליאור"),))
    assert pseudonym.hide("תספר לי על נועה ולי") == "תספר לי על דניאל וליאור"


@pytest.mark.parametrize(
    ("name", "written", "shown"),
    [
        ("A.J.", "I am Robin. Robin... Robin", "I am A.J. A.J.... A.J."),
        ("Ruth", '"I am Robin Hood," said Robin', '"I am Robin Hood," said Ruth'),
        ("Ruth", "Robins sang. Two Robins met", "Robins sang. Two Ruths met"),
    ],
)
def test_names_are_put_in_as_they_are_written(name: str, written: str, shown: str) -> None:
    assert of_child(name).reveal(written) == shown


@pytest.mark.parametrize(
    ("typed", "stand_in"),
    [
        ("Robin Hood shares his apples", "Alex"),
        ("an archer in Sherwood", "Alex"),
        ("a robin in the snow", "Alex"),
        ("Mia Hood and alex", "Charlie"),
        ("a boat", "Robin"),
    ],
)
def test_a_stand_in_is_nobody_who_was_typed_and_nobody_famous(typed: str, stand_in: str) -> None:
    assert of_child("Ruth", typed=(typed,)).stand_in == stand_in


def test_every_stand_in_that_is_no_word_is_told_as_one_name() -> None:
    for row in languages():
        for name in (*row.stand_ins, *row.other_stand_ins):
            pseudonym = Pseudonym(Alias(("Zora",), name), language=row.code)
            assert pseudonym.reveal(pseudonym.hide("Zora, zora")) == "Zora, Zora"
