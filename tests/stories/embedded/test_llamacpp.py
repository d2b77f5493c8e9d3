"""A real host with OpenAI's API: llama.cpp's own server, with the small model. It is started once,
and its model tried out once, for all tests here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from stories import llm
from stories.embedded import catalog, server
from stories.llm.faults import HOST_ERRORS
from stories.safety.gate import Gate
from stories.safety.guard import Dialect, Guard, dialect_of
from stories.safety.layers import Passage
from stories.safety.verdict import Severity
from stories.vocabulary.brief import AgeBand
from stories.workflow.resources import ChapterResources
from tests.stories.workflow.studio import Reading, a_brief

SMALL = catalog.SMALL.path_in(django_settings.DATA_DIR / "models")
BYTES_OF_TENSORS = "96576768"
PARAGRAPH = Passage("The fox put the lantern on the step and smiled.")
# The small model is no guard; a grammar leaves it one word, and whatever the host puts before it.
ONLY_SAFE = {"grammar": 'root ::= "safe"'}


@pytest.fixture(scope="module")
def running_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("llamacpp")


@pytest.fixture(scope="module")
def running(running_in: Path) -> Iterator[server.Endpoint]:
    assert catalog.SMALL.is_in(SMALL.parent), "`python manage.py fetch_model --small` comes first"
    yield server.attach(running_in, [SMALL])
    server.stop(running_in)


@pytest.fixture
def llamacpp(running: server.Endpoint, settings: Settings) -> server.Endpoint:
    """As somebody's own server, of which the app knows no more than its address and key."""
    settings.LLM_PROVIDER = "openai"
    settings.OPENAI_BASE_URL = f"{running.url}/v1"
    settings.OPENAI_API_KEY = running.api_key
    settings.OPENAI_MODEL = SMALL.stem
    return running


async def test_a_chapter_comes_out_and_nothing_had_to_be_left_out(
    llamacpp: server.Endpoint,
) -> None:
    models = await llm.open_models()
    assert models.trial.writes
    assert models.trial.schema == "honoured"
    assert models.trial.support.left_out == ()
    assert models.profile.context_tokens == server.CONTEXT_TOKENS // server.SLOTS
    brief = a_brief(age=3)
    resources = ChapterResources(
        models.profile,
        models.writer,
        models.editor,
        Gate(brief.language, brief.checked_as, brief.avoid),
        HOST_ERRORS,
        min_length_percent=0,
    )
    reading = await Reading().of(brief, resources)
    assert reading.draft.text == reading.text
    assert reading.draft.measures.sentence_count > 3


@pytest.mark.skipif(not Path("/proc/self/environ").is_file(), reason="Linux tells environments")
def test_its_threads_wait_asleep(running: server.Endpoint, running_in: Path) -> None:
    pid = (running_in / "server.lock").read_text()
    environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
    assert "OMP_WAIT_POLICY=passive" in environment
    assert running.is_alive()


async def test_its_list_tells_the_models_size_by_which_the_model_is_known_again(
    llamacpp: server.Endpoint,
) -> None:
    status = await llm.status()
    assert (status.name, status.notes) == (SMALL.stem, ())
    assert status.writing != "prose"
    ((*_, version),) = status.keys
    assert version == BYTES_OF_TENSORS


async def test_a_wrong_key_and_a_name_that_it_does_not_list_are_told_at_the_start(
    llamacpp: server.Endpoint, settings: Settings
) -> None:
    settings.OPENAI_MODEL = "another"
    assert "'another' is not among" in "".join((await llm.status()).notes)
    settings.OPENAI_API_KEY = "guessed"
    assert "answers 401" in (await llm.status()).problem


async def test_a_guard_hears_the_paragraph_from_the_user(
    llamacpp: server.Endpoint, settings: Settings
) -> None:
    """Said by the assistant, it would be the beginning of the guard's answer."""
    settings.GUARD_MODEL = "llama-guard3"
    guard = (await llm.open_models()).guard_for(AgeBand.MIDDLE)
    assert guard is not None
    llama_guard = dialect_of("llama-guard3")
    assert llama_guard is not None
    assert (await _asked(guard, guard.dialect)).severity is Severity.PASS
    assert (await _asked(guard, llama_guard)).rule == "guard.failed"


async def _asked(guard: Guard, dialect: Dialect) -> Any:
    model = guard.model.model_copy(update={"extra_body": ONLY_SAFE})
    return await Guard(model, dialect, guard.band, seconds=60.0).examine(PARAGRAPH)
