"""Sentences end in one way, in finished texts and in arriving ones, here and in the browser."""

import json
import time
from typing import Any

import pytest

from stories.safety.prose import sentences_of
from stories.safety.sentences import split, starts_of
from testkit.app import ROOT

TABLE = json.loads((ROOT / "tests" / "sentence_ends.json").read_text("utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=[f"{row['language']} {row['why']}" for row in TABLE])
def test_a_text_is_split_as_the_table_that_the_browser_shares_has_it(row: dict[str, Any]) -> None:
    assert split(row["text"], row["language"]) == row["sentences"]
    arrived = sentences_of(row["text"], row["language"])
    assert [sentence.strip() for sentence in arrived] == row["sentences"]


def test_a_paragraphs_end_ends_a_sentence_and_nothing_is_lost_between_them() -> None:
    text = '  The Lantern\n\nA fox ran home. "Stop!" said the owl.\nIt hid'
    assert split(text, "en-GB") == [
        "The Lantern",
        "A fox ran home.",
        '"Stop!" said the owl.',
        "It hid",
    ]
    assert "".join(text.split()) == "".join("".join(split(text, "en")).split())
    assert split(" \n", "en") == []


@pytest.mark.parametrize("piece", ["word ", '."', "a. ", "\u2026 ", "X. ", "\n", "a"])
def test_a_text_without_a_border_is_split_in_linear_time(piece: str) -> None:
    text = piece * 20_000
    began_at = time.monotonic()
    list(starts_of(text, "en"))
    assert time.monotonic() - began_at < 10
