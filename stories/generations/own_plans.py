"""A model's own plan of the chapters to come, kept with the chapter that it was made after: only
the branch that goes through that chapter is told by it."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from stories.controls import switches
from stories.models import Chapter, Generation
from stories.vocabulary.own_plan import OwnPlan
from stories.workflow.steps import ModelUse

from . import queue
from .claims import Claim
from .writers import stored

PLAN_SECONDS = 90.0
"""A child reads a chapter for longer than that, and chooses."""
TIMING = "plan"


def due() -> dt.datetime:
    """The time until which a plan that is begun now may be stored."""
    return timezone.now() + dt.timedelta(seconds=PLAN_SECONDS)


def may_plan(host: str, slots: int, model: str) -> bool:
    """True when nobody waits for a chapter, the host has one of its slots free, and the model is
    still allowed to write."""
    is_free = not queue.unclaimed_runs() and bool(queue.free_hosts([stored(host)], slots))
    return is_free and switches.may_write_with(model)


@transaction.atomic
def store_plan(claim: Claim, plan: OwnPlan | None, uses: Sequence[ModelUse]) -> None:
    """Keep the plan with the run's chapter, and its costs with the run; nothing is on its way any
    more. A plan that comes too late is dropped: chapters may have been begun without it."""
    chapter = Chapter.with_hidden.filter(generation=claim.id)
    if plan and not plan.is_empty:
        chapter.filter(plan_by__gt=timezone.now()).update(plan=plan.model_dump(mode="json"))
    chapter.update(plan_by=None)
    if uses:
        _add_costs(claim, uses)


def _add_costs(claim: Claim, uses: Sequence[ModelUse]) -> None:
    run = Generation.with_hidden.select_for_update().filter(pk=claim.id)
    seconds = round(sum(use.seconds for use in uses), 3)
    for timings in run.values_list("timings", flat=True):
        run.update(
            timings={**timings, TIMING: seconds},
            prompt_tokens=F("prompt_tokens") + sum(use.prompt_tokens for use in uses),
            completion_tokens=F("completion_tokens") + sum(use.completion_tokens for use in uses),
        )
