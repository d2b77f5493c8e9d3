"""Beats: a chapter told in turns with a small model. The plan's paragraphs stand as they are; the
model adds a detail behind each."""

import re

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from stories.plotting.telling import planned
from stories.vocabulary.brief import StoryBrief, hero_of
from stories.vocabulary.chapter_plan import PlannedBeat
from stories.workflow.prompts.quoting import quoted
from stories.workflow.prompts.request import avoid_note, pronoun_note
from stories.workflow.prompts.system import language_name

_SYSTEM = """You and I tell a story to a child who is {age} years old, taking turns. I tell what \
happens. After each of my parts you add one short sentence about that same moment: something to \
see, hear, smell or feel. You never tell what happens next, you bring in nobody and nothing new, \
and you repeat none of my words. {pronoun}
Write in {language}. Write only the story's own words. {avoid}"""

# Details that a small model can be trusted with; what it lets people say is worse than nothing.
_DETAIL = re.compile(
    r"(?i)^(?:describe|(?:say|tell|show) (?:how|what .*(?:looks?|smells?|feels?)))\b"
)
_MAX_DETAILS = 2

# The smallest models know what is meant only when they are shown it. Echoes of it are left out.
SAMPLE = (
    ("A little rabbit called Momo found a red hat in the grass.", "The hat was soft and warm."),
    ("Momo put it on and hopped to the pond.", "The ducks quacked and clapped their wings."),
)


def taking_turns(brief: StoryBrief) -> list[BaseMessage]:
    """The beginning of a conversation about a plan."""
    plan = planned(brief)
    names = [hero_of(brief), *(each.name for each in brief.companions), plan.friend]
    system = _SYSTEM.format(
        age=brief.age,
        pronoun=pronoun_note(brief),
        language=language_name(brief.language),
        avoid=avoid_note(brief.concerns),
    )
    known = f"The heroes are {' and '.join(names)}. {plan.friend_name} {plan.trait}."
    turns = [m for ours, added in SAMPLE for m in (HumanMessage(ours), AIMessage(added))]
    return [SystemMessage(f"{system.strip()}\n{known}"), *turns]


def story_before(brief: StoryBrief) -> str:
    """The last chapter in short, ahead of this one's first paragraph; "" for the first one."""
    if not brief.path:
        return ""
    return f"Before: {quoted('summary', brief.path[-1].summary)}"


def paragraphs(brief: StoryBrief) -> list[PlannedBeat]:
    """The plan's paragraphs, with a request for a detail behind a few of them."""
    told, left = [], _MAX_DETAILS
    for beat in planned(brief).beats:
        is_asked = beat.invites or (left > 0 and _DETAIL.match(beat.ask) is not None)
        told.append(beat if is_asked else beat.model_copy(update={"ask": ""}))
        left -= is_asked
    return told


def instruction(beat: PlannedBeat) -> str:
    """A turn's request: the paragraph as it is shown, and the detail that may follow it."""
    return f"{beat.lead}\n\n[{beat.ask} One short sentence.]" if beat.ask else beat.lead
