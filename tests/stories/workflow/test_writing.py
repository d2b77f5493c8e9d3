"""The two ways of writing a chapter, and taking one up again."""

from itertools import pairwise
from typing import Any

import pytest

from stories.plotting.telling import planned
from stories.safety.sentences import split
from stories.vocabulary.brief import ChoiceTaken, StoryBrief
from stories.vocabulary.chapter_plan import PlannedBeat
from stories.vocabulary.languages import stand_ins
from stories.workflow.plan import plan_chapter
from stories.workflow.prompts.beats import SAMPLE, paragraphs
from stories.workflow.resources import ChapterResources, ModelProfile, Writing
from stories.workflow.steps import Approved, ModelUse
from testkit.hosts import Reply, endless, in_turn
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import Reading, a_brief, a_path, resources_for

FITTING = "It shone like a little sun."


def following_the_plan(server: OllamaServer, brief: StoryBrief, **options: Any) -> ChapterResources:
    options = {"judges": False, "structures": False} | options
    return resources_for(server, brief, writing="beats", **options)


def leads(brief: StoryBrief) -> list[str]:
    return [beat.lead for beat in planned(brief).beats]


def asked(brief: StoryBrief) -> list[PlannedBeat]:
    return [beat for beat in paragraphs(brief) if beat.ask]


async def test_beats_are_one_conversation_that_only_grows(ollama: OllamaServer) -> None:
    ollama.script(prose=FITTING)
    brief = a_brief()
    await Reading().of(brief, following_the_plan(ollama, brief))
    calls = ollama.calls_for("prose")
    assert len(calls) == len(asked(brief)) > 1
    for earlier, later in pairwise(calls):
        assert later.messages[: len(earlier.messages)] == earlier.messages


async def test_a_paragraph_of_the_plan_is_followed_by_one_sentence_at_most(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=lambda _: endless("It was round and soft. It shone. "))
    brief = a_brief(age=4)
    draft = (await Reading().of(brief, following_the_plan(ollama, brief))).draft
    added = [
        text.removeprefix(lead).split(".")
        for text, lead in zip(draft.text.split("\n\n"), leads(brief), strict=True)
    ]
    assert all(len(sentences) <= 2 for sentences in added)
    for call in ollama.calls_for("prose"):
        await call.disconnected.seen()


@pytest.mark.parametrize("language", ["en", "es", "he"])
@pytest.mark.parametrize("age", [4, 7, 11])
@pytest.mark.parametrize("chapter", [1, 2, 3])
async def test_a_plan_is_a_whole_story_in_its_language_without_the_model(
    ollama: OllamaServer, language: str, age: int, chapter: int
) -> None:
    ollama.script(prose=lambda _: "")
    choice = ChoiceTaken(text="✓ 12")
    path = tuple(past.model_copy(update={"choice": choice}) for past in a_path(chapter - 1))
    position = {"chapter_number": chapter, "total_chapters": 3, "path": path, "theme": "12"}
    brief = a_brief(language=language, age=age, hero=stand_ins(language)[0], **position)
    reading = await Reading().of(brief, following_the_plan(ollama, brief))
    assert reading.held == []
    assert reading.draft.text == "\n\n".join(leads(brief))
    assert len(reading.draft.choices) == (0 if brief.is_ending else 3)
    assert reading.draft.title == planned(brief).title
    assert set(reading.draft.used_defaults) <= {"vocabulary"}


async def test_a_detail_of_the_model_joins_the_paragraph_that_asks_for_one(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=f"{FITTING} And more.")
    brief = a_brief()
    draft = (await Reading().of(brief, following_the_plan(ollama, brief))).draft
    told = [
        f"{beat.lead} {FITTING}" if beat.ask and not asked(brief).index(beat) else beat.lead
        for beat in paragraphs(brief)
    ]
    assert draft.text == "\n\n".join(told)  # once: said again, it is nothing new


@pytest.mark.parametrize(
    "chatter",
    [
        "I will make it shorter.",
        "That was the first sentence of the story about Robin.",
        "And Robin went on and on and on and on and on and on and on and on and on for ever.",
        "Suddenly a wolf came out of the trees.",
        "Little Wilhelmina came with a round cake.",
        "It smelled of bergamot and cardamom.",
        "It was as if the old moon sang.",
        "He was happy and warm.",
        f"{SAMPLE[1][1]}",
        "# The End",
    ],
)
async def test_what_does_not_belong_is_left_out(ollama: OllamaServer, chatter: str) -> None:
    ollama.script(prose=chatter)
    brief = a_brief(pronoun="she")
    draft = (await Reading().of(brief, following_the_plan(ollama, brief))).draft
    assert draft.text == "\n\n".join(leads(brief))


async def test_the_childs_own_idea_is_told_by_the_model_in_a_few_sentences(
    ollama: OllamaServer,
) -> None:
    deed = "Robin made a long paper snake. It had big green eyes. It could dance."
    ollama.script(prose=in_turn(deed, ""))
    brief = a_brief(path=a_path(1, choice="make a snake"), chapter_number=2)
    draft = (await Reading().of(brief, following_the_plan(ollama, brief))).draft
    first = draft.text.split("\n\n")[0]
    assert first == f"{leads(brief)[0]} {deed}"
    assert "“make a snake” " in f"{first} ".replace("”.", "” ").replace(",” ", "” ")


async def test_a_host_that_is_away_leaves_the_plan_to_be_read(ollama: OllamaServer) -> None:
    ollama.script(prose=lambda _: Reply(status=503))
    brief = a_brief()
    draft = (await Reading().of(brief, following_the_plan(ollama, brief))).draft
    assert draft.text == "\n\n".join(leads(brief))
    assert len(ollama.calls_for("prose")) == 4  # its tries, once


async def test_a_quotation_mark_that_went_astray_comes_home(ollama: OllamaServer) -> None:
    ollama.script(prose='"Look at this! " Robin laughed. "It shines. "')
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert draft.text == '"Look at this!" Robin laughed. "It shines."'


async def test_what_does_not_pass_is_left_out(ollama: OllamaServer) -> None:
    ollama.script(prose="The fox killed them all.")
    brief = a_brief()
    reading = await Reading().of(brief, following_the_plan(ollama, brief))
    assert reading.draft.text == "\n\n".join(leads(brief))
    assert "killed" not in reading.text


@pytest.mark.parametrize("writing", ["prose", "beats"])
async def test_a_chapter_is_taken_up_where_an_earlier_run_died(
    ollama: OllamaServer, writing: Writing
) -> None:
    brief = a_brief()
    resources = resources_for(ollama, brief, writing=writing, judges=False, structures=False)
    whole = await Reading().of(brief, resources)
    shown = "".join(content.chunk for content in whole.all(Approved)[:4])
    resumed = await Reading().of(brief, resources, approved=shown)
    assert resumed.draft.text == shown + resumed.text
    assert resumed.draft.text.count(shown) == 1
    assert any(
        shown in message["content"] and message["role"] == "assistant"
        for message in ollama.calls[-1].messages
    )


@pytest.mark.parametrize("language", ["en", "es", "he"])
def test_paragraphs_that_stand_are_not_told_again(language: str) -> None:
    brief = a_brief(language=language, hero=stand_ins(language)[0])
    profile = ModelProfile("small", 2048, (language,), "beats", judges=False, structures=False)
    told = leads(brief)
    for count in range(len(told) + 1):
        written = "\n\n".join(told[:count])
        plan = plan_chapter(brief, profile, written, is_rewrite=False)
        assert [turn.opening for turn in plan.turns] == told[count:]


async def test_a_paragraph_that_was_cut_goes_on_behind_its_last_sentence(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose="")
    brief = a_brief()
    told = leads(brief)
    begun = "".join(split(told[1], "en")[:1]).strip()
    shown = f"{told[0]}\n\n{begun}"
    reading = await Reading().of(brief, following_the_plan(ollama, brief), approved=shown)
    assert reading.draft.text == "\n\n".join(told)


async def test_a_storyteller_that_recites_its_samples_is_not_shown(ollama: OllamaServer) -> None:
    recited = "They tried the key in the cupboard, the piano and the old clock."
    ollama.script(prose=f"Robin found a lantern. {recited} It shone on the path.")
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert recited in ollama.calls[0].prompt
    assert draft.text == "Robin found a lantern. It shone on the path."


async def test_the_samples_words_may_be_told_where_the_family_wished_for_them(
    ollama: OllamaServer,
) -> None:
    wished = "They tried the key in the cupboard, the piano and the old clock."
    ollama.script(prose=f"Robin found a lantern. {wished}")
    brief = a_brief(theme=wished)
    draft = (await Reading().of(brief, resources_for(ollama, brief))).draft
    assert draft.text.endswith(wished)


@pytest.mark.parametrize(
    "echo",
    ["obin says.", "Robin found a lantern.", "The silly goat was a jerk.", "It shone on the path."],
)
async def test_a_wording_that_is_an_echo_is_not_put_in(ollama: OllamaServer, echo: str) -> None:
    crude = "That silly old goat was a big jerk."
    ollama.script(
        prose=f"Robin found a lantern. It shone on the path. {crude} Then they went home.",
        rewording=echo,
    )
    brief = a_brief(age=4)
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.text == (
        "Robin found a lantern. It shone on the path. Then they went home."
    )


async def test_what_a_choice_promised_is_told_to_the_writer(ollama: OllamaServer) -> None:
    choice = ChoiceTaken(text="Follow the cat", description="The cat knows who borrows the book.")
    path = (a_path(1)[0].model_copy(update={"choice": choice}),)
    brief = a_brief(path=path, chapter_number=2)
    await Reading().of(brief, resources_for(ollama, brief))
    assert "<promise>The cat knows who borrows the book.</promise>" in ollama.calls[0].prompt


async def test_a_turn_that_is_ended_early_is_counted_all_the_same(ollama: OllamaServer) -> None:
    ollama.script(prose=lambda _: endless("It shone like a little sun. "))
    brief = a_brief()
    reading = await Reading().of(brief, following_the_plan(ollama, brief))
    uses = [use for use in reading.all(ModelUse) if use.step == "generate_content"]
    assert len(uses) == len(asked(brief))
    assert all(use.prompt_tokens > 100 and use.completion_tokens > 0 for use in uses)
    for call in ollama.calls_for("prose"):
        await call.disconnected.seen()
