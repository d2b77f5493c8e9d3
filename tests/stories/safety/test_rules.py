"""Rules find whole words however they are disguised, and nothing inside other words."""

import pytest

from stories.safety.layers import AvoidLayer, Passage, RulesLayer
from stories.safety.rules import rule_book
from stories.safety.rules.matching import Lexicon, words_of
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import codes


def _check(text: str, language: str = "en", band: AgeBand = AgeBand.MIDDLE) -> Verdict:
    return RulesLayer(language, band, "prose").examine(Passage(text))


@pytest.mark.parametrize(
    "sentence",
    [
        "The sun was warm, and she got her reward.",
        "He went forward towards the wardrobe.",
        "They sailed from Essex to Sussex and Scunthorpe.",
        "She ate a grape and practised her skills.",
        "A shot of sunlight fell on the grass.",
        "The class passed the bassoon to the assistant.",
        "They killed time until the gun dog came back.",
        "He was a heroine's cousin from Middlesex.",
        "The cockatoo, the peacock and the titmouse sang.",
    ],
)
def test_no_rule_matches_inside_a_word_or_a_harmless_phrase(sentence: str) -> None:
    assert _check(sentence, band=AgeBand.YOUNG).approved, _check(sentence)


def test_what_once_scored_a_perfect_one_is_stopped_at_every_age() -> None:
    text = "He killed the man with a gun, and there was blood everywhere."
    assert {_check(text, band=band).severity for band in AgeBand} == {Severity.HARD}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("he", "האיש רצח את השכן שלו."),
        ("he", "והרוצח ברח מהבית."),
        ("he", "הוא הוציא אקדח וירה באיש."),
        ("es", "El hombre asesinó a su vecino."),
        ("es", "Sacó una pistola y disparó a la mujer."),
        ("en", "The man murdered his neighbour."),
    ],
)
def test_violence_is_caught_in_every_language(language: str, sentence: str) -> None:
    assert _check(sentence, language).severity is Severity.HARD


@pytest.mark.parametrize(
    "disguised",
    [
        "m.u.r.d.e.r",
        "m u r d e r",
        "m-u-r-d-e-r",
        "a m u r d e r",
        "mur-der",
        "m\u200bur\u200dder",
        "mu\u00adrder",
        "murd3r",
        "murdеr",  # noqa: RUF001 - a Cyrillic e is the point
        "ＭＵＲＤＥＲ",  # noqa: RUF001
        "𝓶𝓾𝓻𝓭𝓮𝓻",
        "m\u0336u\u0336r\u0336d\u0336e\u0336r\u0336",
        "múrdér",
        "murrrrder",
        "MURDER",
        "m.u.r.d.3.r",
        "mur#der",
    ],
)
def test_a_disguised_word_is_caught(disguised: str) -> None:
    assert _check(f"They planned {disguised} that night.").rule == "en.violence.cruelty"


@pytest.mark.parametrize("disguised", ["ki11ed", "ki1led", "kiIled", "k!lled"])
def test_an_l_may_be_written_as_a_one_or_a_capital_i(disguised: str) -> None:
    assert _check(f"The man {disguised} him.").rule == "en.violence.killing"


def test_letters_drawn_like_plain_ones_are_no_part_of_a_story() -> None:
    for word in ("ʇıɥs", "ᴋɪʟʟ", "🅺🅸🅻🅻"):  # noqa: RUF001 - the disguise is the point
        assert _check(f"It said {word} on the wall.").category == "script", word


def test_a_brand_is_caught_and_a_word_that_is_also_one_is_not() -> None:
    for brand in ("a LEGO castle", "Harry Potter", "the Pokémon", "new Nike shoes"):
        assert _check(f"They looked at {brand} together.").category == "brands", brand
    for word in (
        "a frozen apple",
        "a swift in the sky",
        "the Amazon",
        "a telegram",
        "a tesla coil",
    ):
        assert _check(f"They looked at {word} together.").approved, word


def test_niqqud_maqaf_and_joined_letters_hide_no_hebrew_word() -> None:
    for sentence in ("רָצַח אֶת אָחִיו.", "והרוצחים ברחו.", "שנרצח־אתמול.", "ר.צ.ח"):
        assert not _check(sentence, "he").approved, sentence


def test_hebrew_words_that_only_look_joined_are_left_alone() -> None:
    for sentence in ("שירה שרה שיר.", "בירה היא עיר.", "הוא נשק לאמא.", "מדמה דמיונות."):
        assert _check(sentence, "he", AgeBand.YOUNG).approved, sentence


@pytest.mark.parametrize(
    "sentence",
    [
        "Estaba estrangulándola cuando entraron.",
        "Te apuñalo si te mueves.",
        "Las degollaron a todas.",
        "Vení sola a mi casa.",
        "No les digas nada a tus papás.",
        "Mandame una foto tuya.",
        "Se emborracharon en la playa.",
        "Me quiero matar.",
    ],
)
def test_spanish_verbs_are_caught_with_their_endings_and_pronouns(sentence: str) -> None:
    assert not _check(sentence, "es", AgeBand.OLDER).approved


@pytest.mark.parametrize(
    "sentence",
    [
        "Se pinchó con el huso y se durmió.",
        "Mamá vino a ver a las niñas.",
        "La oveja probó la hierba nueva.",
        "Me voy a morir de vergüenza.",
        "El tren iba retrasado.",
        "Sin dejar de revolver la sopa, cantaba.",
        "Quítate la ropa mojada y ponte el pijama.",
        "Once patos, once ocas y once gansos.",
        "—Jaque mate —dijo la abuela, y se sirvió otro mate.",
        "Se devanó los sesos y le rugieron las tripas.",
    ],
)
def test_spanish_words_with_two_meanings_are_let_through(sentence: str) -> None:
    assert _check(sentence, "es", AgeBand.YOUNG).approved, _check(sentence, "es", AgeBand.YOUNG)


def test_spanish_rules_find_nothing_in_typed_english() -> None:
    typed = Passage("Put Mat's hat on the mat and rest your chin; no vine, no fume, no mate.")
    assert RulesLayer("es", AgeBand.YOUNG, "input").examine(typed).approved


def test_spanish_tilde_makes_another_word() -> None:
    assert _check("Cumplió diez años este año.", "es", AgeBand.YOUNG).approved


def test_a_hit_says_which_rule_why_and_where() -> None:
    verdict = _check("Then the pistol fell.")
    assert verdict == Verdict(
        severity=Severity.HARD,
        layer="rules",
        rule="en.weapons.firearms",
        category="weapons",
        score=1.0,
        threshold=0.5,
        excerpt="pistol",
    )


def test_the_same_words_weigh_less_for_older_children() -> None:
    order = [Severity.PASS, Severity.SOFT, Severity.HARD]
    for language in codes():
        for rule in rule_book(language).rules.values():
            weights = [order.index(rule.severity(band)) for band in AgeBand]
            assert weights == sorted(weights, reverse=True), rule.id
    sentence = "The demon of the marsh came nearer."
    assert [_check(sentence, band=band).severity for band in AgeBand] == order[::-1]


def test_a_phrase_across_the_border_of_two_sentences_is_caught() -> None:
    layer = RulesLayer("en", AgeBand.OLDER, "prose")
    assert layer.examine(Passage(" Your parents are waiting.")).approved
    verdict = layer.examine(Passage(" your parents about this.", before="Listen: don't tell"))
    assert verdict.category == "grooming"


def test_a_word_cut_in_two_is_caught_when_its_end_arrives() -> None:
    layer = RulesLayer("en", AgeBand.OLDER, "prose")
    assert not layer.examine(Passage("der.", before="It was mur")).approved
    assert not layer.examine(Passage(".d.e.r", before="It was m.u.r")).approved


def test_what_was_already_approved_is_not_judged_again() -> None:
    layer = RulesLayer("en", AgeBand.YOUNG, "prose")
    assert layer.examine(Passage(" The end.", before="He had a gun and a m u r d e r.")).approved


@pytest.mark.parametrize(
    "leftover",
    [
        "<think>The child wants a fox.",
        "</think> Once upon a time.",
        "<|im_start|>assistant",
        "[/INST] Once upon a time.",
        '{"title": "The Fox"}',
        "```json",
        "The fox was **very** brave.",
        "As an AI language model, I love foxes.",
        "The user wants a story about a fox.",
        "The fox said 狐狸.",
        "The fox said привет.",
        "Robin said \\n nothing.",
    ],
)
def test_what_a_prompt_or_a_format_left_behind_is_stopped(leftover: str) -> None:
    assert not _check(leftover, band=AgeBand.OLDER).approved


@pytest.mark.parametrize(
    ("language", "thought"),
    [
        ("en", "Okay, the user asks for a gentle story."),
        ("es", "El usuario quiere un cuento tranquilo."),
        ("he", "המשתמש רוצה סיפור רגוע."),
        *((code, "The user wants a gentle story.") for code in codes()),
    ],
)
def test_a_thought_of_the_users_wish_is_stopped(language: str, thought: str) -> None:
    assert _check(thought, language=language).severity is Severity.HARD


@pytest.mark.parametrize("language", codes())
@pytest.mark.parametrize(
    "detail",
    [
        "fox@example.com",
        "https://example.com",
        "www.example.org",
        "+44 20 7946 0958",
        "(555) 123-4567",
        "052-345-6789",
        "612 345 678",
        "4111 1111 1111 1111",
    ],
)
def test_contact_details_are_stopped_in_every_language(language: str, detail: str) -> None:
    assert _check(f"1, 2: {detail}!", language, AgeBand.OLDER).severity is Severity.HARD


@pytest.mark.parametrize(
    "numbers", ["1,000,000", "1.000.000", "10:45", "12 24", "1969", "3.14159", "2-3", "24/12/1999"]
)
def test_ordinary_numbers_are_no_phone_numbers(numbers: str) -> None:
    assert _check(f"There were {numbers} of them.").approved, _check(numbers)


def test_every_entry_of_the_rules_can_match_what_it_says() -> None:
    for language in codes():
        book = rule_book(language)
        for word in book.vocabulary:
            assert [found.forms[0] for found in words_of(word)] == [word], (language, word)


@pytest.mark.parametrize(
    ("entry", "text", "is_found"),
    [
        ("gun(s)", "two guns", True),
        ("gun(s)", "a gunner", False),
        ("keep it|this secret", "keep this secret", True),
        ("keep it|this secret", "keep that secret", False),
        ("tell my? mum", "tell mum", True),
        ("tell my? mum", "tell my mum", True),
        ("promise ... nobody", "promise me to tell nobody", True),
        ("promise ... nobody", "promise that you will never tell nobody", False),
        ("סוד", "והסוד", True),
        ("=ירה", "שירה", False),
        ("fox", "the fox's den", True),
        ("don't go", "don’t go", True),  # noqa: RUF001
    ],
)
def test_the_language_of_entries(entry: str, text: str, is_found: bool) -> None:
    lexicon = Lexicon()
    lexicon.add(entry, "key")
    assert bool(list(lexicon.find(words_of(text)))) is is_found


@pytest.mark.parametrize(
    ("wish", "text", "is_stopped"),
    [
        ("spiders", "A spider sat down beside her.", True),
        ("spider", "Two spiders danced.", True),
        ("Spiders, ghosts", "The ghost laughed.", True),
        ("cat", "They made a catalogue.", False),
        ("being left alone", "She hated being left alone.", True),
        ("arañas", "Una araña tejía.", True),
        ("עכבישים", "והעכבישים רקדו.", True),
        ("עכבישים", "עכביש אחד רקד.", True),
        ("סערות", "סערה התקרבה אל החוף.", True),
        ("דרקון", "דרקוני האש התעופפו.", True),
        ("כלבים", "הכלב נבח.", True),
        ("חתול", "חתולת הבית ישנה.", True),
        ("גל", "הגלידה נמסה.", False),
        ("spiders", "An s.p.i.d.e.r sat on a sp1der.", True),
        ("fairies", "A fairy sang.", True),
        ("  ", "Anything at all.", False),
        ("!!!", "Anything at all!!!", False),
    ],
)
def test_what_a_family_avoids_is_found_as_whole_words(
    wish: str, text: str, is_stopped: bool
) -> None:
    verdict = AvoidLayer([wish]).examine(Passage(text))
    assert verdict.approved is not is_stopped
    assert verdict.layer == "family"
