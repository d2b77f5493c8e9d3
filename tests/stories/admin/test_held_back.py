"""The record of each text that a real run holds back: how much of it readers saw, and what the
chapter has in its place."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from children.models import Child
from stories.infra.db import in_database
from stories.models import Chapter, SafetyFinding
from testkit.hosts import words
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)

GUARD = "llama-guard3:1b"
TEXT = "Robin walked to the old mill. A lantern hung there, and a snail slept on the wall."
GORE = "He had a gun and blood was everywhere."
CRUDE = "That grumpy old goat was a big sucker and a jerk."
KINDER = "The old pig looked at it for a long time."
DARK = "Nobody in the deep well called out to them any more."
NOTES = {
    "title": "The Deep Cold Well",
    "question": "Who is down there?",
    "choices": [
        {"text": "Call into the Cold Well", "description": "It is far down."},
        {"text": "Go home", "description": "It is late."},
    ],
    "vocabulary": [{"word": "walked", "meaning": "went to a Cold Well"}],
    "summary": "Robin found the Cold Well.",
    "educational_elements": ["How deep a Cold Well is"],
}


async def held_in_a_run(api: Client, mia: Child) -> dict[str, SafetyFinding]:
    """Text held back in a whole run, by its field; of equals the first."""
    await api.frames(events_of(await start(api, mia)))
    return await in_database(
        lambda: {f.field: f for f in SafetyFinding.objects.order_by("-pk")}  # the first stays
    )


def expected_notes(chapter: Chapter) -> dict[str, list[str]]:
    """The chapter's notes that a finding has to tell, by field, as the storyteller knows it."""

    def hide(text: str) -> str:
        return text.replace("Mia", "Robin")

    return {
        "title": [hide(chapter.title)],
        "question": [hide(chapter.question)],
        "choice": [f"{hide(c.text)}. {hide(c.description)}" for c in chapter.choices.all()],
        "vocabulary": [f"{w['word']}: {w['meaning']}" for w in chapter.vocabulary],
        "summary": [chapter.summary],
        "learning": list(chapter.educational_elements),
    }


@pytest.mark.parametrize("layer", ["rules", "guard"])
async def test_every_note_that_was_held_back_keeps_what_the_chapter_has_in_its_place(
    api: Client, mia: Child, storyteller: OllamaServer, settings: Settings, layer: str
) -> None:
    notes: Any = NOTES
    if layer == "guard":
        settings.GUARD_MODEL = GUARD
        storyteller.models.append(GUARD)
    else:
        notes = {
            **NOTES,
            "title": GORE,
            "question": f"Why? {GORE}",
            "choices": [
                {"text": f"Run. {GORE}"},
                {"text": "Go home", "description": "It is late."},
            ],
            "vocabulary": [{"word": "walked", "meaning": "blood and a gun"}],
            "summary": f"In short: {GORE}",
            "educational_elements": [f"Also: {GORE}"],
        }
    storyteller.script(
        prose=TEXT,
        structured=notes,
        guard=lambda call: "unsafe\nS1" if "Cold Well" in call.messages[-1]["content"] else "safe",
    )
    held = await held_in_a_run(api, mia)
    chapter = await in_database(Chapter.objects.get)
    stands = await in_database(expected_notes, chapter)
    told = ["title", "choice", "vocabulary", "summary", "learning"]
    told += ["question"] if layer == "rules" else []
    assert {*held} == {*told}
    for field in told:
        assert held[field].layer == layer
        assert held[field].replacement == "\n".join(stands[field]) != "", field
        assert held[field].seen_length == 0
    assert "Cold Well" not in str(stands)


async def test_a_judged_chapter_was_seen_and_keeps_the_version_that_came_next(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    grave = {"problem": "fear", "weight": 3}
    storyteller.script(prose=[f"{DARK} {TEXT}", TEXT], judge=[grave])
    held = (await held_in_a_run(api, mia))["chapter"]
    assert held.text == f"{DARK} {TEXT}" == held.text[: held.seen_length]
    assert held.replacement == TEXT


@pytest.mark.parametrize("shows_unchecked_words", [True, False])
async def test_a_sentence_that_was_seen_word_by_word_before_it_was_stopped_says_so(
    api: Client,
    mia: Child,
    storyteller: OllamaServer,
    settings: Settings,
    *,
    shows_unchecked_words: bool,
) -> None:
    settings.SHOWS_UNCHECKED_WORDS = shows_unchecked_words
    storyteller.cut = words
    storyteller.script(prose=f"{TEXT} {CRUDE} {TEXT}", rewording=KINDER)
    held = (await held_in_a_run(api, mia))["prose"]
    assert held.layer == "classifier"
    seen = held.text[: held.seen_length]
    assert CRUDE.startswith(seen)
    assert (len(seen.split()) > 5) is shows_unchecked_words
    assert held.replacement == KINDER


@pytest.mark.parametrize("shows_unchecked_words", [True, False])
async def test_a_paragraph_that_was_seen_before_the_guard_stopped_it_was_seen_whole(
    api: Client,
    mia: Child,
    storyteller: OllamaServer,
    settings: Settings,
    *,
    shows_unchecked_words: bool,
) -> None:
    settings.SHOWS_UNCHECKED_WORDS = shows_unchecked_words
    settings.GUARD_MODEL = GUARD
    storyteller.models.append(GUARD)
    storyteller.cut = words
    storyteller.script(
        prose=[f"{TEXT}\n\n{DARK}", f"So {TEXT}"],
        guard=lambda call: "unsafe\nS1" if DARK in call.messages[-1]["content"] else "safe",
    )
    held = (await held_in_a_run(api, mia))["prose"]
    assert (held.layer, held.text) == ("guard", DARK)
    assert held.seen_length == (len(DARK) if shows_unchecked_words else 0)
    assert held.replacement.startswith("So Robin")
