"""The memory and the scene of a chapter that follows the cards, as far as the cards say them."""

from collections.abc import Sequence

from stories.plotting.decks import Finale, Friend, Plot, Scene, deck_of
from stories.plotting.draw import StoryPlan
from stories.plotting.scenery import (
    CHILD,
    HERO,
    MAX_BEINGS,
    OTHER,
    being_in,
    beings_told,
    names_thing,
    thing_in,
    things_told,
)
from stories.plotting.wordings import plain
from stories.safety.sentences import split
from stories.vocabulary import memory
from stories.vocabulary.brief import AgeBand, ChoiceTaken, StoryBrief
from stories.vocabulary.memory import Fact, FactKind
from stories.vocabulary.mentions import mentions

_ENGLISH = "en"


def named_scenes(plan: StoryPlan) -> list[tuple[str, Scene | Finale]]:
    """The plan's scenes by the names of their cards."""
    plot = plan.plot
    return [
        ("opening", plot.opening),
        *((f"step {number}", step) for number, step in enumerate(plot.steps, 1)),
        *((f"episode {episode.key}", episode) for episode in plan.episodes),
        ("finale", plot.finale),
    ]


def scene_of(plan: StoryPlan, card: Scene | Finale, name: str, brief: StoryBrief) -> memory.Scene:
    """The card's scene. Who is there, and the thing, are read from the English cards with the same
    keys; a plot that the decks no longer have says nothing of them."""
    english = _in_english(plan, brief.band)
    text = plain(" ".join(dict(named_scenes(english))[name].leads)) if english else ""
    return memory.Scene(
        place=card.place,
        time=card.time,
        weather=card.weather,
        who=_who(english.friend, text, brief) if english else (HERO,),
        thing=_thing(english.plot, text) if english else "",
    )


def _who(friend: Friend, text: str, brief: StoryBrief) -> tuple[str, ...]:
    family = [CHILD] if brief.companions else []
    there = (HERO, being_in(friend.contains), *family, *beings_told(text))
    return tuple(dict.fromkeys(there))[:MAX_BEINGS]


def _thing(plot: Plot, text: str) -> str:
    """The story's find where the chapter tells of it, else whatever it speaks of most."""
    found = thing_in(plot.find)
    return found if names_thing(found, text) else next(iter(things_told(text)), OTHER)


def _in_english(plan: StoryPlan, band: AgeBand) -> StoryPlan | None:
    """The same cards of the English decks; the child may have been younger when they were drawn."""
    decks = [deck_of(_ENGLISH, each) for each in dict.fromkeys((band, *AgeBand))]
    plots = {plot.key: plot for deck in decks for plot in deck.plots}
    friends = {friend.key: friend for deck in decks for friend in deck.friends}
    episodes = {episode.key: episode for deck in decks for episode in deck.episodes}
    if plan.plot.key not in plots:
        return None
    update = {
        "plot": plots[plan.plot.key],
        "friend": friends.get(plan.friend.key, plan.friend),
        "episodes": tuple(episodes.get(each.key, each) for each in plan.episodes),
    }
    return plan.model_copy(update=update)


def opening_facts(
    hero: str, find: str, friend: str, leads: Sequence[str], language: str
) -> tuple[Fact, ...]:
    """The find in the hero's hands, and whom the hero knows, by the sentences that show them."""
    sentences = [sentence.strip() for lead in leads for sentence in split(lead, language)]
    shows_find = max(sentences, key=lambda sentence: mentions(find, sentence, language))
    facts = []
    if mentions(find, shows_find, language):
        facts.append(Fact(kind=FactKind.HAS, who=hero, what=find, sentence=shows_find))
    if met := next((sentence for sentence in sentences if friend in sentence), ""):
        facts.append(Fact(kind=FactKind.KNOWS, who=hero, what=friend, sentence=met))
    return tuple(facts)


def deed(hero: str, taken: ChoiceTaken, lead: str, language: str) -> Fact:
    """The choice that was taken, by the sentence that tells it."""
    sentence = split(lead, language)[0].strip()
    return Fact(kind=FactKind.DID, who=hero, what=taken.text, sentence=sentence)
