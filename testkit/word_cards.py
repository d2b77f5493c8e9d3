"""The words of authored cards that the glossary explains, for their author to read: a word in
another sense than the meaning's is a mistake that no program sees."""

from collections.abc import Iterator

from stories.plotting.decks import Deck, Finale, Scene
from stories.plotting.draw import BY_GENDER
from stories.plotting.wordings import both, plain
from stories.reading import explained
from stories.reading.glossary import found_in, glossary_of
from stories.safety.sentences import split
from stories.vocabulary.languages import Language

_MIN_CARDS = 2


def word_cards(deck: Deck, language: Language) -> Iterator[str]:
    """For each chapter the words that a child may be told the meaning of, with their sentences."""
    for plot in deck.plots:
        for scene in (plot.opening, *plot.steps, plot.finale):
            yield from _scene_cards(plot.key, scene, language)
    for episode in deck.episodes:
        yield from _scene_cards(episode.key, episode, language)
    for friend in deck.friends:
        yield friend.key
        yield from _cards("\n".join([friend.full, friend.intro, *friend.asides]), language)


def _scene_cards(key: str, scene: Scene | Finale, language: Language) -> Iterator[str]:
    leads = "\n".join(scene.leads)
    own = len(explained(BY_GENDER.sub(r"\1", plain(leads)), language.code, _MIN_CARDS))
    few = f" ({own} of {_MIN_CARDS} word cards)" if own < _MIN_CARDS else ""
    yield f"{key}, “{scene.title}”{few}"
    choices = scene.choices if isinstance(scene, Scene) else ()
    told = [text for choice in choices for text in (choice.then, choice.later)]
    yield from _cards("\n".join([leads, *told]), language)


def _cards(text: str, language: Language) -> Iterator[str]:
    meanings = glossary_of(language)
    shown = [BY_GENDER.sub(form, worded) for worded in both(text) for form in (r"\1", r"\2")]
    found = {
        (word, base, sentence.strip())
        for version in shown
        for line in version.splitlines()
        for sentence in split(line, language.code)
        for word, base in found_in(sentence, language.code)
    }
    for word, base, sentence in sorted(found):
        yield f"    {word} = {base}: {meanings[base]} | {sentence}"
