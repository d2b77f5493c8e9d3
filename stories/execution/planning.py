"""Planning on: once readers have all of a chapter, a capable model is asked how the story goes on.

Nobody waits for it: the run has ended, and whatever goes wrong costs the plan alone.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import replace

from django.db import DatabaseError

from stories import llm
from stories.generations import own_plans
from stories.generations.claims import Claim
from stories.infra.db import in_database
from stories.moderation import cases
from stories.moderation.cases import ShownText
from stories.vocabulary.errors import told_to_staff
from stories.vocabulary.own_plan import OwnPlan
from stories.workflow.planning import ask_plan
from stories.workflow.resources import ChapterResources
from stories.workflow.steps import ChapterDraft, HeldBack, ModelUse, Step

logger = logging.getLogger(__name__)


async def plan_on(
    claim: Claim, draft: ChapterDraft, resources: ChapterResources, host: str
) -> None:
    """Have the chapters after this one planned, unless somebody waits for the host at this address,
    and keep the plan with it."""
    steps: list[Step] = []
    try:
        slots = (await llm.status()).host_concurrency
        may_plan = await in_database(own_plans.may_plan, host, slots, resources.profile.name)
        plan = await _asked(claim, draft, resources, steps) if may_plan else None
        uses = [step for step in steps if isinstance(step, ModelUse)]
        await in_database(own_plans.store_plan, claim, plan, uses)
        for held in steps:
            if isinstance(held, HeldBack):
                await in_database(
                    cases.open_for_held_back, claim.generation, held, claim.brief.band, ShownText()
                )
    except DatabaseError as error:
        name = type(error).__name__
        logger.warning("generation %s: its plan cannot be stored: %s", claim.id, name)


async def _asked(
    claim: Claim, draft: ChapterDraft, resources: ChapterResources, steps: list[Step]
) -> OwnPlan | None:
    anew = replace(resources, spent_tries=Counter())
    try:
        with llm.traced():
            async with asyncio.timeout(own_plans.PLAN_SECONDS):
                return await ask_plan(claim.brief, draft, anew, steps.append)
    except Exception as error:  # noqa: BLE001 - whatever it was, the story goes on by its draw
        why = told_to_staff(error) or type(error).__name__
        logger.info("generation %s: the next chapters are not planned: %s", claim.id, why)
        return None
