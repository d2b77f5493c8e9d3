"""Words of a text and their times, where the voice reads them otherwise than they are written."""

from stories.narration.words import Said, word_times


def spoken(*words: str) -> list[Said]:
    """Each takes a second."""
    return [Said(word, float(index), index + 1.0) for index, word in enumerate(words)]


def heard(text: str, *words: str) -> list[tuple[str, float, float]]:
    return [
        (marked(text, word.start, word.length), word.begins, word.ends)
        for word in word_times(text, spoken(*words))
    ]


def marked(text: str, start: int, length: int) -> str:
    """As a browser cuts a text."""
    return text.encode("utf-16-le")[2 * start : 2 * (start + length)].decode("utf-16-le")


def test_each_word_has_its_own_time_and_no_marks_around_it() -> None:
    assert heard("“Look!” said Mia.", "Look!", "said", "Mia.") == [
        ("Look", 0.0, 1.0),
        ("said", 1.0, 2.0),
        ("Mia", 2.0, 3.0),
    ]


def test_a_word_that_is_read_as_two_has_the_time_of_both() -> None:
    assert heard("At 7:30 they left.", "At", "seven", "thirty", "they", "left.") == [
        ("At", 0.0, 1.0),
        ("7:30", 1.0, 3.0),
        ("they", 3.0, 4.0),
        ("left", 4.0, 5.0),
    ]


def test_words_that_are_read_as_one_share_its_time_by_their_length() -> None:
    assert heard("so ice cream it is", "so", "icecream", "it", "is")[1:3] == [
        ("ice", 1.0, 1.375),
        ("cream", 1.375, 2.0),
    ]


def test_a_word_that_is_not_heard_has_no_time() -> None:
    assert [word for word, *_ in heard("Mia (hm) ran", "Mia", "ran")] == ["Mia", "ran"]


def test_kinds_of_quotes_and_apostrophes_make_no_difference() -> None:
    text = "It\u2019s Noah\u2019s."
    assert [word for word, *_ in heard(text, "it's", "Noah's.")] == text.strip(".").split()


def test_places_count_as_browsers_do_where_a_letter_takes_two_units() -> None:
    assert heard("🦊🦊 Mia ran", "Mia", "ran") == [("Mia", 0.0, 1.0), ("ran", 1.0, 2.0)]


def test_a_text_without_words_has_none() -> None:
    assert word_times("* * *", []) == []
