"""Each kind of guard is asked as its makers say, and only a clear answer is an answer."""

import pytest
from langchain_core.messages import BaseMessage

from stories.safety.guard import Dialect, NoAnswer, dialect_of, said_by_user
from stories.safety.layers import Passage
from stories.vocabulary.brief import AgeBand

PASSAGE = Passage("\n\nThe well was deep.", "Robin found a lantern.")


def dialect(name: str) -> Dialect:
    found = dialect_of(name)
    assert found is not None
    return found


def asked(name: str) -> list[BaseMessage]:
    return dialect(name).messages(PASSAGE, AgeBand.YOUNG)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama-guard3", "llama_guard"),
        ("llama-guard3:8b", "llama_guard"),
        ("meta-llama/Llama-Guard-4-12B", "llama_guard"),
        ("granite3-guardian:2b", "granite_guardian"),
        ("ibm/granite3.3-guardian:8b-q4_K_M", "granite_guardian"),
        ("ibm-granite/granite-guardian-3.1-8b", "granite_guardian"),
        ("story", "story_model"),
    ],
)
def test_a_guard_is_known_by_its_name(name: str, expected: str) -> None:
    assert dialect(name).name == expected


@pytest.mark.parametrize("name", ["", "gemma3:12b", "granite3.3:8b", "shieldgemma:2b", "guard"])
def test_what_is_no_guard_is_not_taken_for_one(name: str) -> None:
    assert dialect_of(name) is None


@pytest.mark.parametrize("name", ["llama-guard3", "granite3-guardian"])
def test_guards_by_trade_judge_the_paragraph_as_the_last_thing_said(name: str) -> None:
    *_, before, paragraph = asked(name)
    assert (before.type, paragraph.type) == ("human", "ai")
    assert paragraph.text == "The well was deep."
    assert "Robin found a lantern." in before.text


@pytest.mark.parametrize("name", ["llama-guard3", "granite3-guardian", "story"])
def test_the_paragraph_can_be_said_by_the_user(name: str) -> None:
    messages = said_by_user(dialect(name)).messages(PASSAGE, AgeBand.YOUNG)
    assert [one.type for one in messages[-1:]] == ["human"]
    assert "ai" not in [one.type for one in messages]
    assert "The well was deep." in messages[-1].text
    assert [one for one in messages if one.type == "system"] == [
        one for one in asked(name) if one.type == "system"
    ]


def test_granite_is_told_the_risk_by_its_name() -> None:
    first, *_ = asked("granite3-guardian")
    assert (first.type, first.text) == ("system", "harm")


def test_the_storys_own_model_is_told_the_age_and_reads_the_paragraph_as_data() -> None:
    system, question = asked("story")
    assert "3-5" in system.text
    assert (
        question.text == '{"before": "Robin found a lantern.", "paragraph": "The well was deep."}'
    )


@pytest.mark.parametrize(
    ("name", "answer", "found"),
    [
        ("llama-guard3", "safe", ""),
        ("llama-guard3", "\n\nsafe\n", ""),
        ("llama-guard3", "unsafe\nS10", "hate"),
        ("llama-guard3", "unsafe\nS1,S10", "violence"),
        ("llama-guard3", "\n\nunsafe\nS99", "unsuitable"),
        ("llama-guard3", "unsafe", "unsuitable"),
        ("granite3-guardian", "No", ""),
        ("granite3-guardian", "Yes", "unsuitable"),
        ("granite3-guardian", "No\n<confidence> High </confidence>", ""),
        ("granite3-guardian", "Yes\n<confidence>Low</confidence>", "unsuitable"),
        ("granite3-guardian", "<score> no </score>", ""),
        ("granite3-guardian", "<think>\nHm, yes?\n</think>\n<score> no </score>", ""),
        ("granite3-guardian", "<score> yes </score>", "unsuitable"),
        ("story", '{"problem": "none"}', ""),
        ("story", '{"problem": "grooming"}', "grooming"),
    ],
)
def test_a_clear_answer_is_understood(name: str, answer: str, found: str) -> None:
    assert dialect(name).read(answer) == found


@pytest.mark.parametrize("name", ["llama-guard3", "granite3-guardian", "story"])
@pytest.mark.parametrize(
    "answer",
    [
        "",
        "This is a lovely story.",
        "It is safe, and the answer is no.",
        "safe unsafe",
        "not safe",
        "no yes",
        "No, but yes",
        '{"problem": "nothing"}',
        '{"problem": "none"',
        "{}",
        "null",
        "Failed",
    ],
)
def test_anything_else_is_no_answer(name: str, answer: str) -> None:
    with pytest.raises(NoAnswer):
        dialect(name).read(answer)
