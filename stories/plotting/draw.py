"""The draw of a whole story's cards for one child.

Cards that the child has not had lately come first, then those that go with its interests, then
those of which more chapters can be told for its reading level; chance decides between equals. A
card is left out where the gate, which knows what the family avoids, would stop a sentence of it,
and a friend where somebody of the family bears that name. A tone that the family chose goes first,
but for the plots of the last few stories.
"""

import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from stories.plotting.decks import Company, Deck, Episode, Finale, Friend, Lines, Plot, Scene
from stories.plotting.wordings import both
from stories.vocabulary.folding import words_of
from stories.vocabulary.tones import Tone

PLOT_CHAPTERS = 4
"""The chapters of a plot's own: its opening, two steps and its finale."""
BY_GENDER = re.compile(r"\[([^|\[\]]*)\|([^|\[\]]*)\]")
"""Two forms of a word, for a friend of masculine and of feminine gender."""
_SLOT = re.compile(r"\{\w*\}")
_MIN_PLURAL_LETTERS = 4
# A plot and a friend of each of the last three stories: not again, whatever their tone.
_JUST_TOLD_CARDS = 6


class StoryPlan(BaseModel):
    """The cards of one story, as they were when it began; stored with it.

    `met_again` is the sentence on a friend from an earlier story, "" for a new one; `company` has
    the sentences for those of the family who go along, None where nobody does; `tone` is what the
    family chose.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    plot: Plot
    episodes: tuple[Episode, ...]
    friend: Friend
    lines: Lines
    met_again: str = ""
    company: Company | None = None
    tone: Tone = Tone.ANY


@dataclass(frozen=True, slots=True)
class Drawing:
    """The conditions of a draw. `recent` are keys of cards of the child's latest stories, newest
    first; `names` are the family's; `passes` says whether this child may be shown a text, `suits`
    whether a chapter of these paragraphs can be told for its reading level. `friend` is one from an
    earlier story, `companions` how many of the family go along, at most two. `own_cards` are keys
    of cards that the story has already: they come before all others."""

    seed: int
    total_chapters: int
    passes: Callable[[str], bool]
    tile: str = ""
    interests: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    recent: tuple[str, ...] = ()
    suits: Callable[[tuple[str, ...]], bool] = lambda _: True
    own_cards: tuple[str, ...] = ()
    tone: Tone = Tone.ANY
    friend: Friend | None = None
    companions: int = 0


class _Card(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def contains(self) -> tuple[str, ...]: ...


Card = TypeVar("Card", bound=_Card)
Stored = TypeVar("Stored", bound=BaseModel)


def draw(deck: Deck, drawing: Drawing) -> StoryPlan:
    """The plan of a new story. Where every card would be left out, the best one stands all the
    same: the gate has the last word on each sentence."""
    of_tile = [plot for plot in deck.plots if drawing.tile and drawing.tile in plot.tiles]
    for_wishes = [plot for plot in deck.plots if not plot.tiles]
    plots = _of_tone_first(_ranked(of_tile or for_wishes or deck.plots, drawing), drawing)
    episodes = (
        episode
        for episode in _ranked(deck.episodes, drawing)
        if drawing.passes(episode_text(episode))
    )
    return StoryPlan(
        seed=drawing.seed,
        plot=_first_passing(plots, plot_text, drawing.passes),
        episodes=tuple(islice(episodes, max(0, drawing.total_chapters - PLOT_CHAPTERS))),
        friend=drawing.friend or _new_friend(deck, drawing),
        lines=deck.lines,
        met_again=_allowed(deck.cast.met_again, drawing)[0] if drawing.friend else "",
        company=_company(deck, drawing),
        tone=drawing.tone,
    )


def stored_plan(stored: Any) -> StoryPlan | None:
    """The plan as any release stored it: what this one does not know is left out, and what it adds
    has its defaults. None where that is no plan."""
    return _as_stored(StoryPlan, stored)


def stored_friend(stored: Any) -> Friend | None:
    """A friend's card, read in the same way."""
    return _as_stored(Friend, stored)


def friend_in(stored: Any) -> Friend | None:
    """The friend of a stored plan, which may not be readable as a whole."""
    return stored_friend(stored.get("friend")) if isinstance(stored, dict) else None


def _as_stored(kind: type[Stored], stored: Any) -> Stored | None:
    try:
        return kind.model_validate(stored, extra="ignore")
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


def is_named_as_one_of(names: Iterable[str], friend: Friend) -> bool:
    """True when the friend bears a name, or a part of one, of these."""
    return not set(words_of(" ".join(names))).isdisjoint(words_of(friend.name))


def tiles_of(deck: Deck, tone: Tone) -> set[str]:
    """The tiles with a plot of this tone."""
    return {tile for plot in deck.plots if tone in (Tone.ANY, plot.tone) for tile in plot.tiles}


def _new_friend(deck: Deck, drawing: Drawing) -> Friend:
    friends = _ranked(deck.friends, drawing)
    strangers = [each for each in friends if not is_named_as_one_of(drawing.names, each)]
    return _first_passing(strangers or friends, friend_text, drawing.passes)


def _company(deck: Deck, drawing: Drawing) -> Company | None:
    """The sentences for those who go along, in the order in which this story has them."""
    if not drawing.companions:
        return None
    lines = deck.cast.one if drawing.companions == 1 else deck.cast.two
    return Company(
        joins=_allowed(lines.joins, drawing)[:1],
        helps=_allowed(lines.helps, drawing),
        ends=_allowed(lines.ends, drawing)[:1],
    )


def _allowed(lines: Sequence[str], drawing: Drawing) -> tuple[str, ...]:
    """The lines that this child may be shown, shuffled; where there is none, all the same."""
    dice = random.Random(drawing.seed)  # noqa: S311 - a shuffle of lines, no secret
    shuffled = dice.sample(lines, len(lines))
    return tuple(line for line in shuffled if drawing.passes(_shown([line], ""))) or tuple(shuffled)


def _of_tone_first(plots: list[Plot], drawing: Drawing) -> list[Plot]:
    """Plots of the tone asked for come first, those just told last; else they stay in order."""
    if drawing.tone is Tone.ANY:
        return plots
    just_told = drawing.recent[:_JUST_TOLD_CARDS]
    return sorted(
        plots,
        key=lambda plot: (
            plot.key not in drawing.own_cards,
            plot.key in just_told,
            plot.tone != drawing.tone,
        ),
    )


def _ranked(cards: Sequence[Card], drawing: Drawing) -> list[Card]:
    dice = random.Random(drawing.seed)  # noqa: S311 - a shuffle of cards, no secret
    interests = _words(drawing.interests)
    return sorted(
        dice.sample(cards, len(cards)),
        key=lambda card: (
            card.key not in drawing.own_cards,
            _recency(card.key, drawing.recent),
            -len(interests & _words(card.contains)),
            _misfits(card, drawing),
        ),
    )


def _misfits(card: object, drawing: Drawing) -> int:
    """How many chapters of a card cannot be told for the child's level."""
    scenes: Sequence[Scene | Finale] = ()
    if isinstance(card, Plot):
        scenes = scenes_of(card)
    elif isinstance(card, Episode):
        scenes = (card,)
    leads = (tuple(_SLOT.sub("", lead) for lead in scene.leads) for scene in scenes)
    return sum(not drawing.suits(chapter) for chapter in leads)


def scenes_of(plot: Plot) -> tuple[Scene | Finale, ...]:
    """The chapters of a plot's own, in order."""
    return (plot.opening, *plot.steps, plot.finale)


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
    """All that a reader may see of a plot, a part a line, each slot filled with `name`; a part that
    has two wordings is two lines."""
    parts = (part for scene in scenes_of(plot) for part in _parts(scene))
    return _shown([plot.title, *parts], name)


def episode_text(episode: Episode, *, name: str = "") -> str:
    """The same of an episode."""
    return _shown(_parts(episode), name)


def friend_text(friend: Friend, *, name: str = "") -> str:
    """The same of a friend."""
    return _shown([friend.full, friend.intro, *friend.asides], name)


def _shown(parts: Iterable[str], name: str) -> str:
    lines = (line for part in parts for line in both(part))
    return _SLOT.sub(name, BY_GENDER.sub(r"\1", "\n".join(lines)))


def _parts(scene: Scene | Finale) -> Iterator[str]:
    yield scene.title
    yield from scene.leads
    if isinstance(scene, Scene):
        yield scene.question
        for choice in scene.choices:
            yield from (choice.text, choice.about, choice.then, choice.later)
