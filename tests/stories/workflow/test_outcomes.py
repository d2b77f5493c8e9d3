"""A chapter is whole when its host says so, and it is compared with what was asked for."""

from contextlib import nullcontext
from typing import Any

import pytest

from children.profiles import Pronoun
from stories.plotting.telling import planned
from stories.vocabulary.brief import ChoiceTaken
from stories.vocabulary.errors import Declined, EmptyContent, ModelUnavailable, TooShort
from stories.workflow.lengths import target_words
from stories.workflow.promises import EARLY_WORDS, keeps_choice, uses_find
from stories.workflow.resources import ChapterResources
from stories.workflow.steps import ModelUse
from testkit.hosts import ModelHost, Quirk, Reply, in_turn
from testkit.hosts.shapes import REFUSAL
from testkit.ollama.server import OllamaServer
from testkit.openai.server import OpenAIServer
from tests.stories.workflow.studio import GENTLE, Reading, a_brief, a_path, resources_for

AFTERWARDS = "The fox danced home in the moonlight."
ASKED_FOR = 60


def long_enough(host: ModelHost[Any], brief: Any, **options: Any) -> ChapterResources:
    """Resources of a chapter that has to have 60 percent of its words."""
    return resources_for(host, brief, min_length_percent=ASKED_FOR, **options)


def words(count: int, start: int = 0) -> str:
    """So many words in different sentences of five."""
    return " ".join(f"They counted lantern number {n}." for n in range(start, start + count // 5))


# The end of an answer -----------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", [Quirk.ENDS_EARLY, Quirk.STOPS_AT_LENGTH, Quirk.ERROR_IN_STREAM])
async def test_half_a_chapter_is_gone_on_with(any_host: ModelHost[Any], quirk: Quirk) -> None:
    any_host.script(prose=[GENTLE, AFTERWARDS])
    any_host.quirks.add(quirk, kinds={"prose"}, times=1)
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(any_host, brief))).draft
    assert draft.text == f"Robin found a lantern. {AFTERWARDS}"
    again = any_host.calls_for("prose")[1]
    assert again.messages[-2]["content"] == "Robin found a lantern."
    assert again.messages[-1]["content"].startswith("Go on exactly where")


@pytest.mark.parametrize(
    "quirk", [Quirk.NO_FINISH_REASON, Quirk.ERROR_LINE, Quirk.ERROR_EVENT, Quirk.ERROR_AS_TEXT]
)
async def test_a_stream_of_openai_without_a_reason_is_a_fault(
    openai_host: OpenAIServer, quirk: Quirk
) -> None:
    openai_host.script(prose=[GENTLE, AFTERWARDS])
    openai_host.quirks.add(quirk, kinds={"prose"}, times=1)
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(openai_host, brief))).draft
    assert draft.text.endswith(AFTERWARDS)
    assert len(openai_host.calls_for("prose")) == 2


async def test_an_older_ollama_that_gives_no_reason_is_done_all_the_same(
    ollama: OllamaServer,
) -> None:
    ollama.script(prose=GENTLE)
    ollama.quirks.add(Quirk.NO_FINISH_REASON)
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(ollama, brief))).draft.text == GENTLE
    assert len(ollama.calls_for("prose")) == 1


async def test_an_ollama_that_unloads_its_model_is_asked_again(ollama: OllamaServer) -> None:
    ollama.script(prose=["", GENTLE])
    ollama.quirks.add(Quirk.UNLOADS, kinds={"prose"}, times=1)
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(ollama, brief))).draft.text == GENTLE


async def test_a_host_whose_answers_always_break_off_is_given_up(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=GENTLE)
    any_host.quirks.add(Quirk.ENDS_EARLY, kinds={"prose"})
    brief = a_brief()
    with pytest.raises(ModelUnavailable):
        await Reading().of(brief, resources_for(any_host, brief))
    assert len(any_host.calls) == 4


async def test_a_host_that_always_stops_at_its_limit_is_not_asked_for_ever(
    any_host: ModelHost[Any],
) -> None:
    any_host.script(prose=lambda call: words(20, start=10 * len(call.messages)))
    any_host.quirks.add(Quirk.STOPS_AT_LENGTH, kinds={"prose"})
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(any_host, brief))).draft
    assert 0 < draft.measures.word_count < 100
    assert len(any_host.calls_for("prose")) <= 4


@pytest.mark.parametrize(("words_at_once", "is_told"), [(50, True), (20, False)])
async def test_a_host_with_few_tokens_for_an_answer_costs_twice_the_calls_at_most(
    any_host: ModelHost[Any], words_at_once: int, is_told: bool
) -> None:
    brief = a_brief()
    starts = iter(range(0, 1000, words_at_once))
    any_host.script(prose=lambda _: Reply(words(words_at_once, next(starts)), reason="length"))
    reading = Reading()
    with nullcontext() if is_told else pytest.raises(TooShort):
        await reading.of(brief, long_enough(any_host, brief))
    assert len(any_host.calls_for("prose")) == 4
    assert len(any_host.calls) <= 2 * len(("prose", "judge", "notes"))


async def test_a_hosts_filter_counts_as_a_refusal(openai_host: OpenAIServer) -> None:
    openai_host.script(prose=[f"{GENTLE} They sang of", AFTERWARDS])
    openai_host.quirks.add(Quirk.CONTENT_FILTER, kinds={"prose"}, times=1)
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(openai_host, brief))
    assert reading.draft.text.endswith(AFTERWARDS)
    (held,) = reading.held
    assert (held.verdict.rule, held.verdict.category) == ("outcome.filter", "refusal")


async def test_a_sentence_that_was_worded_anew_by_halves_is_not_used(
    any_host: ModelHost[Any],
) -> None:
    any_host.script(
        prose=[f"{GENTLE} The man kicked the poor dog hard. {AFTERWARDS}"],
        rewording="The man stroked the",
    )
    any_host.quirks.add(Quirk.ENDS_EARLY, kinds={"rewording"})
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(any_host, brief))).draft
    assert "stroked" not in draft.text


# Length -------------------------------------------------------------------------------------------


async def test_a_chapter_that_ends_too_early_is_asked_to_go_on(any_host: ModelHost[Any]) -> None:
    brief = a_brief()
    any_host.script(prose=[words(50), words(200, start=50)])
    reading = await Reading().of(brief, long_enough(any_host, brief))
    assert reading.draft.measures.word_count == 250
    _, more = any_host.calls_for("prose")
    assert f"about {target_words(brief)} words" in more.messages[-1]["content"]


async def test_a_chapter_that_stays_too_short_says_so(any_host: ModelHost[Any]) -> None:
    brief = a_brief()
    any_host.quirks.add(Quirk.SHORT_ANSWER, kinds={"prose"})
    with pytest.raises(TooShort, match=r"after \d+ words"):
        await Reading().of(brief, long_enough(any_host, brief))
    assert len(any_host.calls) == 3


async def test_what_it_was_told_to_go_on_from_is_not_told_again(any_host: ModelHost[Any]) -> None:
    brief = a_brief()
    start = words(100)
    more = words(100, start=50)
    any_host.script(prose=[start, f"{start} {more}"])
    draft = (await Reading().of(brief, long_enough(any_host, brief))).draft
    assert draft.text == f"{start} {more}"


async def test_a_chapter_of_the_plan_is_never_too_short(ollama: OllamaServer) -> None:
    brief = a_brief()
    ollama.script(prose=lambda _: "")
    resources = long_enough(ollama, brief, writing="beats", judges=False, structures=False)
    assert (await Reading().of(brief, resources)).draft.text


@pytest.mark.parametrize("writing", ["prose", "beats"])
async def test_an_ordinary_chapter_costs_no_call_more(
    any_host: ModelHost[Any], writing: Any
) -> None:
    brief = a_brief()
    reading = await Reading().of(brief, long_enough(any_host, brief, writing=writing))
    assert len(any_host.calls) <= 3
    assert reading.draft.outcome == ()
    assert reading.held == []


# Refusals -----------------------------------------------------------------------------------------


async def test_a_refusal_is_no_story(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=[REFUSAL, GENTLE])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == GENTLE
    (held,) = reading.held
    assert (held.text, held.verdict.category, held.attempt) == (REFUSAL, "refusal", 1)
    assert "has to be refused" in any_host.calls_for("prose")[1].prompt


async def test_a_model_that_always_refuses_is_said_to(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.REFUSAL, kinds={"prose"})
    brief = a_brief()
    reading = Reading()
    with pytest.raises(Declined):
        await reading.of(brief, resources_for(any_host, brief))
    assert len(any_host.calls) == len(reading.held) == 3
    assert reading.text == ""


async def test_a_refusal_at_the_end_costs_no_chapter(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=in_turn(Reply(words(200), reason="content_filter"), REFUSAL))
    brief = a_brief()
    reading = await Reading().of(brief, long_enough(any_host, brief))
    assert reading.draft.measures.word_count == 200


# Thoughts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirk", [Quirk.CHANNEL_MARKS, Quirk.CHANNEL_NAMES, Quirk.THINK_TAIL])
async def test_thoughts_in_the_content_are_no_story(any_host: ModelHost[Any], quirk: Quirk) -> None:
    any_host.script(prose=GENTLE)
    any_host.quirks.add(quirk)
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == reading.text == GENTLE
    assert reading.held == []


THOUGHTS = "Okay. The user wants a story about a fox. Perhaps a red one. I should write a chapter."


@pytest.mark.parametrize("thoughts", [THOUGHTS, "We need to write a story chapter.\n\n"])
async def test_thoughts_without_a_mark_are_left_out(
    any_host: ModelHost[Any], thoughts: str
) -> None:
    any_host.script(prose=f"{thoughts} {GENTLE}")
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == reading.text == GENTLE
    assert reading.held == []


async def test_thoughts_without_a_mark_and_without_a_story_are_no_unfit_story(
    any_host: ModelHost[Any],
) -> None:
    any_host.script(prose=THOUGHTS)
    brief = a_brief()
    reading = Reading()
    with pytest.raises(EmptyContent):
        await reading.of(brief, resources_for(any_host, brief))
    assert reading.text == ""


async def test_a_thought_amid_the_story_is_held_back(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=[f"{GENTLE} The user wants a fox.", AFTERWARDS])
    brief = a_brief()
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.text.startswith(GENTLE)
    assert reading.text.endswith(AFTERWARDS)
    assert [held.text.strip() for held in reading.held] == ["The user wants a fox."]


# Sentences ----------------------------------------------------------------------------------------


async def test_a_sentence_in_another_language_is_worded_anew(any_host: ModelHost[Any]) -> None:
    foreign = "They walked together along the path."
    told = "Ariel encontró un farol. {} La luna brillaba sobre el camino."
    spanish = "Caminaron juntos por el sendero."
    any_host.script(prose=[told.format(foreign)], rewording=spanish)
    brief = a_brief(language="es", hero="Ariel")
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == told.format(spanish)
    assert reading.draft.outcome == ()
    (call,) = any_host.calls_for("rewording")
    assert "Write every sentence in Spanish." in call.prompt


async def test_a_small_models_sentence_in_another_language_is_left_out(
    any_host: ModelHost[Any],
) -> None:
    any_host.script(prose="They walked together along the path.")
    brief = a_brief(language="es", hero="Ariel")
    draft = (await Reading().of(brief, resources_for(any_host, brief, writing="beats"))).draft
    assert "They walked" not in draft.text
    assert draft.outcome == ()
    assert any_host.calls_for("rewording") == []


async def test_a_chapter_that_turns_to_another_language_is_tried_anew_once(
    any_host: ModelHost[Any],
) -> None:
    english = [f"They walked along the path to house {n}." for n in range(12)]
    any_host.script(
        prose=["Ariel encontró un farol. " + " ".join(english[:6]), " ".join(english[6:])],
        rewording="They went home to the house.",
    )
    brief = a_brief(language="es", hero="Ariel")
    draft = (await Reading().of(brief, resources_for(any_host, brief))).draft
    assert draft.text == " ".join(["Ariel encontró un farol.", *english[:2], *english[6:]])
    assert {found.kind for found in draft.outcome} == {"language"}
    assert "in Spanish." in any_host.calls_for("prose")[1].messages[-1]["content"]
    assert len(any_host.calls) == 6


async def test_the_heros_pronoun_is_put_right(any_host: ModelHost[Any]) -> None:
    any_host.script(
        prose=["Robin packed his bag. The owl was pleased."], rewording="Robin packed her bag."
    )
    brief = a_brief(pronoun=Pronoun.SHE)
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == "Robin packed her bag. The owl was pleased."
    assert "write she and her" in any_host.calls_for("rewording")[0].prompt


async def test_a_misspelt_name_is_put_right(any_host: ModelHost[Any]) -> None:
    any_host.script(prose=["Robbin found a lantern."], rewording="Robin found a lantern.")
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(any_host, brief))).draft.text == (
        "Robin found a lantern."
    )


async def test_what_cannot_be_put_right_stays_and_is_kept_for_staff(
    any_host: ModelHost[Any],
) -> None:
    sentences = [f"Robin slowly shook his head {n} times." for n in range(8)]
    any_host.script(prose=" ".join(sentences), rewording="Robin shook his head.")
    brief = a_brief(pronoun=Pronoun.SHE)
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert reading.draft.text == " ".join(sentences)
    assert [found.sentence for found in reading.draft.outcome] == sentences
    assert {found.kind for found in reading.draft.outcome} == {"pronoun"}
    assert len(reading.all(ModelUse)) == len(any_host.calls) == 6
    assert reading.held == []


async def test_the_next_try_is_told_what_was_wrong(any_host: ModelHost[Any]) -> None:
    any_host.script(
        prose=[Reply("Robin shook his head. The owl", cut_after=6), AFTERWARDS],
        rewording="Robin shook her head.",
    )
    brief = a_brief(pronoun=Pronoun.SHE)
    await Reading().of(brief, resources_for(any_host, brief))
    assert "write she and her" in any_host.calls_for("prose")[1].messages[-1]["content"]


async def test_the_next_try_is_told_of_another_pronoun_throughout(
    any_host: ModelHost[Any],
) -> None:
    told = (
        "The moon shone on the garden. Robin woke up early. He ran down. Robin saw a light, and "
        "he looked at it. Robin took the lantern. He held it high. He smiled."
    )
    any_host.script(
        prose=[Reply(f"{told} The owl", cut_after=len(told.split()) + 1), AFTERWARDS],
        rewording="Robin smiled.",
    )
    brief = a_brief(pronoun=Pronoun.SHE)
    draft = (await Reading().of(brief, resources_for(any_host, brief))).draft
    assert draft.text.startswith(told.removesuffix("He smiled."))
    assert "write she and her" in any_host.calls_for("rewording")[0].prompt
    assert "write she and her" in any_host.calls_for("prose")[1].messages[-1]["content"]


# Loops --------------------------------------------------------------------------------------------


async def test_a_text_that_goes_round_in_circles_is_ended(any_host: ModelHost[Any]) -> None:
    again = "They walked on and on. "
    any_host.script(prose=[f"Robin found a lantern. {again * 30}", AFTERWARDS])
    brief = a_brief()
    draft = (await Reading().of(brief, resources_for(any_host, brief))).draft
    assert draft.text.count(again.strip()) == 3
    assert draft.text.endswith(AFTERWARDS)
    assert "something new happens" in any_host.calls_for("prose")[1].prompt


async def test_a_model_that_only_repeats_itself_tells_no_chapter(any_host: ModelHost[Any]) -> None:
    any_host.quirks.add(Quirk.REPEATS_ITSELF, kinds={"prose"})
    brief = a_brief()
    with pytest.raises(TooShort):
        await Reading().of(brief, long_enough(any_host, brief))
    assert len(any_host.calls) <= 4


async def test_a_refrain_of_a_good_model_is_kept(any_host: ModelHost[Any]) -> None:
    refrain = "Row, little boat, row along!"
    told = " ".join(f"They passed bridge number {n}. {refrain} {refrain}" for n in range(5))
    any_host.script(prose=[told])
    brief = a_brief()
    assert (await Reading().of(brief, resources_for(any_host, brief))).draft.text == told


# The choice ---------------------------------------------------------------------------------------

ON_THEY_WENT = words(60)
KNOCKED = "Robin knocked on the blue door."


def after_choice(**changes: Any) -> Any:
    return a_brief(path=a_path(1), chapter_number=2, **changes)


def after_choosing(text: str, promise: str = "", **changes: Any) -> Any:
    taken = ChoiceTaken(text=text, description=promise)
    path = tuple(past.model_copy(update={"choice": taken}) for past in a_path(1))
    return a_brief(path=path, chapter_number=2, **changes)


async def test_a_chapter_without_what_was_chosen_is_told_so_and_goes_on_with_it(
    any_host: ModelHost[Any],
) -> None:
    rest = words(100, start=60)
    any_host.script(prose=[ON_THEY_WENT, f"{KNOCKED} {rest}"])
    reading = await Reading().of(after_choice(), resources_for(any_host, after_choice()))
    told = reading.draft.text
    assert KNOCKED in " ".join(told.split()[:EARLY_WORDS])
    assert reading.draft.outcome == ()
    first, second = any_host.calls_for("prose")
    note = "It happens now, in the very next sentence. The child chose: <choice>Knock on the blue"
    assert note not in first.prompt
    assert note in second.messages[-1]["content"]


async def test_it_is_told_once_and_no_longer_than_it_is_true(any_host: ModelHost[Any]) -> None:
    brief = after_choice()
    more = words(60, start=200)
    any_host.script(prose=[ON_THEY_WENT, Reply(f"{KNOCKED} Then", reason="length"), more])
    await Reading().of(brief, resources_for(any_host, brief))
    calls = any_host.calls_for("prose")
    assert ["has not happened yet" in call.prompt for call in calls] == [False, True, False]


async def test_a_choice_that_is_never_honoured_is_kept_for_staff(any_host: ModelHost[Any]) -> None:
    brief = after_choice()
    any_host.script(prose=[words(200), words(100, start=200)])
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert [found.kind for found in reading.draft.outcome] == ["choice"]
    assert reading.draft.measures.word_count >= 150
    assert len(any_host.calls_for("prose")) == 2
    assert reading.held == []


async def test_a_chapter_that_begins_with_what_was_chosen_costs_no_call_more(
    any_host: ModelHost[Any],
) -> None:
    brief = after_choice()
    any_host.script(prose=[f"{words(30)} {KNOCKED} {words(100, start=30)}"])
    reading = await Reading().of(brief, resources_for(any_host, brief))
    assert len(any_host.calls_for("prose")) == 1
    assert reading.draft.outcome == ()


async def test_cards_keep_their_choices_without_a_call(ollama: OllamaServer) -> None:
    first = planned(a_brief())
    for choice in first.choices:
        brief = after_choosing(choice.text, choice.promise)
        brief = brief.model_copy(update={"plan": planned(brief)})
        resources = resources_for(ollama, brief, writing="beats", judges=False, structures=False)
        assert (await Reading().of(brief, resources)).draft.outcome == ()


@pytest.mark.parametrize(
    ("language", "choice", "kept", "missed"),
    [
        ("en", "Follow the glowing lights", "The light went ahead of them.", "They ate cake."),
        ("es", "Seguir los faroles", "Un farol brillaba.", "Comieron un pastel."),
        ("he", "לרוץ אחרי האור", "הם ראו אור רחוק.", "הם אכלו עוגה."),
        ("he", "לפתוח את הדלת", "בדלת הייתה ידית.", "הם אכלו עוגה."),
    ],
)
def test_a_choice_is_known_by_any_of_its_words(
    language: str, choice: str, kept: str, missed: str
) -> None:
    brief = after_choosing(choice, language=language)
    assert keeps_choice(kept, brief)
    assert not keeps_choice(missed, brief)


@pytest.mark.parametrize("choice", ["Go on", "Do it with them", "And then?"])
def test_a_choice_without_a_word_of_its_own_is_never_missed(choice: str) -> None:
    assert keeps_choice("They ate cake.", after_choosing(choice))


def test_the_heros_name_alone_keeps_no_choice() -> None:
    assert not keeps_choice("Robin ate cake.", after_choosing("Show Robin the boat"))


def test_the_find_is_known_by_its_own_words() -> None:
    assert uses_find("The funnel sang.", "a dented tin funnel", "en")
    assert not uses_find("The owl sang.", "a dented tin funnel", "en")
