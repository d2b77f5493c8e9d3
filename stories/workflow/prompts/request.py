"""The request for one chapter: the family's wish, the path so far, and the chapter's task."""

from collections.abc import Sequence

from children.profiles import Pronoun
from stories.vocabulary.brief import StoryBrief, hero_of
from stories.vocabulary.errors import ContextTooLong
from stories.vocabulary.own_plan import OwnPlan
from stories.workflow.prompts.memory import choice_made, story_so_far
from stories.workflow.prompts.quoting import quoted
from stories.workflow.prompts.tokens import most_tokens as tokens_of

# A prompt's length costs seconds before the first word.
_WANTED_MEMORY_TOKENS = 4000

GO_ON = (
    "Go on exactly where your last sentence ended. Do not repeat anything that is already written."
)


_PRONOUNS = {
    Pronoun.OPEN: 'Always write {hero}, never "he" or "she".',
    Pronoun.SHE: "{hero} is a girl: write she and her.",
    Pronoun.HE: "{hero} is a boy: write he and his.",
    Pronoun.THEY: "Of {hero}, write they and their, never he or she.",
}


def pronoun_note(brief: StoryBrief) -> str:
    """The sentence that tells a model what to call the hero."""
    return _pronoun_note(hero_of(brief), brief.pronoun)


def _pronoun_note(name: str, pronoun: Pronoun) -> str:
    return _PRONOUNS[pronoun].format(hero=name)


def companions_note(brief: StoryBrief) -> str:
    """The sentences on those of the family who go along; "" where nobody does."""
    if not brief.companions:
        return ""
    names = " and ".join(each.name for each in brief.companions)
    pronouns = " ".join(_pronoun_note(each.name, each.pronoun) for each in brief.companions)
    return f"Along with the hero, to speak and to help in every chapter: {names}. {pronouns}"


def wish(brief: StoryBrief) -> str:
    """The family's wish, as data."""
    likes = quoted("likes", ", ".join(brief.interests))
    leave_out = quoted("leave_out", ", ".join(brief.avoid))
    title = quoted("title", brief.title)
    parts = [
        f"The whole story is about this wish: {quoted('wish', brief.theme)}",
        f"Its title is {title}" if title else "",
        f"The hero is called {hero_of(brief)}. {pronoun_note(brief)}",
        companions_note(brief),
        f"What may be in it as a small detail: {likes}" if likes else "",
        f"What must not be in it: {leave_out}" if leave_out else "",
        avoid_note(brief.concerns),
    ]
    return "\n".join(filter(None, parts))


def story_wished_for(brief: StoryBrief) -> str:
    """All that the family has a right to find in the story: its own words, and the story so far."""
    choices = [past.choice.text for past in brief.path if past.choice]
    told = [past.text for past in brief.path]
    return "\n".join([brief.theme, brief.title, *brief.interests, *choices, *told])


def plan_note(brief: StoryBrief) -> str:
    """The plan, for the storyteller alone: the whole one where the plot was made for this wish,
    else what holds a story of any wish together."""
    plan = brief.plan
    if plan is None:
        return ""
    own = plan.own or OwnPlan()
    told = [
        "The plan of the story, for you alone. Never explain it, and use none of its wording:",
        f"- A friend goes with the hero: {plan.friend}, who {plan.trait}.",
        "- The two know each other well from an earlier story." if plan.is_met_again else "",
        f"- The mood: {plan.tone}.",
    ]
    if plan.fits_wish:
        told += [
            f"- The want: {plan.want}",
            f"- The obstacle: {plan.obstacle}",
            f"- Found in the first chapter, its use still unknown: {plan.find}.",
            f"- In the last chapter it turns out: {plan.use}",
            f"- A line that comes back now and then: {plan.refrain}",
            f"- This chapter in short, but bent to what the child chose: {plan.summary}",
        ]
    else:
        told += _own_plan(own, brief.chapter_number)
    return "\n".join(filter(None, told))


def _own_plan(own: OwnPlan, number: int) -> list[str]:
    """The model's own plan, and in the place of what it lacks the rules of any good story."""
    want, obstacle = quoted("want", own.want), quoted("obstacle", own.obstacle)
    find, use = quoted("find", own.find), quoted("use", own.use)
    refrain, turn = quoted("refrain", own.refrain), quoted("turn", own.turn_of(number))
    first_found = "In the first chapter something small is found"
    told = [
        f"The want: {want}"
        if want
        else "The hero wants one thing, and says so in the first three sentences.",
        f"The obstacle: {obstacle}" if obstacle else "Two tries fail for a reason.",
        f"{first_found}: {find}" if find else f"{first_found}; in the last one it is what helps.",
        f"In the last chapter it turns out: {use}" if use else "",
        f"A line that comes back: {refrain}" if refrain else "A line comes back now and then.",
        f"This chapter in short, but bent to what the child chose: {turn}" if turn else "",
    ]
    return [f"- {line}" for line in told if line]


def remember_note(brief: StoryBrief) -> str:
    """The facts and open threads of this branch, as data; "" where there are none."""
    facts = [f"- {quoted('fact', fact.told)}" for fact in brief.memory.facts]
    threads = [f"- {quoted('thread', thread)}" for thread in brief.memory.threads]
    told = [
        *(["Remember, so that nothing contradicts it:", *facts] if facts else []),
        *(["Still open:", *threads] if threads else []),
    ]
    return "\n".join(told)


def request(brief: StoryBrief, *, most_tokens: int) -> str:
    """The part of a chapter's prompt that stands before its task. The facts give way where there is
    no room beside the leanest story so far.

    Raises ContextTooLong where the path does not fit in `most_tokens`.
    """
    note = remember_note(brief)
    try:
        memory = _story_so_far(brief, most_tokens - tokens_of(note, brief.language))
    except ContextTooLong:
        note, memory = "", _story_so_far(brief, most_tokens)
    return "\n\n".join(filter(None, [wish(brief), plan_note(brief), memory, note]))


def _story_so_far(brief: StoryBrief, most: int) -> str:
    return story_so_far(brief.path, brief.language, wanted_tokens=_WANTED_MEMORY_TOKENS, most=most)


def chapter_task(brief: StoryBrief, words: int) -> str:
    """The task in one piece, for models that can hold a chapter together by themselves."""
    task = f"Write chapter {brief.chapter_number} of {brief.total_chapters}"
    return "\n".join(
        filter(
            None,
            [
                f"{task}, about {words} words, in three to six paragraphs.",
                _beginning(brief),
                _end(brief),
            ],
        )
    )


def _beginning(brief: StoryBrief) -> str:
    if not brief.path:
        return "It is the beginning: show the hero, the place, and what makes this day different."
    if brief.choice is None:
        return "The story simply goes on from the last chapter's end."
    return (
        "The chapter begins with what was chosen. It really happens, in the first sentences, and "
        f"what was promised of it is kept: {choice_made(brief.choice)}"
    )


def _end(brief: StoryBrief) -> str:
    if brief.is_ending:
        has_threads = bool(brief.memory.threads)
        return (
            "It is the last chapter: everything that is still open finds its answer, and the story "
            "comes to a happy, quiet end. Nothing new begins, and nothing is asked."
            + (" Each thing that stands under “Still open” is answered." if has_threads else "")
        )
    return (
        "It ends at a moment when the hero could do several different things. Do not decide, and "
        "do not name the possibilities."
    )


# By the categories of the gate's rules, and by staff's concerns.
_KINDS = {
    "dangerous": "anything dangerous that a child could copy",
    "death": "anybody dying",
    "drugs": "alcohol, smoking or drugs",
    "family": "what must not be in this story",
    "fear": "anything frightening",
    "frightening": "anything frightening",
    "gore": "wounds and blood",
    "grooming": "secrets kept from parents",
    "hate": "mean words about groups of people",
    "leftover": "anything but the story's own sentences",
    "markup": "anything but the story's own sentences",
    "meanness": "anybody being mean",
    "orders": "anything but the story's own sentences",
    "personal_data": "numbers, addresses or websites",
    "profanity": "rude words",
    "quality": "anything that does not follow from what came before it",
    "sadness": "sadness that nobody comforts",
    "script": "letters of other languages",
    "self_harm": "anybody hurting themselves",
    "sexual": "anything for grown-ups",
    "unsuitable": "anything for grown-ups",
    "violence": "fighting or anybody being hurt",
    "weapons": "weapons",
}
_UNNAMED = "anything frightening, mean or unsuitable for a small child"


def avoid_note(categories: Sequence[str]) -> str:
    """The kind of thing to keep away from; "" where there is none. It never quotes what was held
    back."""
    if not categories:
        return ""
    kinds = dict.fromkeys(_KINDS.get(category, _UNNAMED) for category in categories)
    return f"Keep it gentle and kind, without {'; '.join(kinds)}."


def rewrite_note(issues: list[str]) -> str:
    """Why a whole chapter is written again, as its judge put it."""
    found = quoted("problems", "; ".join(issues))
    return f"An editor found these problems in an earlier version. Avoid them: {found}"
