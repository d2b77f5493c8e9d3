"""A malformed structured answer is asked for again, repaired, replaced; the chapter stays."""

import json
from typing import Any

import pytest

from stories.workflow.repair import loaded
from stories.workflow.steps import ChapterDraft
from testkit.hosts import ModelHost, Quirk, in_turn
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer
from tests.stories.workflow.studio import GENTLE, READ_ALL_THE_SAME, Reading, a_brief, resources_for

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


async def _drafted(host: ModelHost[Any], *answers: str) -> ChapterDraft:
    host.script(prose=GENTLE, structured=in_turn(*answers))
    brief = a_brief()
    return (await Reading().of(brief, resources_for(host, brief))).draft


FLAWED = [
    Quirk.STOPS_AT_LENGTH,
    Quirk.MISSING_FIELD,
    Quirk.TEXTS_FOR_OBJECTS,
    Quirk.TOO_LONG_FIELD,
    Quirk.NULL_FIELDS,
]
NONE_AT_ALL = [
    Quirk.EMPTY_ANSWER,
    Quirk.REFUSAL,
    Quirk.SCHEMA_IGNORED,
    Quirk.THINKING_EATS_BUDGET,
    Quirk.ERROR_IN_STREAM,
    Quirk.ERROR_WITH_200,
    Quirk.HTML_WITH_200,
    Quirk.NOT_AN_OBJECT,
    Quirk.UNDECODABLE,
    Quirk.STILL_LOADING,
]


@pytest.mark.parametrize("quirk", READ_ALL_THE_SAME)
async def test_notes_are_read_through_a_hosts_habits(
    any_host: ModelHost[Any], quirk: Quirk
) -> None:
    any_host.quirks.add(quirk, kinds={"structured"})
    draft = await _drafted(any_host, json.dumps(NOTES))
    assert (draft.title, draft.used_defaults) == ("The Lantern", ())
    assert len(any_host.calls_for("structured")) == 1


@pytest.mark.parametrize("quirk", FLAWED)
async def test_flawed_notes_are_asked_for_again_and_used_as_far_as_they_go(
    any_host: ModelHost[Any], quirk: Quirk
) -> None:
    any_host.quirks.add(quirk, kinds={"structured"})
    draft = await _drafted(any_host, json.dumps(NOTES))
    assert draft.text == GENTLE
    assert "title" not in draft.used_defaults or quirk is Quirk.TOO_LONG_FIELD
    assert len(any_host.calls_for("structured")) == 2


@pytest.mark.parametrize("quirk", NONE_AT_ALL)
async def test_a_host_that_has_no_notes_costs_nothing_but_the_notes(
    any_host: ModelHost[Any], quirk: Quirk
) -> None:
    any_host.quirks.add(quirk, kinds={"structured"})
    draft = await _drafted(any_host, json.dumps(NOTES))
    assert draft.text == GENTLE
    assert (draft.title, draft.question) == ("Chapter 1", "What should Robin do next?")


@pytest.mark.parametrize("quirk", [Quirk.REFUSAL_FIELD, Quirk.CONTENT_FILTER])
async def test_an_editor_that_will_not_answer_costs_no_chapter(
    openai_host: OpenAIServer, quirk: Quirk
) -> None:
    openai_host.quirks.add(quirk, kinds={"structured"})
    draft = await _drafted(openai_host, json.dumps(NOTES))
    assert draft.text == GENTLE
    assert draft.used_defaults


async def test_of_notes_that_were_cut_only_whole_values_are_taken(
    any_host: ModelHost[Any],
) -> None:
    learnt = {"educational_elements": ["Being curious", "Sharing a lantern"]}
    raw = json.dumps(NOTES | learnt)
    cut = raw[: raw.index("Sharing") + 4]
    assert (await _drafted(any_host, cut)).educational_elements == ("Being curious",)
    only = cut.replace('"Being curious", ', "")
    draft = await _drafted(any_host, only)
    assert draft.title == "The Lantern"
    assert draft.used_defaults == ("educational_elements",)
    assert not any("Shar" in text for text in draft.educational_elements)


async def test_a_sound_answer_is_taken_as_it_is(ollama: OllamaServer) -> None:
    draft = await _drafted(ollama, json.dumps(NOTES))
    assert draft.title == "The Lantern"
    assert [choice.text for choice in draft.choices] == ["Go home", "Go on"]
    assert [word.word for word in draft.vocabulary] == ["lantern"]
    assert draft.used_defaults == ()


async def test_notes_are_cleaned_as_prose_is(ollama: OllamaServer) -> None:
    hidden = "The\u200b Lan\x01tern\u202e of\xa0Jose\u0301 \U0001f469\u200d\U0001f680\ue000"
    draft = await _drafted(ollama, json.dumps(NOTES | {"title": hidden, "summary": hidden}))
    clean = "The Lantern of Jos\xe9 \U0001f469\u200d\U0001f680"
    assert (draft.title, draft.summary) == (clean, clean)


async def test_a_malformed_answer_is_asked_for_once_more(ollama: OllamaServer) -> None:
    draft = await _drafted(ollama, "Here you are!", json.dumps(NOTES))
    assert draft.title == "The Lantern"
    assert draft.used_defaults == ()


@pytest.mark.parametrize(
    "wrapped",
    ["```json\n{}\n```", "Sure, here it is:\n{}\nI hope you like it {{smile}}!", "{}\n\n{}"],
)
async def test_text_around_the_object_is_ignored(ollama: OllamaServer, wrapped: str) -> None:
    raw = wrapped.replace("{}", json.dumps(NOTES))
    draft = await _drafted(ollama, raw)
    assert draft.title == "The Lantern"
    assert draft.used_defaults == ()


async def test_an_answer_cut_off_keeps_what_had_come(ollama: OllamaServer) -> None:
    raw = json.dumps(NOTES)
    cut = raw[: raw.index("Go on") + 3]
    draft = await _drafted(ollama, cut, cut)
    assert draft.title == "The Lantern"
    assert draft.summary == "Robin found a lantern."
    assert len(draft.choices) >= 2
    assert "vocabulary" in draft.used_defaults


async def test_choices_as_plain_strings_are_choices(ollama: OllamaServer) -> None:
    raw = json.dumps(NOTES | {"choices": ["Go home", "Go on", "Sing"]})
    draft = await _drafted(ollama, raw, raw)
    assert [choice.text for choice in draft.choices] == ["Go home", "Go on", "Sing"]


async def test_too_many_choices_are_four(ollama: OllamaServer) -> None:
    raw = json.dumps(NOTES | {"choices": [f"Take path {n}" for n in "abcdef"]})
    draft = await _drafted(ollama, raw, raw)
    assert len(draft.choices) == 4


@pytest.mark.parametrize("choices", [[], ["Go home"], ["Go home", "go home"], "Go home", None])
async def test_too_few_choices_are_filled_up_and_said_to_be(
    ollama: OllamaServer, choices: object
) -> None:
    raw = json.dumps(NOTES | {"choices": choices})
    draft = await _drafted(ollama, raw, raw)
    assert len(draft.choices) == 3
    assert draft.used_defaults == ("choices",)


@pytest.mark.parametrize("nonsense", ["", "no", "[]", "{", '{"title": {"a": 1}}', "null", '"x"'])
async def test_nonsense_costs_nothing_but_the_notes(ollama: OllamaServer, nonsense: str) -> None:
    draft = await _drafted(ollama, nonsense, nonsense)
    assert draft.text == GENTLE
    assert draft.title == "Chapter 1"
    assert draft.question == "What should Robin do next?"
    assert set(draft.used_defaults) == {
        "title",
        "question",
        "choices",
        "summary",
        "educational_elements",
        "vocabulary",
    }
    assert draft.summary.startswith("Robin found a lantern.")


async def test_words_that_are_not_in_the_text_are_not_explained(ollama: OllamaServer) -> None:
    words = [{"word": "zebra", "meaning": "a striped horse"}, *NOTES["vocabulary"]]
    draft = await _drafted(ollama, json.dumps(NOTES | {"vocabulary": words}))
    assert [word.word for word in draft.vocabulary] == ["lantern"]


@pytest.mark.parametrize("language", ["es", "he"])
async def test_defaults_are_in_the_storys_language(ollama: OllamaServer, language: str) -> None:
    brief = a_brief(language=language, hero="Noa" if language == "es" else "שחר")
    resources = resources_for(ollama, brief, structures=False)
    draft = (await Reading().of(brief, resources)).draft
    ours = {"es": "Capítulo 1", "he": "פרק 1"}
    assert draft.title == ours[language]
    assert len(draft.choices) == 3


@pytest.mark.parametrize(
    ("torn", "kept"),
    [
        ('{"a": "one", "b": "tw', {"a": "one"}),
        ('{"a": "one", "b": "two"', {"a": "one", "b": "two"}),
        ('{"a": "one", "b', {"a": "one"}),
        ('{"a": "one", "b":', {"a": "one"}),
        ('{"a": 1, "b": 23', {"a": 1}),
        ('{"a": [{"b": "one"}, {"b": "tw', {"a": [{"b": "one"}]}),
        ('{"a": ["one", "a \\"quoted\\" {tw', {"a": ["one"]}),
        ('{"a": "one" "b": "two"}', {"a": "one"}),
        ('{"a": "one",}', {"a": "one"}),
        ('{"a": "on', {}),
        ('{"', {}),
        ("", {}),
    ],
)
def test_a_torn_object_is_its_whole_values(torn: str, kept: dict[str, Any]) -> None:
    assert loaded(torn) == kept


def test_a_brace_in_the_prose_is_no_object() -> None:
    assert loaded("Look {here} and there") == {}
    assert loaded('Look {here}: {"title": "A"}') == {"title": "A"}
