# ruff: noqa: RUF001 - letters and quotes of three languages
"""Raw model output becomes whole, clean sentences, however it was cut into pieces."""

import random
import unicodedata

import pytest

from stories.safety.prose import Aside, ProseStream
from stories.safety.sentences import SentenceSplitter


def _sentences(
    raw: str, language: str = "en", *, size: int | None = None, continues: bool = False
) -> list[str]:
    stream = ProseStream(language, continues=continues)
    pieces = [raw] if size is None else [raw[at : at + size] for at in range(0, len(raw), size)]
    return [sentence for piece in pieces for sentence in stream.feed(piece)] + stream.finish()


def _text(raw: str, language: str = "en") -> str:
    return "".join(_sentences(raw, language))


SAMPLES = [
    ("en", 'Once, Mr. Fox ran 3.5 miles. "Stop!" said the owl. "Why?!" He hid... And so on'),
    (
        "en",
        "<think>A fox, <think>or</think> two?</think>**The Fox**\n\nA fox ran. It hid.<|im_end|>",
    ),
    (
        "en",
        "Sure! Here is the story:\n\n# Chapter 1: The Wood\n\nRobin *ran* `home`.\n- It rained.",
    ),
    ("en", "```text\nTitle: The Fox\nAssistant: A fox ran.\n---\n1. It hid.\nUser: more please"),
    (
        "en",
        "All 👨\u200d👩\u200d👧 ran. 🦊 E\u0301clairs! \ud83e\udd8a Done. 3 < 4. <b>Fox</b>.",
    ),
    ("en", "A fox ran on, " + "and on, " * 90 + "until it slept. Then " + "it ran and " * 60),
    (
        "en",
        (
            "<|channel|>analysis<|message|>Plan.<|end|><|start|>assistant<|channel|>final<|message|>"
            "A fox ran. It hid."
        ),
    ),
    ("en", "\n analysisWe need a fox.assistantfinalA fox ran. It hid."),
    ("en", "analysis of foxes came first. Then they ran."),
    ("en", "Thoughts of mine. More\n</think>\nOnce upon a time. [INST] no"),
    ("en", '"Once upon a time there was a fox. It was happy."'),
    (
        "es",
        "¡Claro! Aquí tienes la historia:\n\nCapítulo 1: El bosque\n\n—¡Alto! —dijo. ¿Quién? Yo.",
    ),
    ("he", 'הנה הסיפור:\n\nפרק א: היער\n\n"עצור!" אמר השועל. ״מי שם?״ שאלה רותי. צה״ל בא.'),
    ("en", "a\rb\r\nc\u2028d\u00a0e\tf.  \u200bG\u200d\u202eh\u0000i. \ufffdJ."),
]


@pytest.mark.parametrize(("language", "raw"), SAMPLES)
def test_the_cut_into_pieces_makes_no_difference(language: str, raw: str) -> None:
    whole = _sentences(raw, language)
    assert whole
    for size in (1, 2, 3, 5, 7):
        assert _sentences(raw, language, size=size) == whole


def test_no_mixture_of_markup_depends_on_how_it_was_cut() -> None:
    chance = random.Random(7)
    parts = [
        "<think>",
        "</think>",
        "<|channel|>",
        "<|message|>",
        "final",
        "analysis",
        "<",
        ">",
        "[",
        "]",
        "**",
        "#",
        "\n",
        "\n\n",
        " ",
        ". ",
        '"',
        "!",
    ]
    parts += ["Chapter 1", ": ", "- ", "```", "<|im_end|>", "Fox ran", "fox", "é", "🦊", "Mr.", "…"]
    parts += ["Sure! ", "Here is the story", "User:", "\u200d", "\u0301", "צעק", "—", "¿", "1. "]
    for _ in range(400):
        raw = "".join(chance.choices(parts, k=30))
        language = chance.choice(["en", "es", "he"])
        whole = _sentences(raw, language)
        assert _sentences(raw, language, size=1) == whole, raw
        text = "".join(whole)
        assert text == text.strip()
        assert "\n\n\n" not in text
        assert "  " not in text


@pytest.mark.parametrize(("language", "raw"), SAMPLES)
def test_each_sentence_but_the_first_starts_with_its_separator(language: str, raw: str) -> None:
    first, *others = _sentences(raw, language)
    assert first == first.strip()
    for sentence in others:
        assert sentence.startswith((" ", "\n\n"))
        assert sentence.lstrip() == sentence.removeprefix("\n\n").removeprefix(" ")
        assert sentence == sentence.rstrip()


def test_an_answer_that_continues_a_chapter_starts_a_paragraph() -> None:
    assert _sentences("It ran. It hid.", continues=True) == ["\n\nIt ran.", " It hid."]


def test_a_sentence_is_released_with_the_first_letter_of_the_next() -> None:
    stream = ProseStream("en")
    assert stream.feed("The little fox ran all the way home. ") == []
    assert stream.feed("T") == ["The little fox ran all the way home."]


@pytest.mark.parametrize(
    ("language", "raw", "sentences"),
    [
        ("en", '"Stop!" said the fox. It ran.', ['"Stop!" said the fox.', " It ran."]),
        ("en", '"Stop!" "Go!" It ran.', ['"Stop!"', ' "Go!"', " It ran."]),
        ("en", "Mr. Fox met Mrs. Hen, e.g. at 3.5 St. Ives.", None),
        ("en", "J. R. Fox came. It was I. So.", ["J. R. Fox came.", " It was I.", " So."]),
        ("en", "He waited... and waited… until it came.", None),
        ("en", "What?! (Really?) Yes.", ["What?!", " (Really?)", " Yes."]),
        ("en", "It ran. 🦊 It hid.", ["It ran. 🦊", " It hid."]),
        ("es", "—¡Alto! —dijo el zorro. Corrió.", ["—¡Alto! —dijo el zorro.", " Corrió."]),
        ("es", "El Sr. Pato y Dña. Oca. ¿Quién es? ¡Yo!", None),
        ("he", '"עצור!" אמר השועל. הוא רץ.', ['"עצור!" אמר השועל.', " הוא רץ."]),
        ("he", "״מי שם?״ שאלה רותי. ״אני.״ הוא נכנס.", None),
    ],
)
def test_where_sentences_end(language: str, raw: str, sentences: list[str] | None) -> None:
    found = _sentences(raw, language)
    assert "".join(found) == raw
    if sentences is not None:
        assert found == sentences


def test_spanish_titles_end_no_sentence() -> None:
    assert _sentences("El Sr. Pato y la Dña. Oca rieron.", "es") == [
        "El Sr. Pato y la Dña. Oca rieron."
    ]


@pytest.mark.parametrize(
    "raw",
    [
        "<think>A plan. Another.</think>The fox ran.",
        "<think>A <think>nested</think> plan.</think>The fox ran.",
        "<thinking mode='x'>A plan.</thinking>\n\nThe fox ran.",
        "I should write of a fox</think>The fox ran.",
        (
            "<|channel|>analysis<|message|>A plan.<|end|>"
            "<|start|>assistant<|channel|>final<|message|>The fox ran.<|return|>"
        ),
        "<|start|>assistant<|channel|>final<|message|>The fox ran.",
        "analysisWe need a fox. So be it.assistantfinalThe fox ran.",
        "<|im_start|>assistant\nThe fox ran.<|im_end|>",
        "<s>The fox ran.</s> And more that is not for us.",
        "The fox ran.<|eot_id|><|start_header_id|>user<|end_header_id|>More.",
        "[/INST] The fox ran.",
        "The fox ran. [INST] Write more. [/INST] Yes.",
        "<<SYS>>The fox ran.",
        "```\nThe fox ran.\n```",
        "```markdown\nThe fox ran.\n```",
        "# The Fox\n\nThe fox ran.",
        "### Chapter 1: Foxes\nThe fox ran.",
        "Chapter 1: Foxes\n\nThe fox ran.",
        "**Chapter One**\n\nThe fox ran.",
        "Chapter 2 - Who Ran?\n\nThe fox ran.",
        "Title: A Fox's Day\n\nThe fox ran.",
        "**Title:** A Fox's Day\n\nThe fox ran.",
        "The Brave Little Fox\n\nThe fox ran.",
        "The Brave Little Fox\nThe fox ran.",
        "**The Brave Little Fox**\nThe fox ran.",
        "Assistant: The fox ran.",
        "Storyteller: The fox ran.",
        "Sure! Here is the story:\n\nThe fox ran.",
        "Of course! Here's a chapter about a fox:\nThe fox ran.",
        "Here is the story: The fox ran.",
        "Okay!\n\nThe fox ran.",
        "The *fox* **ran**.",
        "_The fox ran._",
        "- The fox ran.",
        "1. The fox ran.",
        "> The fox ran.",
        "The fox ran.\n\n---\n\n***",
        "The fox ran.\n\nUser: and then?",
        "<p>The <b>fox</b> ran.</p>",
        "The\u200b fox\u200f ran\ufeff.",
        "\n\n\n  The   fox\u00a0ran.\n\n\n\n",
        "The fox ran. It was the last",
        "The fox ran.<think>Shall I go on? Yes.",
        "The fox ran. <thi",
    ],
)
def test_only_the_story_is_left(raw: str) -> None:
    assert _text(raw) == "The fox ran."


@pytest.mark.parametrize(
    ("language", "raw"),
    [
        ("es", "¡Claro! Aquí tienes la historia:\n\nEl zorro corrió."),
        ("es", "Capítulo 1: El bosque\n\nEl zorro corrió."),
        ("es", "Título: El bosque\nEl zorro corrió."),
        ("he", "הנה הסיפור:\n\nהשועל רץ."),
        ("he", "פרק ראשון: היער\n\nהשועל רץ."),
        ("he", "כותרת: היער\nהשועל רץ."),
    ],
)
def test_headings_and_introductions_go_in_every_language(language: str, raw: str) -> None:
    assert _text(raw, language) in {"El zorro corrió.", "השועל רץ."}


@pytest.mark.parametrize(
    "raw",
    [
        "Sure enough, the fox ran.",
        "Here is a fox that ran.",
        "Chapter and verse, the fox knew it all.",
        "Part of the wood was dark.",
        "I saw 3 < 4 written there.",
        "The sign said [KEEP OUT] in red.",
        "Okay, thought the fox, and ran.",
        "One day the fox ran.",
        "1984 foxes ran.",
        "System by system, the robot woke up.",
        "Great foxes ran through the wood here.",
    ],
)
def test_prose_that_only_begins_like_a_label_stays(raw: str) -> None:
    assert _text(raw) == raw


def test_spanish_dialogue_keeps_its_dashes() -> None:
    assert _text("- Hola -dijo ella.\n- Adiós.", "es") == "—Hola -dijo ella.\n\n—Adiós."


def test_a_whole_story_in_quotes_loses_them_and_dialogue_keeps_its_own() -> None:
    assert _text('"Once upon a time a fox ran. It hid."') == "Once upon a time a fox ran. It hid."
    assert _text('"Once," said the fox, "I ran."') == '"Once," said the fox, "I ran."'


def test_runaway_characters_are_cut_short() -> None:
    text = _text('He said """""" and ' + "a" * 5000 + "!!!!!!!!!!!!" + "\n" * 50 + "Then he left.")
    assert text == 'He said " and aaaaaaaa!!!\n\nThen he left.'


def test_a_halved_emoji_is_mended_and_a_lone_half_is_dropped() -> None:
    stream = ProseStream("en")
    sentences = (
        stream.feed("A fox \ud83e") + stream.feed("\udd8a ran \ud83e away.") + stream.finish()
    )
    assert sentences == ["A fox 🦊 ran away."]


def test_the_text_is_in_composed_form() -> None:
    text = _text("An e\u0301clair fell.")
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize("filler", ["and it ran on, ", "and it ran on ", "x1y2z3"])
def test_a_sentence_without_an_end_is_released_in_bounded_parts(filler: str) -> None:
    stream = ProseStream("en")
    fed = released = 0
    for _ in range(3000):
        fed += len(filler)
        released += sum(map(len, stream.feed(filler)))
        assert fed - released <= SentenceSplitter.MAX_CHARACTERS + 100
    assert all(
        len(sentence) <= SentenceSplitter.MAX_CHARACTERS + 10 for sentence in stream.finish()
    )


def test_a_long_sentence_breaks_after_a_clause_and_is_closed_if_it_never_ends() -> None:
    sentences = _sentences("Once " + "the fox ran on and on, " * 30 + "and then")
    assert all(sentence.endswith((",", "…")) for sentence in sentences)
    assert sentences[-1].endswith("…")
    assert len(sentences) > 2


@pytest.mark.parametrize(
    "raw", ["", " \n ", "<think>", "The fox", "The Fox\n\n", "🦊", "#", "\u200b"]
)
def test_output_without_a_sentence_gives_none(raw: str) -> None:
    assert _sentences(raw) == []


def test_the_whole_part_of_an_unfinished_sentence_is_kept() -> None:
    assert _text('It ran. "Stop!" said the') == 'It ran. "Stop!"'


THOUGHT = "The user wants a fox. A red one, perhaps."
THREE = "A fox ran. It hid. It slept."


def _aside_in(said: str) -> Aside | None:
    asides = {"user": Aside.THOUGHT, "perhaps": Aside.PLAN, "Hm.": Aside.PAUSE}
    return next((aside for word, aside in asides.items() if word in said), None)


def _after_thoughts(raw: str, size: int) -> tuple[list[str], list[str]]:
    """The sentences that came before the answer's end, and those at its end."""
    stream = ProseStream("en", aside_in=_aside_in)
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    return [sentence for piece in pieces for sentence in stream.feed(piece)], stream.finish()


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_thoughts_of_which_only_their_end_tells_are_dropped(size: int) -> None:
    raw = f"{THOUGHT}\n</think>\n\nSure! Here is the story:\n\nThe Fox\n\nA fox ran. It hid. "
    sentences, rest = _after_thoughts(raw, size)
    assert "".join([*sentences, *rest]).strip() == "A fox ran. It hid."


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("raw", "story"),
    [
        (f"{THOUGHT} A fox ran. It hid.", "A fox ran. It hid."),
        (f"Hm. Hm. {THOUGHT}\n\nA fox ran.", "A fox ran."),
        (f"{THOUGHT} It runs. It hides. {THOUGHT}\n\nA fox ran.", "A fox ran."),
        (
            f"{THOUGHT} A fox ran. It hid. It slept. {THOUGHT}",
            f"A fox ran. It hid. It slept. {THOUGHT}",
        ),
        (THOUGHT, ""),
        (f"Hm. {THOUGHT} It runs. Hm.", ""),
    ],
)
def test_thoughts_without_an_end_are_dropped_at_the_end_of_the_answer(
    raw: str, story: str, size: int
) -> None:
    sentences, rest = _after_thoughts(raw, size)
    assert sentences == []
    assert "".join(rest) == story


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_after_a_pause_the_next_sentence_tells(size: int) -> None:
    sentences, _ = _after_thoughts("Hm. It runs and runs through the wood. A fox ran. ", size)
    assert sentences[:2] == ["Hm.", " It runs and runs through the wood."]
    assert _after_thoughts("Hm.", size) == ([], ["Hm."])


def test_words_of_an_unfinished_thought_are_not_known() -> None:
    stream = ProseStream("en", aside_in=_aside_in)
    stream.feed("The user wants a fox and ")
    assert stream.begun == ""


def test_an_answer_that_begins_with_no_thought_waits_for_nothing() -> None:
    sentences, rest = _after_thoughts("A fox ran. The user hid. It slept.", 1)
    assert (sentences, rest) == (["A fox ran.", " The user hid."], [" It slept."])
