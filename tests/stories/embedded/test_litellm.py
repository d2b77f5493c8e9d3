"""A real proxy: LiteLLM's, before llama.cpp's own server with the small model, before a stand-in
that refuses parameters, and before a host that is away. Both are started once for all tests here.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from stories import llm
from stories.embedded import catalog, server
from stories.llm.clients import clients_of
from stories.llm.faults import HOST_ERRORS
from stories.llm.hosts import find
from stories.llm.support import Support
from stories.safety.gate import Gate
from stories.vocabulary.errors import ContextTooLong, ModelRefused, ModelUnavailable, told_to_staff
from stories.workflow.resources import ChapterResources
from testkit.hosts import Quirk
from testkit.litellm import KEY, Behind, LiteLLM
from testkit.openai.server import OpenAIServer
from testkit.ports import free_port
from tests.isolation import shared
from tests.stories.workflow.studio import QUICK, Reading, a_brief

# Two servers start before the first test.
pytestmark = pytest.mark.timeout(300)

SMALL = catalog.SMALL.path_in(django_settings.DATA_DIR / "models")
# The proxy hides the size of a model, so that its name has to say it.
REAL, PICKY, AWAY = SMALL.stem, "picky", "away"


@pytest.fixture(scope="module")
def picky() -> Iterator[OpenAIServer]:
    with OpenAIServer(keeps_alive=False) as host, shared(host):
        yield host


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, picky: OpenAIServer) -> Iterator[LiteLLM]:
    assert catalog.SMALL.is_in(SMALL.parent), "`python manage.py fetch_model --small` comes first"
    folder: Path = tmp_path_factory.mktemp("litellm")
    llamacpp = server.attach(folder, [SMALL])
    models = {
        REAL: Behind(f"{llamacpp.url}/v1", SMALL.stem, llamacpp.api_key),
        PICKY: Behind(picky.base_url, picky.model),
        AWAY: Behind(f"http://127.0.0.1:{free_port()}/v1", "gone"),
    }
    proxy = LiteLLM(folder, models)
    try:
        proxy.start()
        yield proxy
    finally:
        proxy.stop()
        server.stop(folder)


@pytest.fixture
def proxy(running: LiteLLM, settings: Settings) -> LiteLLM:
    """As any host with OpenAI's API, of which the app knows its address and key."""
    settings.LLM_PROVIDER = "openai"
    settings.OPENAI_BASE_URL = running.base_url
    settings.OPENAI_API_KEY = KEY
    settings.OPENAI_MODEL = REAL
    return running


async def read() -> Reading:
    models = await llm.open_models()
    brief = a_brief(age=3)
    gate = Gate(brief.language, brief.checked_as, brief.avoid)
    resources = ChapterResources(
        models.profile, models.writer, models.editor, gate, HOST_ERRORS, QUICK, min_length_percent=0
    )
    return await Reading().of(brief, resources)


async def test_a_chapter_comes_through_and_nothing_had_to_be_left_out(proxy: LiteLLM) -> None:
    models = await llm.open_models()
    assert (models.trial.problem, models.trial.schema) == ("", "honoured")
    assert models.trial.support.left_out == ()
    reading = await read()
    assert reading.draft.text == reading.text
    assert reading.draft.measures.sentence_count > 3


async def test_its_list_is_read_and_a_wrong_key_and_name_are_told_at_the_start(
    proxy: LiteLLM, settings: Settings
) -> None:
    status = await llm.status()
    assert (status.name, status.notes) == (REAL, ())
    settings.OPENAI_MODEL = "another"
    (note,) = (await llm.status()).notes
    assert f"'another' is not among the models it lists: {REAL}, " in note
    settings.OPENAI_API_KEY = "sk-guessed"
    # It looks for another key than its own in a database, and has none.
    assert "answers 400: No connected db" in (await llm.status()).problem


async def test_a_prompt_beyond_the_context_is_told_as_such(proxy: LiteLLM) -> None:
    clients = await clients_of((await find()).hosts[0], Support())
    with pytest.raises(ContextTooLong), HOST_ERRORS.translated():
        await clients.editor.ainvoke("lantern " * (server.CONTEXT_TOKENS // 2))


@pytest.mark.parametrize(
    ("quirk", "left_out"),
    [
        (Quirk.TEMPERATURE_REFUSED, "temperature"),
        (Quirk.RESPONSE_FORMAT_REFUSED, "response_format"),
        # The proxy drops the name, which stands in a shape of its own.
        (Quirk.MAX_COMPLETION_TOKENS_REFUSED, "max_completion_tokens"),
    ],
)
async def test_a_parameter_that_the_host_behind_it_refuses_is_left_out(
    proxy: LiteLLM, picky: OpenAIServer, settings: Settings, quirk: Quirk, left_out: str
) -> None:
    settings.OPENAI_MODEL = PICKY
    picky.quirks.add(quirk)
    llm.forget_trials()
    trial = (await llm.open_models()).trial
    assert (trial.problem, trial.is_passed) == ("", True)
    assert trial.support.left_out == (left_out,)


async def test_a_parameter_that_the_proxy_itself_adds_is_named_to_staff(
    proxy: LiteLLM, picky: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_MODEL = PICKY
    picky.quirks.add(Quirk.STREAM_OPTIONS_REFUSED)
    llm.forget_trials()
    trial = (await llm.open_models()).trial
    assert "stream_options" in picky.trials[-1].body
    assert not trial.writes
    assert "Unknown parameter: 'stream_options'" in trial.problem


async def test_a_host_that_refuses_for_another_reason_is_told_with_that_reason(
    proxy: LiteLLM, picky: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_MODEL = PICKY
    picky.models[:] = ["another-model"]
    with pytest.raises(ModelRefused) as refused:
        await read()
    assert f"The model `{picky.model}` does not exist" in told_to_staff(refused.value)


async def test_a_host_that_is_away_behind_it_is_told_as_away(
    proxy: LiteLLM, settings: Settings
) -> None:
    settings.OPENAI_MODEL = AWAY
    with pytest.raises(ModelUnavailable) as unavailable:
        await read()
    assert "Connection error" in told_to_staff(unavailable.value)
