"""Whatever a stream tells has the family's names; whatever a model hears has the stand-ins."""

import pytest

from children.models import Child
from stories.execution.wire import event_of
from stories.generations.resuming import resume_from
from stories.safety.judge import Judgement
from stories.vocabulary.events import SafetyChecked
from stories.vocabulary.pseudonym import Alias, Pseudonym
from stories.workflow.steps import Judged
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.stories.workflow.studio import a_brief
from tests.streams import events_of, start

NOTES = {
    "title": "Robin and the Lantern",
    "summary": "Robin found a lantern.",
    "question": "What should Robin do?",
    "choices": [
        {"text": "Ask the owl about Robin", "description": "Robin likes owls."},
        {"text": "Go home with the lantern", "description": "Robin is tired."},
    ],
    "vocabulary": [{"word": "path", "meaning": "a way that Robin can walk"}],
    "educational_elements": ["Robin shares the light"],
}
MIA = Pseudonym(Alias(("Mia",), "Robin"))


@pytest.mark.django_db(transaction=True)
async def test_no_event_of_a_chapter_tells_the_stand_in_name(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    storyteller.script(prose="Robin found a lantern. It shone on the path.", structured=NOTES)
    frames = await api.frames(events_of(await start(api, mia)))
    assert not [frame.type for frame in frames if "Robin" in frame.raw]
    told = {frame.type: frame.data for frame in frames}
    assert told["metadata"]["educational_elements"] == ["Mia shares the light"]
    explained = told["metadata"]["vocabulary_words"]
    assert {"word": "path", "meaning": "a way that Mia can walk"} in explained
    assert told["complete"]["title"] == "Mia and the Lantern"
    prompts = "".join(call.prompt for call in storyteller.calls)
    assert "Mia" not in prompts


def test_a_judgement_is_told_with_the_familys_name_and_remembered_with_the_stand_in() -> None:
    judgement = Judgement(approved=False, score=0.2, issues=("Robin stays sad.",))
    event = event_of(Judged(judgement), a_brief(), MIA)
    assert isinstance(event, SafetyChecked)
    assert event.issues == ["Mia stays sad."]
    resume = resume_from([(event.type, event.data)], "", MIA)
    assert resume.judgement_of(0) == judgement
