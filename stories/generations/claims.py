"""A claim: the right to write one generation, and the log left by an earlier runner."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from stories import eventlog
from stories.eventlog import LogEvent
from stories.models import (
    Generation,
)
from stories.vocabulary.brief import StoryBrief, stored_brief
from stories.vocabulary.pseudonym import Pseudonym
from stories.workflow.resume import Resume

from .briefs import pseudonym_of
from .resuming import resume_from


@dataclass(frozen=True)
class Claim:
    """The right to write one generation, until its lease runs out.

    `log` is all that an earlier runner left, and `resume` where it is gone on with. It
    `shows_unapproved` text where readers have some that was not approved.
    """

    generation: Generation
    lease_id: uuid.UUID
    brief: StoryBrief
    name: Pseudonym
    resume: Resume
    log: tuple[LogEvent, ...]
    shows_unapproved: bool
    is_stop_requested: bool

    @property
    def id(self) -> uuid.UUID:
        return self.generation.pk


def read_claim(pk: uuid.UUID, lease_id: uuid.UUID) -> Claim:
    generation = Generation.with_hidden.select_related("story__child", "choice__chapter").get(pk=pk)
    name = pseudonym_of(generation.story)
    log = eventlog.read_after(pk, 0)
    resume = resume_of(pk, log, name)
    return Claim(
        generation=generation,
        lease_id=lease_id,
        brief=stored_brief(generation.brief),
        name=name,
        resume=resume,
        log=tuple(log),
        shows_unapproved=eventlog.shown_text(log) != name.reveal(resume.text),
        is_stop_requested=generation.stop_requested_at is not None,
    )


def resume_of(pk: uuid.UUID, log: Sequence[LogEvent], name: Pseudonym) -> Resume:
    has_text = any(event.type == "content" for event in log)
    source = eventlog.source_text(pk) if has_text else ""
    return resume_from(((event.type, event.data) for event in log), source, name)
