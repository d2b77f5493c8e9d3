"""A chapter that is dark only as a whole, by a model whose judgement is not worth asking."""

import pytest

from stories.vocabulary.brief import AgeBand
from stories.vocabulary.errors import SafetyRejected
from stories.vocabulary.languages import stand_ins
from testkit.hosts import in_turn
from testkit.ollama.server import OllamaServer
from tests.stories.safety.chapters import read
from tests.stories.safety.faults import SENTENCES, brief_of
from tests.stories.workflow.studio import Reading, a_brief, resources_for

each_language = pytest.mark.parametrize("language", ["en", "es", "he"])


def dark_chapter(language: str) -> str:
    """A chapter unfit at every age."""
    dark = [chapter for chapter in read(language) if not chapter.is_harmless]
    return next(chapter.text for chapter in dark if chapter.bands == list(AgeBand))


def bright_chapter(language: str) -> str:
    return next(chapter.text for chapter in read(language) if chapter.is_harmless)


@each_language
async def test_it_is_withdrawn_and_told_anew_and_the_storyteller_hears_why(
    ollama: OllamaServer, language: str
) -> None:
    dark, bright = dark_chapter(language), bright_chapter(language)
    ollama.script(prose=[dark, bright])
    brief = a_brief(language=language)
    reading = await Reading().of(brief, resources_for(ollama, brief, judges=False))
    assert reading.order.count("content_reset") == 1
    assert reading.text == reading.draft.text == bright
    (held,) = [each for each in reading.held if each.field != "memory"]
    assert (held.field, held.text, held.verdict.layer) == ("chapter", dark, "rubric")
    assert held.verdict.rule in ollama.calls_for("prose")[1].prompt
    assert ollama.calls_for("judge") == []
    assert reading.draft.safety.layers[-1] == "rubric"


@pytest.mark.parametrize("chapter", [1, 12])
async def test_one_that_is_dark_however_often_it_is_told_is_given_up(
    ollama: OllamaServer, chapter: int
) -> None:
    ollama.script(prose=dark_chapter("en"))
    brief = brief_of(chapter)
    reading = Reading()
    with pytest.raises(SafetyRejected):
        await reading.of(brief, resources_for(ollama, brief, judges=False))
    assert reading.order.count("content_reset") == 2
    assert "metadata" not in reading.order


async def test_a_model_that_judges_is_believed_and_the_words_are_not_counted(
    ollama: OllamaServer,
) -> None:
    dark = dark_chapter("en")
    ollama.script(prose=in_turn(dark, " ".join(SENTENCES)), judge={"problem": "none", "weight": 0})
    brief = brief_of(1)
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert reading.text == reading.draft.text == dark


@pytest.mark.parametrize("age", [4, 7, 10])
@pytest.mark.parametrize("chapter", [1, 2, 3, 12])
@each_language
async def test_what_the_program_tells_itself_passes_at_every_age(
    ollama: OllamaServer, age: int, chapter: int, language: str
) -> None:
    ollama.script(prose="")
    brief = a_brief(
        age=age,
        language=language,
        hero=stand_ins(language)[0],
        theme={"en": "wolves", "es": "lobos", "he": "זאבים"}[language],
        chapter_number=chapter,
        total_chapters=12,
    )
    resources = resources_for(ollama, brief, writing="beats", judges=False, structures=False)
    reading = await Reading().of(brief, resources)
    assert reading.held == []
    assert reading.draft.text
