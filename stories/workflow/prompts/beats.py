"""Shapes of chapters for models that cannot plan one: what each few sentences are to tell.

The more of it is concrete, the better such a model writes, so friends and finds are ours, too. They
are chosen by the story and the chapter's number: a story asked for again goes the same way, a
friend stays the same from chapter to chapter, and two stories differ.
"""

import zlib
from collections.abc import Sequence
from typing import TypeVar

from stories.vocabulary.brief import AgeBand, StoryBrief
from stories.workflow.prompts.quoting import quoted
from stories.workflow.prompts.system import hero_of

Option = TypeVar("Option")

_OPENINGS = (
    (
        (
            "Begin a story about {wish} It is morning. {friend} comes running to {hero} with news "
            "about it. Write what they say to each other."
        ),
        (
            "{hero} and {friend} go there at once. Say what they see, what colour it has and what "
            "sound it makes."
        ),
        (
            "Somebody there has a small worry. {hero} asks kindly and hears what it is. Write what "
            "they say."
        ),
        (
            "{hero} has a first idea and tries it. It goes wrong in a funny way, and everybody "
            "laughs. Say exactly what happens."
        ),
        (
            "Then {friend} notices something that could help: {find}. Tell what it looks like. "
            "They wonder what to do with it. Stop there."
        ),
    ),
    (
        (
            "Begin a story about {wish} {hero} is at home. Something arrives that has to do with "
            "it. Say what it is and what it looks like."
        ),
        (
            "{friend} looks in at the window and wants to know all about it. Write what they say "
            "to each other. {friend} makes a joke."
        ),
        (
            "They set out together to find out more. Tell of one sound, one colour and one smell "
            "on the way."
        ),
        (
            "They meet the one that the wish is about. It is friendly and has a small worry. Write "
            "what they say."
        ),
        (
            "Close by they discover {find}. Tell what it looks like. Could it help? They are not "
            "sure yet. Stop there."
        ),
    ),
)
_MIDDLES = (
    (
        "Now {hero} and {friend} do what was chosen: {choice} Tell how they do it, step by step.",
        (
            "Because of it they meet {newcomer}, who is kind and a little strange. Write what they "
            "say to each other."
        ),
        "{newcomer} knows something that helps with {wish} Tell what it is. {friend} is amazed.",
        (
            "They try it together. First it goes wrong in a funny way, then it works a little. Say "
            "exactly what happens."
        ),
        (
            "Then they notice {find}. Tell what it looks like. Everything could be different now. "
            "They wonder what to do. Stop there."
        ),
    ),
)
_ENDINGS = (
    (
        "Now {hero} and {friend} do what was chosen: {choice} Tell how they do it, step by step.",
        (
            "It works! Now everything about {wish} turns out well. Tell how {hero} helped, and "
            "what is different now."
        ),
        "Everybody is glad and thanks {hero} and {friend}. They celebrate. Write what they say.",
        "{hero} and {friend} walk home in the evening. Tell what {hero} takes along from this day.",
        (
            "End the story with three quiet, cosy sentences. {hero} is in bed, warm and happy. The "
            "last sentence is a good ending."
        ),
    ),
)
_FRIENDS = (
    "Pim the hedgehog",
    "Olli the little owl",
    "Tilly the turtle",
    "Bo the bear cub",
    "Fips the mouse",
)
_NEWCOMERS = (
    "an old goat called Agatha who wears a straw hat",
    "a duck called Quentin with round glasses",
    "a mole called Mo who counts everything",
    "a squirrel called Zip who never sits still",
)
_FINDS = (
    "a little brass bell in the grass",
    "a round blue door between two trees",
    "a paper map with a golden line on it",
    "a soft light that blinks three times",
    "a basket with a note tied to it",
    "tiny footprints that lead up the hill",
)
_SENTENCES = {
    AgeBand.YOUNG: "three or four short",
    AgeBand.MIDDLE: "four or five",
    AgeBand.OLDER: "five or six",
}
MAX_SENTENCES = {AgeBand.YOUNG: 4, AgeBand.MIDDLE: 6, AgeBand.OLDER: 7}


def beats(brief: StoryBrief) -> list[str]:
    """The requests of a chapter, turn by turn."""
    choice = brief.choice.text if brief.choice else "the story simply goes on"
    chapter = f"{brief.theme}{brief.chapter_number}"
    words = {
        "hero": hero_of(brief),
        "choice": f"{quoted('choice', choice)}.",
        "wish": f"{quoted('wish', brief.theme)}.",
        "friend": _chosen(_FRIENDS, brief.theme),
        "newcomer": _chosen(_NEWCOMERS, chapter),
        "find": _chosen(_FINDS, chapter),
    }
    shape = _chosen(_shapes(brief), chapter)
    return [f"{beat.format(**words)} Write {_SENTENCES[brief.band]} sentences." for beat in shape]


def _chosen(options: Sequence[Option], seed: str) -> Option:
    return options[zlib.crc32(seed.encode()) % len(options)]


def _shapes(brief: StoryBrief) -> tuple[tuple[str, ...], ...]:
    if not brief.path:
        return _OPENINGS
    return _ENDINGS if brief.is_ending else _MIDDLES
