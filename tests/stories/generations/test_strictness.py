"""Gentler: what happens is held to a younger child's limits, and the language stays as it is."""

import pytest
from django.utils import timezone

from children.models import Child, Strictness, User
from children.profiles import ReadingLevel
from stories.generations import InvalidRequest, NewStory, briefs, start_story
from stories.generations.inputs import check_text, checked_as
from stories.models import Generation, SafetyFinding
from stories.vocabulary.brief import AgeBand, StoryBrief
from stories.workflow.lengths import target_words
from stories.workflow.prompts.system import system_prompt
from testkit.hosts import Reply
from testkit.ollama.server import OllamaServer
from tests import clients
from tests.factories.callers import caller
from tests.factories.stories import make_story
from tests.stories.workflow.studio import Reading, a_brief, resources_for
from tests.streams import events_of, start

SAD = "The old dog died in his sleep."


def aged(child: Child, years: int, strictness: str) -> Child:
    child.birth_year, child.birth_month = timezone.localdate().year - years, 1
    child.strictness = strictness
    child.save()
    return child


@pytest.mark.parametrize(
    ("years", "usual", "gentle"),
    [(4, "3-5", "3-5"), (7, "6-8", "3-5"), (9, "9-12", "6-8"), (16, "9-12", "6-8")],
)
def test_gentler_is_the_band_below_and_the_youngest_have_none(
    mia: Child, years: int, usual: str, gentle: str
) -> None:
    assert checked_as(aged(mia, years, "usual")) == usual
    assert checked_as(aged(mia, years, "gentle")) == gentle


def test_the_brief_says_by_which_band_to_check_and_not_why(alice: User, mia: Child) -> None:
    start_story(caller(alice), NewStory(child=aged(mia, 7, "gentle"), theme="a fox"))
    brief = Generation.objects.get().brief
    assert (brief["age"], brief["checked_as"]) == (7, "3-5")
    words = {*Strictness.values, "strictness"}
    assert not words & {*brief, *map(str, brief.values())}


def test_only_the_limits_change_in_what_the_storyteller_is_told(mia: Child) -> None:
    usual = briefs.brief_for(make_story(aged(mia, 7, "usual")), None)
    gentle = briefs.brief_for(make_story(aged(mia, 7, "gentle")), None)
    assert target_words(usual) == target_words(gentle)
    changed = set(system_prompt(gentle).splitlines()) - set(system_prompt(usual).splitlines())
    assert len(changed) == 1
    assert changed.pop().startswith("Nothing frightening")


def test_what_is_typed_is_held_to_the_same_limits(mia: Child) -> None:
    check_text(aged(mia, 10, "usual"), "en", theme="an assassin in the palace")
    with pytest.raises(InvalidRequest):
        check_text(aged(mia, 10, "gentle"), "en", theme="an assassin in the palace")


def test_a_brief_without_a_decision_is_checked_by_the_age() -> None:
    brief = StoryBrief(theme="x", age=8, reading_level=ReadingLevel.BEGINNER)
    assert brief.checked_as is AgeBand.MIDDLE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("strictness", "is_held_back"), [("usual", False), ("gentle", True)])
async def test_a_sentence_that_suits_the_age_is_held_back_where_parents_want_it_gentler(
    api: clients.Client,
    mia: Child,
    storyteller: OllamaServer,
    strictness: str,
    is_held_back: bool,
) -> None:
    await Child.objects.filter(pk=mia.pk).aupdate(strictness=strictness)
    storyteller.script(prose=[Reply(f"The fox ran home. {SAD} Everybody was kind to the fox.")])
    frames = await api.frames(events_of(await start(api, mia)))
    shown = clients.text_of(frames)
    assert (SAD in shown) is not is_held_back
    assert await SafetyFinding.objects.filter(text=SAD).aexists() is is_held_back


async def test_the_chapter_as_a_whole_is_judged_by_the_same_limits(ollama: OllamaServer) -> None:
    prompts = []
    for brief in (a_brief(), a_brief(checked_as=AgeBand.YOUNG), a_brief(age=5)):
        await Reading().of(brief, resources_for(ollama, brief))
        prompts.append(ollama.calls_for("judge")[-1].prompt.partition("Chapter: ")[0])
    usual, gentle, youngest = prompts
    assert gentle == youngest
    assert gentle != usual
