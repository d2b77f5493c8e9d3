"""Notes to a storyteller on the level of its own text: the loop from one turn to the next, and from
one chapter to the next."""

from stories.reading import difficulty
from stories.vocabulary.brief import StoryBrief
from stories.workflow.lengths import level_target

# Less text says little of its writer.
_MIN_WORDS = 40

_TOO_LONG = (
    "So far the sentences are too long for this child. Write at most {longest} words a sentence, "
    "most of them about {words}."
)
_TOO_SHORT = (
    "So far the sentences are too short for this child, who reads well. Join some: about {words} "
    "words a sentence."
)
_TOO_RARE = "Use more everyday words than so far."


def level_note(brief: StoryBrief, written: str) -> str:
    """The correction that the text of this chapter calls for, or where that has hardly begun, the
    text of the last one; "" for none."""
    earlier = brief.path[-1].text if brief.path else ""
    text = written if len(written.split()) >= _MIN_WORDS else earlier
    if len(text.split()) < _MIN_WORDS:
        return ""
    wanted, found = level_target(brief), difficulty(text, brief.language)
    told = {"words": round(wanted.words), "longest": wanted.longest}
    notes = [
        _TOO_LONG.format(**told) if found.words > wanted.most else "",
        _TOO_SHORT.format(**told) if found.words < wanted.least else "",
        _TOO_RARE if found.outside > wanted.outside else "",
    ]
    return " ".join(filter(None, notes))
