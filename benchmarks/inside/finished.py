"""A chapter that is stored, with a log of so many events: `finished EMAIL EVENTS`."""

import json
import sys
from uuid import UUID

from django.db import transaction

from children.models import Child, User
from children.profiles import ReadingLevel
from stories import eventlog
from stories.eventlog import Entry
from stories.generations import NewStory, leases, outcomes, start_story
from stories.reading import Measures
from stories.safety.judge import Judgement
from stories.vocabulary.events import Content, Event, Progress
from stories.workflow.steps import ChapterDraft, DraftChoice
from tests.factories.callers import caller

_SENTENCE = "The little lantern shone on the path, and {n} moths came to look at it. "
# The first event of a log, its last progress and `complete` come by themselves.
_OTHER_EVENTS = 3


def finished(email: str, events: int) -> UUID:
    user = User.objects.get(email=email)
    child = Child.objects.filter(family=user.family).order_by("name").first()
    assert child is not None
    start_story(caller(user), NewStory(child=child, theme="a lantern for 500 moths"))
    claim = leases.claim_next(1).claim
    assert claim is not None
    told = [_event(number, events) for number in range(events - _OTHER_EVENTS)]
    text = "".join(event.chunk for event in told if isinstance(event, Content))
    last = claim.generation.last_position
    with transaction.atomic():
        eventlog.insert(claim.id, claim.lease_id, last, [Entry(event) for event in told])
    outcomes.complete(claim, _draft(text), last + len(told), [])
    return claim.id


def _event(number: int, events: int) -> Event:
    if number % 2:
        return Progress(percent=90 * number // events, stage="Writing", eta_seconds=1.5)
    return Content(chunk=_SENTENCE.format(n=number), is_complete=False)


def _draft(text: str) -> ChapterDraft:
    choices = ("Follow the moths", "Blow the lantern out", "Call the owl")
    return ChapterDraft(
        title="A lantern",
        text=text,
        question="What now?",
        choices=tuple(DraftChoice(choice, choice, choice) for choice in choices),
        vocabulary=(),
        summary="There was a lantern.",
        educational_elements=(),
        measures=Measures(
            len(text.split()), text.count("."), ReadingLevel.BEGINNER, 10, 3, 2, 7, 5
        ),
        safety=Judgement(approved=True, score=1.0, issues=()),
        used_defaults=(),
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(str(finished(sys.argv[1], int(sys.argv[2])))))
