"""A model that writes what must not be seen, in every place that it can write."""

import re

from children.models import Child
from stories.models import Chapter, Story
from testkit.ollama.server import OllamaServer
from tests.factories.stories import add_chapter, make_read_story
from tests.stories.safety.faults import HARD, SENTENCES

GUARD = "llama-guard3:1b"
DARK = "Nobody in the well called out any more."
SOFT = "The thunder grumbled."
BAD = "He stabbed him with a knife"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32,}")
NEVER_SHOWN = ("kill", "gun", "thunder", "stabbed", "knife", "in the well")


def unsafe_in_every_way(storyteller: OllamaServer) -> None:
    first, second = " ".join(SENTENCES[:3]), " ".join(SENTENCES[3:])
    storyteller.script(
        prose=[f"{first} {SOFT}\n\n{DARK}\n\n{second}", f"{second} {HARD}", "They went to bed."],
        rewording=f"The thunder killed them. {HARD}",
        guard=lambda call: "unsafe\nS1" if DARK in call.messages[-1]["content"] else "safe",
        structured={
            "title": BAD,
            "question": f"{BAD}?",
            "choices": [{"text": BAD, "description": "Oh."}, {"text": "Sing", "description": BAD}],
            "vocabulary": [{"word": "lantern", "meaning": BAD}],
            "summary": f"{BAD}.",
            "educational_elements": [BAD],
        },
    )


def last_but_one_chapter(child: Child) -> tuple[Story, str]:
    """A story of twelve chapters, read up to the eleventh; and the way to the last one."""
    story = make_read_story(child, chapters=0)
    story.total_chapters = 12
    story.save()
    chapter: Chapter | None = None
    for _ in range(11):
        chapter = add_chapter(story, chapter)
    assert chapter is not None
    story.session.chapter = chapter
    story.session.save()
    choice = chapter.choices.get(position=0)
    return story, f"/stories/sessions/{story.session.pk}/choices/stream?choice_id={choice.pk}"


def is_clean(said: list[str]) -> bool:
    """True when it is free of all that must not be seen."""
    # Without the pages' random tokens, in which any three letters stand sooner or later.
    texts = [_TOKEN.sub("", text) for text in said]
    found = [word for text in texts for word in NEVER_SHOWN if word in text]
    assert found == [], found
    return True
