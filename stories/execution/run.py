"""The state of one claimed run, and the control that its process has over it."""

import asyncio
import logging
from dataclasses import dataclass, field

from stories import llm
from stories.eventlog import LogWriter
from stories.generations.claims import Claim
from stories.generations.writers import last_writing
from stories.moderation.cases import ShownText
from stories.workflow.checkpoints import Checkpoints, StoreAway
from stories.workflow.resources import ChapterResources, Writing
from stories.workflow.steps import ChapterDraft, ModelUse

logger = logging.getLogger(__name__)


@dataclass
class RunControl:
    """Control over a run by its process, which holds the leases of all its runs."""

    are_there: asyncio.Event = field(default_factory=asyncio.Event)
    is_lost: bool = False

    def stop(self) -> None:
        self.are_there.set()

    def lose(self) -> None:
        """Another process has taken it over."""
        self.is_lost = True
        self.are_there.set()


@dataclass
class Run:
    """One claim being executed. `host` is the address of the model host that writes it.

    `percent` is how far an earlier runner had come, and `is_measured` says that it had measured the
    text. `shown` is what was approved, and `provisional` what readers have behind it, both in
    stand-in form. `has_findings` says that something was held back, or may have been by an earlier
    runner. `planned_after` is the finished chapter, where a plan of the next ones is wanted.
    """

    claim: Claim
    control: RunControl
    checkpoints: Checkpoints
    log: LogWriter = field(init=False)
    host: str = field(init=False)
    written_as: Writing | None = field(init=False)
    uses: list[ModelUse] = field(default_factory=list)
    percent: int = field(init=False)
    is_measured: bool = field(init=False)
    shown: ShownText = field(init=False)
    has_findings: bool = field(init=False)
    models: llm.Models | None = None
    resources: ChapterResources | None = None
    planned_after: ChapterDraft | None = None
    provisional: str = ""

    def __post_init__(self) -> None:
        self.host = self.claim.generation.host
        self.written_as = last_writing(self.claim.generation.writers)
        told = (event.data["percent"] for event in self.claim.log if event.type == "progress")
        self.percent = max(told, default=0)
        self.is_measured = any(event.type == "metadata" for event in self.claim.log)
        self.shown = ShownText(self.claim.resume.resets, self.claim.resume.text)
        self.has_findings = self.claim.generation.started_at is not None
        last = self.claim.generation.last_position
        self.log = LogWriter(self.claim.id, self.claim.lease_id, last)

    @property
    def writing(self) -> Writing | None:
        """The way in which the text that is shown of it was written; None where none is."""
        return self.written_as if self.shown.text else None


async def forget(run: Run) -> None:
    try:
        await run.checkpoints.forget(str(run.claim.id))
    except StoreAway:
        logger.exception("generation %s: its checkpoints stay behind", run.claim.id)
