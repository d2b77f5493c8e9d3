"""Events without the story's words: all that a page which a child may look at is told of a chapter
that a parent has not released."""

import json
from typing import Any

from stories.eventlog import LogEvent

# Every type is named, so that a new one is not shown before somebody has thought about it.
_WITHOUT_WORDS: dict[str, dict[str, Any]] = {
    "node_event": {},
    "content": {"chunk": ""},
    "content_reset": {},
    "progress": {},
    "queue": {},
    "safety_check": {"issues": []},
    "metadata": {"educational_elements": [], "vocabulary_words": []},
    "complete": {
        "title": "",
        "content": [],
        "story_content": "",
        "choices": [],
        "choice_question": "",
        "educational_elements": [],
    },
    "error": {},
}


def redacted(event: LogEvent) -> LogEvent:
    """The same event at the same position, with nothing in it of the text."""
    words = _WITHOUT_WORDS[event.type]
    if not words:
        return event
    payload = json.dumps({**event.data, **words}, ensure_ascii=False)
    return LogEvent(event.position, event.type, payload)
