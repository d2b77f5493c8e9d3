"""The closed vocabularies of a chapter's scene, for pictures: where, when, in which weather, who is
there, and with which thing. The words are English in every language."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, get_args

Time = Literal["morning", "day", "evening", "night"]
Weather = Literal["sun", "rain", "snow", "wind", "mist", "clear", "indoors"]
Place = Literal[
    "home", "garden", "forest", "meadow", "river", "lake", "sea", "island", "beach", "mountain",
    "cave", "castle", "tower", "village", "town", "market", "school", "library", "museum",
    "theatre", "workshop", "kitchen", "attic", "cellar", "station", "train", "ship", "rocket",
    "planet", "sky", "snow", "desert", "jungle", "valley", "swamp", "bridge", "mill", "farm",
    "zoo", "hospital", "park", "space", "tree", "nest", "burrow", "road", "elsewhere",
]  # fmt: skip
Being = Literal[
    "hero", "alien", "badger", "baker", "bat", "bear", "bee", "beetle", "bird", "boy", "butterfly",
    "cat", "child", "cow", "crab", "crocodile", "crow", "dinosaur", "dog", "dragon", "driver",
    "duck", "elephant", "fairy", "fish", "fox", "frog", "ghost", "giant", "girl", "goat", "goose",
    "hare", "hedgehog", "hen", "hippo", "horse", "king", "knight", "ladybird", "lion", "llama",
    "magpie", "man", "mole", "monkey", "moon", "mouse", "otter", "owl", "parrot", "penguin", "pig",
    "pigeon", "pirate", "pony", "princess", "queen", "rabbit", "raccoon", "rat", "robot", "sailor",
    "seagull", "sheep", "snail", "snake", "snowman", "spider", "squirrel", "sun", "teacher",
    "tortoise", "toy", "unicorn", "whale", "wind", "witch", "wizard", "wolf", "woman", "somebody",
]  # fmt: skip
Thing = Literal[
    "anchor", "bag", "ball", "basket", "bead", "bell", "belt", "boat", "book", "boot", "bottle",
    "box", "bucket", "button", "cake", "can", "candle", "card", "chair", "chalk", "clock", "coat",
    "coin", "comb", "compass", "cone", "crown", "cup", "door", "drum", "egg", "feather", "flag",
    "flower", "funnel", "glass", "glasses", "glove", "hat", "hood", "hoop", "hourglass", "jar",
    "key", "kite", "knob", "ladder", "lamp", "leaf", "lens", "letter", "map", "marble", "mat",
    "mirror", "nest", "notebook", "paper", "peg", "pencil", "pipe", "pot", "rake", "reed",
    "ribbon", "ring", "rope", "rubber", "sack", "scarf", "screw", "seed", "shell", "skate", "slate",
    "slipper", "sock", "spoon", "stamp", "star", "stick", "stone", "string", "tag", "thimble",
    "thread", "ticket", "tin", "umbrella", "wheel", "whistle", "wool", "other",
]  # fmt: skip

PLACES: tuple[str, ...] = get_args(Place)
TIMES: tuple[str, ...] = get_args(Time)
WEATHERS: tuple[str, ...] = get_args(Weather)
BEINGS: tuple[str, ...] = get_args(Being)
THINGS: tuple[str, ...] = get_args(Thing)
HERO, CHILD, SOMEBODY, OTHER = "hero", "child", "somebody", "other"
MAX_BEINGS = 4

_OTHER_WORDS: Mapping[str, str] = {
    "cap": "hat", "cosy": "hat", "cushion": "mat", "doorknob": "knob", "doormat": "mat",
    "doorstop": "stone", "dot": "seed", "duckweed": "leaf", "jacket": "coat", "lantern": "lamp",
    "leaves": "leaf", "list": "paper", "lump": "stone", "newspaper": "paper", "nutshell": "shell",
    "pad": "notebook", "page": "paper", "pebble": "stone", "poppy": "flower", "receipt": "paper",
    "roll": "paper", "sandglass": "hourglass", "sequin": "button", "spectacles": "glasses",
    "spool": "string", "torch": "lamp", "watch": "clock",
}  # fmt: skip
_HEAD_ENDS = re.compile(
    r",| (?:of|with|that|in|on|under|like|to|at|from|as|by|for|and|without|full|worn) "
)
_WORD = re.compile(r"[a-z]+")
# A being or a thing that is named once may only be part of a comparison.
_MIN_MENTIONS = 2


def thing_in(find: str) -> str:
    """The thing that an English phrase such as "a tin can on a very long string" names."""
    for part in _HEAD_ENDS.split(find.casefold()):
        if known := [*_things(part)]:
            return known[-1]
    return OTHER


def being_in(words: Sequence[str]) -> str:
    """The kind of a friend, by the English nouns on its card."""
    said = [part for word in words for part in word.split()]
    return next((word for word in said if word in BEINGS), SOMEBODY)


def things_told(text: str) -> list[str]:
    """The things that an English text names more than once, the most frequent first."""
    return _told(_things(text.casefold()))


def names_thing(thing: str, text: str) -> bool:
    """True when an English text names this thing."""
    return thing in _things(text.casefold())


def beings_told(text: str) -> list[str]:
    """The same of those who are in it."""
    return _told(_known(text.casefold(), BEINGS, {}))


def _told(found: Iterator[str]) -> list[str]:
    return [word for word, count in Counter(found).most_common() if count >= _MIN_MENTIONS]


def _things(text: str) -> Iterator[str]:
    return _known(text, THINGS, _OTHER_WORDS)


def _known(text: str, vocabulary: Sequence[str], others: Mapping[str, str]) -> Iterator[str]:
    for word in _WORD.findall(text):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            known = others.get(form, form)
            if known in vocabulary:
                yield known
                break
