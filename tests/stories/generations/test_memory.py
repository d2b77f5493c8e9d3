"""The memory of a story by branch: no branch ever learns what another one told."""

import random
from collections.abc import Iterator

import pytest

from children.models import Child
from stories.generations.briefs import brief_for
from stories.models import Chapter, Choice, Story
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.memory import MAX_THREADS
from stories.workflow.prompts.notes import notes_prompt
from stories.workflow.prompts.request import chapter_task, request
from stories.workflow.prompts.system import system_prompt
from testkit.ollama.server import OllamaServer
from tests.clients import Client
from tests.factories.stories import make_chapter, make_choice, make_story
from tests.streams import choose, first_chapter

pytestmark = pytest.mark.django_db

SEEDS = range(12)
MAX_CHAPTERS = 9


def mark(number: int) -> str:
    """A word that only the chapter of this number has."""
    return f"Zorvik{number}x"


def a_chapter(story: Story, choice: Choice | None, number: int) -> Chapter:
    """A chapter with a name, a fact, threads and a plan of its own, in each of its parts."""
    word = mark(number)
    return make_chapter(
        story,
        f"{word} came.",
        choice,
        title=f"The House of {word}",
        summary=f"They met {word}.",
        facts=[
            {
                "kind": "has",
                "who": word,
                "what": f"the key of {word}",
                "sentence": f"{word} came.",
            }
        ],
        threads={"opened": [f"who {word} is"], "closed": []},
        scene={"place": "mill", "time": "day", "weather": "sun", "who": ["hero"], "thing": "key"},
        plan={"want": f"{word} wants more.", "first": 2, "turns": [f"{word} goes."] * 11},
    )


def a_tree(child: Child, seed: int) -> tuple[Story, list[Chapter]]:
    """A story whose chapters hang on random ones before them."""
    dice = random.Random(seed)
    story = make_story(child, "A fox", total_chapters=12)
    chapters = [a_chapter(story, None, 0)]
    for number in range(1, dice.randint(2, MAX_CHAPTERS)):
        parent = dice.choice(chapters)
        choice = make_choice(parent, f"Choose {mark(number)}", parent.choices.count())
        chapters.append(a_chapter(story, choice, number))
    return story, chapters


def all_prompts(brief: StoryBrief) -> str:
    """All that a model, or its checkpoint, may see of a brief."""
    told = [
        system_prompt(brief),
        request(brief, most_tokens=50_000),
        chapter_task(brief, 280),
        *(str(message.text) for message in notes_prompt(brief, "The end.", [])),
        brief.model_dump_json(),
    ]
    return "\n".join(told)


def ancestors(chapter: Chapter) -> Iterator[Chapter]:
    step: Chapter | None = chapter
    while step is not None:
        yield step
        step = step.parent


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_one_branch_is_in_anothers_prompt(mia: Child, seed: int) -> None:
    story, chapters = a_tree(mia, seed)
    for here, chapter in enumerate(chapters):
        choice = make_choice(chapter, "And on from here", 99)
        brief = brief_for(story, choice)
        own = {step.pk for step in ancestors(chapter)}
        known = [number for number, each in enumerate(chapters) if each.pk in own]
        prompts = all_prompts(brief)
        assert here in known
        assert f"<turn>{mark(here)} goes.</turn>" in prompts
        assert [number for number in range(len(chapters)) if mark(number) in prompts] == known
        assert [fact.who for fact in brief.memory.facts] == [mark(number) for number in known]
        threads = {f"who {mark(number)} is" for number in known}
        assert threads.issuperset(brief.memory.threads)
        assert len(brief.memory.threads) == min(len(known), MAX_THREADS)
        choice.delete()


def test_a_chapter_written_anew_knows_nothing_of_the_one_that_was_withdrawn(mia: Child) -> None:
    story = make_story(mia)
    first = a_chapter(story, None, 0)
    way = make_choice(first, "Go on")
    gone = a_chapter(story, way, 1)
    gone.withdrawn_at = gone.created_at
    gone.save()
    assert mark(1) not in all_prompts(brief_for(story, way))
    way.decisions.all().delete()
    again = a_chapter(story, way, 2)
    prompts = all_prompts(brief_for(story, make_choice(again, "Go on")))
    assert mark(1) not in prompts
    assert mark(2) in prompts


def test_chapters_of_an_earlier_release_have_nothing_to_remember(mia: Child) -> None:
    story = make_story(mia)
    first = make_chapter(story, "The wolf came.")
    brief = brief_for(story, make_choice(first, "Go on"))
    assert brief.memory.facts == ()
    assert brief.memory.threads == ()


@pytest.mark.django_db(transaction=True)
async def test_each_branch_goes_on_from_its_own_facts_in_stand_in_form(
    api: Client, mia: Child, storyteller: OllamaServer
) -> None:
    done = await first_chapter(api, mia)
    first = await Chapter.objects.aget()
    assert first.facts
    assert {fact["who"] for fact in first.facts} == {"Robin"}
    assert all(fact["sentence"] in first.source for fact in first.facts)
    left, right = (option["id"] for option in done["choices"][:2])
    await choose(api, done, left)
    await choose(api, done, right)
    told = [call.prompt for call in storyteller.calls_for("prose")]
    assert "Remember" not in told[0]
    for prompt in told[1:]:
        assert "Remember, so that nothing contradicts it:\n- <fact>Robin has: " in prompt
        assert all(f"<fact>Robin has: {fact['what']}</fact>" in prompt for fact in first.facts)
        assert prompt.count("<fact>") == len(first.facts), "the other branch left none"
    assert (await Chapter.objects.aget(choice=left)).facts
