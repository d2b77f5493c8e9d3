"""The same guarantees in Spanish and Hebrew as in English: an unsafe sentence is in nothing
said."""

import contextlib
from dataclasses import dataclass
from typing import Any

import pytest

from stories.safety.prose import ProseStream
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.errors import StoryError
from stories.vocabulary.languages import stand_ins
from stories.workflow.manuscript import Manuscript
from stories.workflow.progress import ProgressMeter
from stories.workflow.resources import ChapterResources
from stories.workflow.steps import HeldBack
from testkit.hosts import characters
from testkit.ollama.server import OllamaServer
from tests.stories.workflow.studio import Reading, a_brief, a_path, resources_for


@dataclass(frozen=True)
class Tale:
    """A harmless chapter, and what its language's rules and a family's wish stop: as it stands, in
    disguise and softly."""

    language: str
    sentences: tuple[str, ...]
    unsafe: tuple[str, str, str]
    avoid: str
    unsafe_words: tuple[str, ...]

    def with_unsafe(self, unsafe: str, position: int) -> str:
        told = [*self.sentences[:position], unsafe, *self.sentences[position:]]
        return " ".join(told[:3]) + "\n\n" + " ".join(told[3:])

    def brief(self, chapter: int = 1) -> StoryBrief:
        return a_brief(
            language=self.language,
            hero=stand_ins(self.language)[0],
            chapter_number=chapter,
            total_chapters=12,
            path=a_path(chapter - 1, words=12),
            avoid=(self.avoid,),
        )

    def is_clean(self, text: str) -> bool:
        return not any(word in text for word in self.unsafe_words)


SPANISH = Tale(
    "es",
    (
        "El zorro encontró un farol.",
        "La luz llegaba hasta el camino.",
        "La lechuza estaba contenta.",
        "Subieron juntos la colina.",
        "Una puertecita estaba abierta.",
        "Todos cantaron.",
    ),
    (
        "Entonces el hombre los asesinó con una pistola.",
        "Entonces el hombre los a.s.e.s.i.n.ó a todos.",
        "Había una araña en la pared.",
    ),
    "araña",
    ("asesin", "a.s.e", "pistola", "araña"),
)
HEBREW = Tale(
    "he",
    (
        "השועל מצא פנס.",
        "האור הגיע עד השביל.",
        "הינשופה הייתה מרוצה.",
        "הם טיפסו יחד על הגבעה.",
        "דלת קטנה הייתה פתוחה.",
        "כולם שרו.",
    ),
    (
        "ואז האיש רצח את כולם עם אקדח.",
        "ואז האיש ר.צ.ח את כולם.",
        "עכביש ישב על הקיר.",
    ),
    "עכביש",
    ("רצח", "ר.צ", "אקדח", "עכביש"),
)
each_tale = pytest.mark.parametrize("tale", [SPANISH, HEBREW], ids=lambda tale: tale.language)
each_kind = pytest.mark.parametrize("kind", [0, 1, 2], ids=["hard", "disguised", "soft"])


def assert_held(
    resources: ChapterResources, tale: Tale, kind: int, position: int, cut: int
) -> None:
    """The chapter in two pieces, cut so many characters behind where its unsafe sentence begins."""
    unsafe = tale.unsafe[kind]
    text = tale.with_unsafe(unsafe, position)
    at = max(1, text.index(unsafe) + cut)
    said: list[Any] = []
    manuscript = Manuscript(
        "", 1, resources=resources, progress=ProgressMeter(100), emit=said.append
    )
    prose = ProseStream(tale.language)
    pieces = (text[:at], text[at:])
    for sentence in [s for piece in pieces for s in prose.feed(piece)] + prose.finish():
        manuscript.offer(sentence)
    assert tale.is_clean("".join(repr(s) for s in said if not isinstance(s, HeldBack))), cut
    assert [s.text for s in said if isinstance(s, HeldBack)] == [unsafe], cut
    assert manuscript.text.split() == " ".join(tale.sentences).split(), cut


@each_tale
@each_kind
def test_cut_at_every_place_an_unsafe_sentence_is_not_added(
    ollama: OllamaServer, tale: Tale, kind: int
) -> None:
    resources = resources_for(ollama, tale.brief())
    for cut in range(-2, len(tale.unsafe[kind]) + 3):
        assert_held(resources, tale, kind, 3, cut)


@each_tale
@each_kind
@pytest.mark.parametrize("position", range(7))
def test_at_every_position_an_unsafe_sentence_is_not_added(
    ollama: OllamaServer, tale: Tale, kind: int, position: int
) -> None:
    resources, length = resources_for(ollama, tale.brief()), len(tale.unsafe[kind])
    for cut in (1, length // 2, length):
        assert_held(resources, tale, kind, position, cut)


@each_tale
@pytest.mark.parametrize("chapter", [1, 12])
@pytest.mark.parametrize("position", [0, 3, 6])
async def test_a_chapter_is_whole_and_clean_wherever_it_was_unsafe(
    ollama: OllamaServer, tale: Tale, position: int, chapter: int
) -> None:
    ollama.cut = characters
    hard = tale.unsafe[0]
    ollama.script(prose=[tale.with_unsafe(hard, position), " ".join(tale.sentences)])
    brief = tale.brief(chapter)
    reading = await Reading().of(brief, resources_for(ollama, brief))
    assert tale.is_clean(reading.shown)
    assert reading.text == reading.draft.text
    assert [held.text for held in reading.held] == [hard]


@each_tale
@each_kind
@pytest.mark.parametrize("writing", ["prose", "beats"])
async def test_a_model_that_says_nothing_else_is_never_heard(
    ollama: OllamaServer, tale: Tale, kind: int, writing: Any
) -> None:
    unsafe = tale.unsafe[kind]
    ollama.script(prose=f"{unsafe} " * 5, rewording=unsafe, structured={"title": unsafe})
    brief = tale.brief()
    reading = Reading()
    with contextlib.suppress(StoryError):
        await reading.of(brief, resources_for(ollama, brief, writing=writing))
    assert reading.held
    assert tale.is_clean(reading.shown)
