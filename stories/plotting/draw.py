"""The draw of a whole story's cards for one child.

Cards that the child has not had lately come first, then those that go with its interests; chance
decides between equals. A card is left out where the gate, which knows what the family avoids, would
stop a sentence of it, and a friend where somebody of the family bears that name.
"""

import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stories.plotting.decks import Deck, Episode, Finale, Friend, Lines, Plot, Scene
from stories.vocabulary.folding import words_of

PLOT_CHAPTERS = 4
"""The chapters of a plot's own: its opening, two steps and its finale."""
BY_GENDER = re.compile(r"\[([^|\[\]]*)\|([^|\[\]]*)\]")
"""Two forms of a word, for a friend of masculine and of feminine gender."""
_SLOT = re.compile(r"\{\w*\}")
_MIN_PLURAL_LETTERS = 4


class StoryPlan(BaseModel):
    """The cards of one story, as they were when it began; stored with it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    plot: Plot
    episodes: tuple[Episode, ...]
    friend: Friend
    lines: Lines


@dataclass(frozen=True, slots=True)
class Drawing:
    """The conditions of a draw. `recent` are keys of cards of the child's latest stories, newest
    first; `names` are the family's; `passes` says whether this child may be shown a text. `kept`
    are keys of cards that are taken before all others."""

    seed: int
    total_chapters: int
    passes: Callable[[str], bool]
    tile: str = ""
    interests: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


class _Card(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def contains(self) -> tuple[str, ...]: ...


Card = TypeVar("Card", bound=_Card)


def draw(deck: Deck, drawing: Drawing) -> StoryPlan:
    """The plan of a new story. Where every card would be left out, the best one stands all the
    same: the gate has the last word on each sentence."""
    of_tile = [plot for plot in deck.plots if drawing.tile and drawing.tile in plot.tiles]
    for_wishes = [plot for plot in deck.plots if not plot.tiles]
    plots = _ranked(of_tile or for_wishes or deck.plots, drawing)
    taken = set(words_of(" ".join(drawing.names)))
    friends = _ranked(deck.friends, drawing)
    strangers = [friend for friend in friends if taken.isdisjoint(words_of(friend.name))]
    episodes = (
        episode
        for episode in _ranked(deck.episodes, drawing)
        if drawing.passes(episode_text(episode))
    )
    return StoryPlan(
        seed=drawing.seed,
        plot=_first_passing(plots, plot_text, drawing.passes),
        episodes=tuple(islice(episodes, max(0, drawing.total_chapters - PLOT_CHAPTERS))),
        friend=_first_passing(strangers or friends, friend_text, drawing.passes),
        lines=deck.lines,
    )


def stored_plan(stored: Any) -> StoryPlan | None:
    """The plan as any release stored it: what this one does not know is left out, and what it adds
    has its defaults. None where that is no plan."""
    try:
        return StoryPlan.model_validate(stored, extra="ignore")
    except ValidationError:
        return None


def keys_in(stored: Any) -> tuple[str, ...]:
    """The keys of the cards in a plan that cannot be read."""
    parts = stored if isinstance(stored, dict) else {}
    episodes = parts.get("episodes")
    cards = [
        parts.get("plot"),
        parts.get("friend"),
        *(episodes if isinstance(episodes, list) else []),
    ]
    keys = (card.get("key") for card in cards if isinstance(card, dict))
    return tuple(key for key in keys if isinstance(key, str))


def _ranked(cards: Sequence[Card], drawing: Drawing) -> list[Card]:
    dice = random.Random(drawing.seed)  # noqa: S311 - a shuffle of cards, no secret
    interests = _words(drawing.interests)
    return sorted(
        dice.sample(cards, len(cards)),
        key=lambda card: (
            card.key not in drawing.kept,
            _recency(card.key, drawing.recent),
            -len(interests & _words(card.contains)),
        ),
    )


def _first_passing(
    cards: Sequence[Card], text_of: Callable[[Card], str], passes: Callable[[str], bool]
) -> Card:
    return next((card for card in cards if passes(text_of(card))), cards[0])


def _recency(key: str, recent: Sequence[str]) -> int:
    """0 for a card that was not used lately, else the higher, the later it was."""
    return len(recent) - recent.index(key) if key in recent else 0


def _words(texts: Collection[str]) -> set[str]:
    """Folded words, with and without an English or Spanish plural's ending."""
    found = set(words_of(" ".join(texts)))
    return found | {
        word[:-1] for word in found if len(word) >= _MIN_PLURAL_LETTERS and word.endswith("s")
    }


def plot_text(plot: Plot, *, name: str = "") -> str:
    """All that a reader may see of a plot, a part a line, each slot filled with `name`."""
    scenes = (plot.opening, *plot.steps, plot.finale)
    return _shown([plot.title, *(part for scene in scenes for part in _parts(scene))], name)


def episode_text(episode: Episode, *, name: str = "") -> str:
    """The same of an episode."""
    return _shown(_parts(episode), name)


def friend_text(friend: Friend, *, name: str = "") -> str:
    """The same of a friend."""
    return _shown([friend.full, friend.intro, *friend.asides], name)


def _shown(parts: Iterable[str], name: str) -> str:
    return _SLOT.sub(name, BY_GENDER.sub(r"\1", "\n".join(parts)))


def _parts(scene: Scene | Finale) -> Iterator[str]:
    yield scene.title
    yield from scene.leads
    if isinstance(scene, Scene):
        yield scene.question
        for choice in scene.choices:
            yield from (choice.text, choice.about, choice.then, choice.later)
