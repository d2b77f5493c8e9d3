"""The request for one chapter: the family's wish, the path so far, and the chapter's task."""

from collections.abc import Sequence

from children.profiles import Pronoun
from stories.vocabulary.brief import StoryBrief
from stories.workflow.prompts.memory import choice_made, story_so_far
from stories.workflow.prompts.quoting import quoted
from stories.workflow.prompts.system import hero_of
from stories.workflow.resources import Writing

# A prompt's length costs seconds before the first word where a small machine writes.
_WANTED_MEMORY_TOKENS = {"prose": 4000, "beats": 500}

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
    return _PRONOUNS[brief.pronoun].format(hero=hero_of(brief))


def wish(brief: StoryBrief, *, has_likes: bool) -> str:
    """The family's wish, as data.

    A small model would make the whole story of what a child `likes`.
    """
    hero = hero_of(brief)
    likes = quoted("likes", ", ".join(brief.interests)) if has_likes else ""
    leave_out = quoted("leave_out", ", ".join(brief.avoid))
    title = quoted("title", brief.title)
    parts = [
        f"The whole story is about this wish: {quoted('wish', brief.theme)}",
        f"Its title is {title}" if title else "",
        f"The hero is called {hero}. {pronoun_note(brief)}",
        f"What may be in it as a small detail: {likes}" if likes else "",
        f"What must not be in it: {leave_out}" if leave_out else "",
        avoid_note(brief.concerns),
    ]
    return "\n".join(filter(None, parts))


def request(brief: StoryBrief, writing: Writing, *, most_tokens: int) -> str:
    """The part of a chapter's prompt that stands before its task.

    Raises ContextTooLong where the path does not fit in `most_tokens`.
    """
    memory = story_so_far(
        brief.path, brief.language, wanted_tokens=_WANTED_MEMORY_TOKENS[writing], most=most_tokens
    )
    return "\n\n".join(filter(None, [wish(brief, has_likes=writing == "prose"), memory]))


def chapter_task(brief: StoryBrief, words: int) -> str:
    """The task in one piece, for models that can hold a chapter together by themselves."""
    place = f"Write chapter {brief.chapter_number} of {brief.total_chapters}"
    return "\n".join(
        filter(
            None,
            [
                f"{place}, about {words} words, in three to six paragraphs.",
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
        "The chapter begins with what was chosen, and it really happens: "
        f"{choice_made(brief.choice)}"
    )


def _end(brief: StoryBrief) -> str:
    if brief.is_ending:
        return (
            "It is the last chapter: everything that is still open finds its answer, and the story "
            "comes to a happy, quiet end. Nothing new begins, and nothing is asked."
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
