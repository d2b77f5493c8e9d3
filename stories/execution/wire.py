"""The stream's events, made of one step at a time; every text gets the family's names on the
way."""

from typing import assert_never

from stories.generations.revealing import revealed_notes
from stories.vocabulary.brief import StoryBrief
from stories.vocabulary.events import Event, Metadata, NodeEvent, Progress, SafetyChecked
from stories.vocabulary.pseudonym import Pseudonym
from stories.workflow.steps import Advanced, Announcement, ChapterDraft, Judged, NodeStatus, Noted


def event_of(step: Announcement, brief: StoryBrief, name: Pseudonym) -> Event:
    match step:
        case NodeStatus():
            return NodeEvent(node=step.node, status=step.status)
        case Advanced():
            return Progress(percent=step.percent, stage=step.stage, eta_seconds=step.eta_seconds)
        case Judged():
            return SafetyChecked(
                approved=step.judgement.approved,
                score=step.judgement.score,
                issues=[name.reveal(issue) for issue in step.judgement.issues],
            )
        case Noted():
            return _metadata(step.draft, brief, name)
        case _:
            assert_never(step)


def _metadata(draft: ChapterDraft, brief: StoryBrief, name: Pseudonym) -> Metadata:
    notes = revealed_notes(draft, name)
    return Metadata(
        estimated_reading_time=draft.measures.reading_minutes,
        vocabulary_level=draft.measures.level.value,
        educational_elements=list(notes.educational_elements),
        word_count=draft.measures.word_count,
        requested_level=brief.reading_level.value,
        vocabulary_words=list(notes.vocabulary),
    )
