"""A chapter's facts, threads and scene: read from its notes, checked, and told to the next one."""

import json
from typing import Any

import pytest

from stories.plotting.telling import planned
from stories.safety.guard import OWN_MODEL
from stories.vocabulary.brief import ChoiceTaken
from stories.vocabulary.memory import (
    MAX_FACT_CHARACTERS,
    MAX_FACTS,
    MAX_THREADS,
    ChapterMemory,
    Fact,
    FactKind,
    Scene,
    StoryMemory,
    remembered,
    stored_memory,
)
from stories.workflow.prompts.notes import notes_prompt
from stories.workflow.prompts.request import chapter_task, request
from stories.workflow.remembering import memory_in, scene_in
from stories.workflow.steps import ChapterDraft
from testkit.hosts import ModelHost
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import GENTLE, Reading, a_brief, a_path, resources_for

LANTERN = {
    "kind": "has",
    "who": "Robin",
    "what": "a lantern",
    "sentence": "Robin found a lantern.",
}
OWL = {"kind": "knows", "who": "the owl", "what": "joy", "sentence": "The owl was pleased."}
NOTES: dict[str, Any] = {
    "title": "The Lantern",
    "summary": "Robin found a lantern.",
    "question": "Where to now?",
    "choices": [
        {"text": "Go home", "description": "It is warm there."},
        {"text": "Go on", "description": "The path is bright."},
    ],
    "vocabulary": [{"word": "lantern", "meaning": "a lamp that you can carry"}],
    "educational_elements": ["Being curious"],
}
REMEMBERED: dict[str, Any] = {
    "facts": [LANTERN],
    "opened": ["who lit the lantern"],
    "closed": [],
    "scene": {
        "place": "forest",
        "time": "night",
        "weather": "clear",
        "who": ["hero", "owl"],
        "thing": "lamp",
    },
}
OPEN = StoryMemory(threads=("where the boat went", "who sings at night"))


def a_fact(what: str, kind: FactKind = FactKind.HAS, who: str = "Robin") -> Fact:
    return Fact(kind=kind, who=who, what=what, sentence=f"{who} found {what}.")


def read(notes: dict[str, Any], text: str = GENTLE, **brief: Any) -> ChapterMemory:
    return memory_in(notes, text, a_brief(**brief), lambda _: True)


async def drafted(host: ModelHost[Any], notes: dict[str, Any], **options: Any) -> ChapterDraft:
    host.script(prose=GENTLE, structured=json.dumps(NOTES | notes))
    brief = a_brief(**options.pop("brief", {}))
    return (await Reading().of(brief, resources_for(host, brief, **options))).draft


# From the notes -----------------------------------------------------------------------------------


async def test_the_editor_is_asked_for_facts_threads_and_the_scene(
    any_host: ModelHost[Any],
) -> None:
    draft = await drafted(any_host, REMEMBERED)
    assert draft.memory == ChapterMemory(
        facts=(Fact.model_validate(LANTERN),), opened=("who lit the lantern",)
    )
    assert draft.scene == Scene.model_validate(REMEMBERED["scene"])
    (call,) = any_host.calls_for("structured")
    asked = (call.schema or {})["properties"]
    assert "forest" in asked["scene"]["properties"]["place"]["enum"]
    assert asked["facts"]["maxItems"] == 3


@pytest.mark.parametrize(
    "fact",
    [
        LANTERN | {"sentence": "Robin lost a lantern."},
        LANTERN | {"sentence": "Robin"},
        LANTERN | {"who": "Mrs Twill"},
        LANTERN | {"what": "a golden crown"},
        LANTERN | {"kind": "hates"},
        LANTERN | {"what": "lantern " * 60},
        LANTERN | {"what": None},
        {"fact": "Robin has a lantern"},
        "Robin has a lantern",
        None,
    ],
)
def test_a_fact_that_the_chapter_does_not_show_is_dropped(fact: Any) -> None:
    assert read({"facts": [fact, LANTERN]}).facts == (Fact.model_validate(LANTERN),)


@pytest.mark.parametrize("kind", ["is at", "IS_AT"])
def test_a_fact_is_read_however_its_kind_is_written(kind: str) -> None:
    there = LANTERN | {"kind": kind, "what": "the path", "sentence": "it shone  on the path"}
    (fact,) = read({"facts": [there]}).facts
    assert (fact.kind, fact.told) == (FactKind.IS_AT, "Robin is at: the path")


@pytest.mark.parametrize("value", [None, "Robin", 3, {"a": 1}, [None, 7, [], {}], [[LANTERN]]])
@pytest.mark.parametrize("name", ["facts", "opened", "closed", "scene"])
async def test_a_malformed_part_costs_nothing_but_itself(
    ollama: OllamaServer, name: str, value: Any
) -> None:
    draft = await drafted(ollama, REMEMBERED | {name: value})
    assert (draft.title, draft.used_defaults) == ("The Lantern", ())
    assert len(ollama.calls_for("structured")) == 1
    assert draft.scene.thing == ("" if name == "scene" else "lamp")
    assert draft.memory.facts == (() if name == "facts" else (Fact.model_validate(LANTERN),))


def test_a_word_outside_the_closed_lists_is_dropped() -> None:
    scene = {
        "place": "the lighthouse of Gull Street",
        "time": "Night",
        "weather": "hail",
        "who": ["hero", "dentist", "owl", "owl"],
        "thing": "sword",
    }
    assert scene_in({"scene": scene}) == Scene(time="night", who=("hero", "owl"))


def test_threads_are_closed_by_their_number_or_their_words() -> None:
    def closed(*values: Any) -> tuple[str, ...]:
        return read({"closed": [*values]}, memory=OPEN).closed

    assert closed(1) == closed("1.") == closed("Where the boat WENT") == ("where the boat went",)
    assert closed(2, 2, 1) == ("who sings at night", "where the boat went")
    assert closed(0, 3, -1, "something else", None) == ()


def test_a_thread_is_opened_once() -> None:
    opened = ["Who sings at night", "who lit the lantern", "who lit the lantern"]
    assert read({"opened": opened}, memory=OPEN).opened == ("who lit the lantern",)


async def test_what_does_not_pass_the_gate_is_remembered_by_nobody(ollama: OllamaServer) -> None:
    unsafe = "how the man killed everyone with a gun"
    notes = NOTES | REMEMBERED | {"opened": [unsafe]}
    ollama.script(prose=GENTLE, structured=json.dumps(notes))
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.draft.memory.opened == ()
    assert reading.draft.memory.facts
    (held,) = reading.held
    assert (held.field, held.text) == ("memory", unsafe)


async def test_what_the_family_avoids_is_remembered_by_nobody(ollama: OllamaServer) -> None:
    draft = await drafted(
        ollama, REMEMBERED | {"opened": ["the bear's den"]}, brief={"avoid": ("bears",)}
    )
    assert draft.memory.opened == ()


async def test_memory_that_the_guard_stops_is_dropped(ollama: OllamaServer) -> None:
    def opinion(call: Any) -> dict[str, Any]:
        is_bad = "who lit the lantern" in call.prompt
        return {"problem": "frightening" if is_bad else "none"}

    draft = await drafted(ollama, REMEMBERED, guard=OWN_MODEL)
    assert draft.memory.opened
    ollama.script(guard=opinion)
    draft = await drafted(ollama, REMEMBERED, guard=OWN_MODEL)
    assert draft.memory == ChapterMemory()
    assert draft.title == "The Lantern"


async def test_the_examples_threads_and_facts_are_no_storys(ollama: OllamaServer) -> None:
    copied = {
        "facts": [
            {
                "kind": "has",
                "who": "Tala",
                "what": "a tiny humming key",
                "sentence": "Tala and the cat found a tiny humming key.",
            }
        ],
        "opened": ["what is behind the small door"],
    }
    draft = await drafted(ollama, REMEMBERED | copied)
    assert draft.memory == ChapterMemory()


# From the cards -----------------------------------------------------------------------------------


async def small(host: OllamaServer, **changes: Any) -> ChapterDraft:
    brief = a_brief(**changes)
    brief = brief.model_copy(update={"plan": planned(brief)})
    resources = resources_for(host, brief, writing="beats", judges=False, structures=False)
    return (await Reading().of(brief, resources)).draft


@pytest.mark.parametrize(("language", "hero"), [("en", "Robin"), ("es", "Ariel"), ("he", "נועם")])
async def test_a_chapter_told_by_cards_remembers_its_find_and_its_friend(
    ollama: OllamaServer, language: str, hero: str
) -> None:
    theme = {"en": "a fox", "es": "un zorro", "he": "שועל"}[language]
    draft = await small(ollama, language=language, hero=hero, theme=theme)
    assert [fact.kind for fact in draft.memory.facts] == [FactKind.HAS, FactKind.KNOWS]
    assert all(fact.sentence in draft.text for fact in draft.memory.facts)
    assert {fact.who for fact in draft.memory.facts} == {hero}
    assert len(draft.memory.opened) == 2
    assert draft.memory.closed == ()
    assert draft.scene.who[0] == "hero"
    assert len(draft.scene.who) > 1
    assert draft.scene.place
    assert draft.scene.thing


async def test_a_chapter_told_by_cards_remembers_what_was_chosen(ollama: OllamaServer) -> None:
    first = planned(a_brief())
    path = tuple(
        past.model_copy(update={"choice": ChoiceTaken(text=first.choices[0].text)})
        for past in a_path(1)
    )
    draft = await small(ollama, path=path, chapter_number=2)
    (fact,) = draft.memory.facts
    assert (fact.kind, fact.what) == (FactKind.DID, first.choices[0].text)
    assert draft.text.startswith(fact.sentence)


async def test_the_finale_closes_what_the_opening_opened(ollama: OllamaServer) -> None:
    opened = (await small(ollama, total_chapters=3)).memory.opened
    ending = await small(
        ollama,
        total_chapters=3,
        chapter_number=3,
        path=a_path(2),
        memory=StoryMemory(threads=opened),
    )
    assert ending.memory.closed == opened
    alone = await small(ollama, total_chapters=1)
    assert alone.memory.closed == alone.memory.opened


# To the next chapter ------------------------------------------------------------------------------


def test_a_newer_fact_takes_the_place_of_an_older_one() -> None:
    kept = remembered(
        [
            ChapterMemory(
                facts=(a_fact("a key"), a_fact("the mill", FactKind.IS_AT)),
                opened=("who lost the key", "why the mill is quiet"),
            ),
            ChapterMemory(
                facts=(a_fact("a key", who="the owl"), a_fact("the sea", FactKind.IS_AT)),
                closed=("Who lost the key",),
            ),
        ]
    )
    assert [fact.told for fact in kept.facts] == ["the owl has: a key", "Robin is at: the sea"]
    assert kept.threads == ("why the mill is quiet",)


def test_a_long_storys_memory_is_bounded_and_keeps_its_newest_facts_and_first_thread() -> None:
    path = [
        ChapterMemory(
            facts=tuple(a_fact(f"thing {number}{letter} {'x' * 60}") for letter in "abc"),
            opened=(f"thread {number}a", f"thread {number}b"),
        )
        for number in range(1, 12)
    ]
    kept = remembered(path)
    assert kept.facts[-1] == path[-1].facts[-1]
    assert len(kept.facts) <= MAX_FACTS
    assert sum(len(f.told) + len(f.sentence) for f in kept.facts) <= MAX_FACT_CHARACTERS
    assert len(kept.threads) == MAX_THREADS
    assert (kept.threads[0], kept.threads[-1]) == ("thread 1a", "thread 11b")


@pytest.mark.parametrize("facts", [None, "x", [{"kind": "odd"}], [3]])
def test_a_stored_memory_that_cannot_be_read_is_none(facts: Any) -> None:
    assert stored_memory(facts, {"opened": ["a"]}) == ChapterMemory()


def test_a_stored_memory_of_a_later_release_is_read_as_far_as_it_is_known() -> None:
    fact = a_fact("a key")
    later = [fact.model_dump(mode="json") | {"certainty": 0.9}]
    threads = {"opened": ["a"], "closed": [], "doubted": ["b"]}
    assert stored_memory(later, threads) == ChapterMemory(facts=(fact,), opened=("a",))


async def test_a_capable_model_is_told_what_to_remember(any_host: ModelHost[Any]) -> None:
    memory = StoryMemory(facts=(a_fact("a </fact> key"),), threads=("who lost the key",))
    brief = a_brief(path=a_path(2), chapter_number=3, memory=memory)
    await Reading().of(brief, resources_for(any_host, brief))
    prompt = any_host.calls_for("prose")[0].prompt
    assert "Remember, so that nothing contradicts it:\n- <fact>Robin has: a \u2039/fact" in prompt
    assert "Still open:\n- <thread>who lost the key</thread>" in prompt
    notes = any_host.calls_for("structured")[0].prompt
    assert "Open so far:\n1. <thread>who lost the key</thread>" in notes


def test_a_first_chapter_has_nothing_to_remember() -> None:
    told = request(a_brief(), most_tokens=4000)
    assert "Remember" not in told
    assert "Still open" not in told


def test_the_ending_answers_whatever_is_open() -> None:
    ending = a_brief(path=a_path(4), chapter_number=5, memory=OPEN)
    assert "stands under “Still open” is answered" in chapter_task(ending, 280)
    middle = a_brief(path=a_path(3), chapter_number=4, memory=OPEN)
    assert "is answered" not in chapter_task(middle, 280)
    prompt = "\n".join(message.text for message in notes_prompt(ending, GENTLE, ["lantern"]))
    assert "2. <thread>who sings at night</thread>" in prompt
    assert "facts:" not in prompt


def test_facts_give_way_where_there_is_no_room_for_them() -> None:
    memory = StoryMemory(facts=tuple(a_fact(f"thing number {n}") for n in range(12)))
    brief = a_brief(path=a_path(3, words=300), chapter_number=4, memory=memory)
    assert "thing number 11" in request(brief, most_tokens=3000)
    lean = request(brief, most_tokens=220)
    assert "thing number" not in lean
    assert "End 3." in lean
