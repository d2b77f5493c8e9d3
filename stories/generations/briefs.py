"""From rows to a `StoryBrief`: all that the storyteller is told of a story, and no more."""

import logging
import secrets
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from children.models import Child
from children.profiles import Pronoun, ReadingLevel
from stories import themes
from stories.models import Chapter, Choice, Generation, Ruling, Story
from stories.plotting.decks import deck_of
from stories.plotting.draw import Drawing, StoryPlan, draw, keys_in, stored_plan
from stories.plotting.telling import chapter_of
from stories.plotting.wordings import can_reach
from stories.reading import target
from stories.tree import path_to
from stories.vocabulary.brief import (
    ChoiceTaken,
    Concern,
    PastChapter,
    StoryBrief,
)
from stories.vocabulary.languages import other_stand_ins, stand_ins
from stories.vocabulary.memory import remembered, stored_memory
from stories.vocabulary.own_plan import OwnPlan, stored_own_plan
from stories.vocabulary.pseudonym import Alias, Pseudonym, choose_stand_in
from stories.vocabulary.tones import Tone

from .cast import companions_of, friend_met_again
from .inputs import checked_as, checked_profile, passes
from .writers import last_writing

logger = logging.getLogger(__name__)

_SEEDS = 2**31
_RECENT_STORIES = 20


def pseudonym_of(story: Story) -> Pseudonym:
    """The exchange of the family's names, the same for all of a story."""
    others = [Alias(tuple(other["names"]), other["stand_in"]) for other in story.companions]
    return _pseudonym(story, _stand_in_of(story), others)


def _pseudonym(story: Story, hero: str, others: Sequence[Alias]) -> Pseudonym:
    child = story.child
    return Pseudonym(Alias((child.name, *child.former_names), hero), others, story.language)


def _stand_in_of(story: Story) -> str:
    """The hero's stand-in, the same for the whole story, even after the child's name has
    changed."""
    child = story.child
    typed = [story.theme, story.requested_title, *child.interests, *child.avoid]
    taken = [child.name, *child.former_names, *typed]
    return story.stand_in or choose_stand_in(stand_ins(story.language), taken)


def brief_for(story: Story, choice: Choice | None) -> StoryBrief:
    """The commission of the chapter after `choice`, or of the first one.

    Keeps with the story by which names its hero and its siblings go, these where the family has
    chosen or named them, so call it in the transaction that stores the brief.
    """
    child = story.child
    path = path_to(choice.chapter if choice else None)
    _keep_stand_ins(story, _typed(story, path, choice), path)
    name = pseudonym_of(story)
    interests, avoid = checked_profile(child, story.language)
    brief = StoryBrief(
        theme=name.hide(story.theme),
        title=name.hide(story.requested_title),
        language=story.language,
        age=child.age,
        checked_as=checked_as(child),
        reading_level=ReadingLevel(story.reading_level),
        interests=_hidden(name, interests),
        avoid=_hidden(name, avoid),
        concerns=_concerns(story, choice),
        hero=name.stand_in,
        pronoun=Pronoun(child.pronoun),
        companions=companions_of(story),
        chapter_number=len(path) + 1,
        total_chapters=story.total_chapters,
        path=_past(name, path, choice),
        memory=remembered(stored_memory(step.facts, step.threads) for step in path),
    )
    plan = chapter_of(_plan_of(story, brief), brief)
    own = None if plan.fits_wish else _own_plan(path)
    return brief.model_copy(update={"plan": plan.model_copy(update={"own": own})})


def _own_plan(path: Sequence[Chapter]) -> OwnPlan | None:
    """A model's newest plan in this branch."""
    plans = (stored_own_plan(step.plan) for step in reversed(path))
    return next((plan for plan in plans if plan), None)


def planned_title(generation: Generation) -> str:
    """The title, with the family's names, of a chapter that is told from the story's plan; "" where
    its model finds one, after the text, and until it is known which model tells it."""
    brief = StoryBrief.model_validate(generation.brief)
    if last_writing(generation.writers) != "beats" or brief.plan is None:
        return ""
    asked_for = brief.title if brief.chapter_number == 1 else ""
    return pseudonym_of(generation.story).reveal(asked_for or brief.plan.title)


def _plan_of(story: Story, brief: StoryBrief) -> StoryPlan:
    """The story's plan, drawn now if it has none yet; call it in a transaction.

    A first chapter that staff took away is told by other cards. A plan that another release stored
    in a form which cannot be read is drawn anew, by the same cards as far as there are such.
    """
    is_told_anew = bool(brief.concerns) and not brief.path
    own_cards: tuple[str, ...] = ()
    if story.plan and not is_told_anew:
        if known := stored_plan(story.plan):
            return known
        logger.warning("story %s: its plan cannot be read, and is drawn anew", story.pk)
        own_cards = keys_in(story.plan)
    child = story.child
    others = Child.objects.filter(family=child.family_id)
    drawing = Drawing(
        seed=secrets.randbelow(_SEEDS),
        total_chapters=story.total_chapters,
        passes=passes(child, story.language),
        tile=_tile_told(story),
        interests=brief.interests,
        names=(*others.values_list("name", flat=True), story.theme),
        recent=_recent_cards(story),
        own_cards=own_cards,
        tone=Tone(story.tone),
        friend=friend_met_again(story),
        companions=len(story.siblings),
        suits=_suits(brief),
    )
    plan = draw(deck_of(story.language, brief.band), drawing)
    story.plan = plan.model_dump(mode="json")
    story.save(update_fields=["plan"])
    return plan


def _suits(brief: StoryBrief) -> Callable[[tuple[str, ...]], bool]:
    """A check whether paragraphs of a deck can be told for the child's reading level."""
    wanted = target(brief.age, brief.reading_level, brief.language)
    return lambda leads: can_reach(leads, wanted, brief.language)


def _tile_told(story: Story) -> str:
    """The tile whose idea is all of the story's theme; "" where something was wished for as well,
    which a tile's plot knows nothing of."""
    tile = themes.find(story.tile)
    return story.tile if tile and tile.idea_in(story.language) == story.theme else ""


def _recent_cards(story: Story) -> tuple[str, ...]:
    """Keys of the cards in the child's latest stories, this one's among them, newest first."""
    stories = Story.objects.filter(child=story.child_id).exclude(plan={})
    keys = stories.order_by("-created_at").values_list("plan__plot__key", "plan__friend__key")
    return tuple(chain(*keys[:_RECENT_STORIES]))


def _typed(story: Story, path: Sequence[Chapter], last_choice: Choice | None) -> list[str]:
    """The family's own words in the story so far, without a model's offers."""
    choices = [*(chapter.choice for chapter in path), last_choice]
    ideas = [step.text for step in choices if step and step.kind == Choice.Kind.OWN_IDEA]
    return [story.theme, story.requested_title, *ideas, *story.child.interests, *story.child.avoid]


def _keep_stand_ins(story: Story, typed: list[str], path: Sequence[Chapter]) -> None:
    """Give a stand-in for the rest of the story to its hero, to each sibling who was chosen for it
    or named by now, and to each stranger who was typed by a name that stands in for somebody of the
    family.

    It stays where the sibling's profile goes, since what was typed stays as well. Call it in a
    transaction: stories go on in several ways at once.
    """
    newest = Story.objects.select_for_update().values_list("stand_in", "companions")
    story.stand_in, story.companions = newest.get(pk=story.pk)
    hero = _stand_in_of(story)
    siblings = Child.objects.filter(family=story.child.family_id).exclude(pk=story.child_id)
    names = {str(sibling.pk): [sibling.name, *sibling.former_names] for sibling in siblings}
    in_use = [hero, *(other["stand_in"] for other in story.companions)]
    names |= {f"stranger {stand_in}": [stand_in] for stand_in in in_use}
    companions: list[dict[str, Any]] = [
        other | {"names": names.get(other["child"], other["names"])} for other in story.companions
    ]
    known = {other["child"] for other in companions}
    everybody = _pseudonym(story, hero, [Alias(tuple(own), key) for key, own in names.items()])
    named = everybody.stand_ins_for("\n".join(typed)) | {*story.siblings}
    taken = [*typed, story.child.name, *chain(*names.values()), *(step.source for step in path)]
    for key in [key for key in names if key in named - known]:
        taken += [other["stand_in"] for other in companions]
        stand_in = choose_stand_in(other_stand_ins(story.language), taken)
        companions.append({"child": key, "names": names[key], "stand_in": stand_in})
    if (hero, companions) != (story.stand_in, story.companions):
        story.stand_in, story.companions = hero, companions
        story.save(update_fields=["stand_in", "companions"])


def _concerns(story: Story, choice: Choice | None) -> tuple[Concern, ...]:
    """Staff's reasons against earlier chapters at this position: however often it is written anew,
    the next one keeps away from them."""
    taken_away = Ruling.objects.filter(
        case__generation__story=story,
        case__generation__choice=choice,
        case__generation__withdrawn_at__isnull=False,
    )
    reasons = set(taken_away.exclude(reason="").values_list("reason", flat=True))
    return tuple(concern for concern in Concern if concern in reasons)


def _past(
    name: Pseudonym, path: list[Chapter], last_choice: Choice | None
) -> tuple[PastChapter, ...]:
    choices = [*(chapter.choice for chapter in path[1:]), last_choice]
    return tuple(
        PastChapter(
            number=chapter.number,
            title=name.hide(chapter.title),
            summary=chapter.summary,
            text=chapter.source,
            choice=_choice_taken(name, choice),
        )
        for chapter, choice in zip(path, choices, strict=False)
    )


def _choice_taken(name: Pseudonym, choice: Choice | None) -> ChoiceTaken | None:
    if choice is None or choice.kind == Choice.Kind.CONTINUE:
        return None
    return ChoiceTaken(
        text=name.hide(choice.text),
        description=name.hide(choice.description),
        is_own_idea=choice.kind == Choice.Kind.OWN_IDEA,
    )


def _hidden(name: Pseudonym, words: list[str]) -> tuple[str, ...]:
    return tuple(name.hide(word) for word in words)
