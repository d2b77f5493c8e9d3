"""A finished chapter is stored whatever its notes are like, and an error of the database that is
ours ends its run at once, while one that is the database's leaves it to be taken over."""

import logging
from typing import Any

import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
)

from children.models import Child, User
from stories.execution import engine
from stories.generations import NewStory, leases, outcomes, start_story
from stories.generations.writers import Writer
from stories.infra.db import in_database
from stories.models import HOST_LENGTH, MODEL_LENGTH, Chapter, Choice, Generation
from stories.vocabulary.note_lengths import CHOICE, CHOICE_DESCRIPTION, QUESTION, TITLE
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame
from tests.factories.callers import caller
from tests.statements import before
from tests.streams import events_of, start

pytestmark = pytest.mark.django_db(transaction=True)

LONG_NAME = "Maximiliana Alexandrina"
SECRET = "quotes the row"


@pytest.fixture
def queued(mia: Child, alice: User, ollama: OllamaServer) -> Generation:
    return start_story(caller(alice), NewStory(child=mia, theme="a fox")).generation


def grown(length: int, *, words: str = "Robin asks the owl and ") -> str:
    """A note that is as long as it may be while the hero goes by the stand-in name."""
    return (words * length)[: length - 1].strip() + "."


async def test_notes_that_outgrow_their_columns_as_a_long_name_is_put_in_are_cut_at_a_word(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    await Child.objects.aupdate(name=LONG_NAME)
    choice = {"text": grown(CHOICE.accepted), "description": grown(CHOICE_DESCRIPTION.accepted)}
    notes: dict[str, Any] = {
        "title": grown(TITLE.accepted),
        "question": grown(QUESTION.accepted, words="Robin, Robin "),
        "choices": [choice, {"text": "Go home", "description": "Robin is tired."}],
    }
    # The host's stand-in keeps to the schema: what does not is saved from the raw answer.
    storyteller.script(prose="Robin found a lantern. It shone.", structured=notes)
    frames = await api.frames(events_of(await start(api, mia)))
    assert frames[-1].type == "complete"
    generation = await Generation.objects.aget()
    assert (generation.status, generation.attempts) == ("completed", 1)
    chapter, first = await Chapter.objects.aget(), await Choice.objects.aget(position=0)
    cut = {chapter.title: 120, chapter.question: 300, first.text: 300, first.description: 300}
    for text, length in cut.items():
        assert LONG_NAME in text
        assert text.endswith("\u2026")
        assert length - len(LONG_NAME) < len(text) <= length
    assert frames[-1].data["choices"][0]["text"] == first.text


async def test_the_name_of_a_model_is_noted_however_long_it_is(queued: Generation) -> None:
    claim = (await in_database(leases.claim_next, 1)).claim
    assert claim is not None
    writer = Writer(
        host="http://127.0.0.1:1/" + "x" * 400,
        provider="ollama",
        model="registry.example/" + "x" * 400,
        writing="prose",
        has_failed=False,
    )
    await in_database(outcomes.note_writer, claim, writer)
    noted = await Generation.objects.aget()
    assert (len(noted.model), len(noted.host)) == (MODEL_LENGTH, HOST_LENGTH)


@pytest.mark.parametrize("kind", [DataError, IntegrityError, ProgrammingError])
@pytest.mark.parametrize("table", ["stories_chapter", "stories_generationevent"])
async def test_an_error_of_ours_ends_the_run_at_once_and_is_logged_once_by_its_type(
    api: Client,
    queued: Generation,
    caplog: pytest.LogCaptureFixture,
    kind: type[DatabaseError],
    table: str,
) -> None:
    frames = await told_with(kind, table, api, queued)
    assert (frames[-1].type, frames[-1].data["code"]) == ("error", "WORKFLOW_ERROR")
    generation = await Generation.objects.aget()
    assert (generation.status, generation.attempts) == ("failed", 1)
    assert kind.__name__ in generation.error_detail
    said = [record for record in caplog.records if kind.__name__ in record.getMessage()]
    assert [record.levelno for record in said] == [logging.ERROR]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
async def test_a_database_that_is_away_leaves_the_run_to_be_taken_over(
    api: Client, queued: Generation, settings: Any, kind: type[DatabaseError]
) -> None:
    settings.LEASE_SECONDS = 1.0
    frames = await told_with(kind, "stories_chapter", api, queued)
    assert frames[-1].type == "complete"
    assert (await Generation.objects.aget()).attempts == 2


async def told_with(
    kind: type[DatabaseError], table: str, api: Client, queued: Generation
) -> list[Frame]:
    """The frames of a run in which the first insertion into this table fails."""

    def fail() -> None:
        raise kind(SECRET)

    async with before(verb_of(table), table, fail):
        engine.start()
        frames = await api.frames(f"/generations/{queued.pk}/events")
        await engine.shut_down()
    return frames


def verb_of(table: str) -> str:
    is_log = table == "stories_generationevent"
    return "WITH" if is_log and connection.vendor == "postgresql" else "INSERT"
