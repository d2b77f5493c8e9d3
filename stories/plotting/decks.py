"""The decks: plots, episodes, friends and lines of a language, read from its folder and validated.

`docs/decks.md` explains the cards to authors.
"""

import tomllib
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from stories.plotting.scenery import Place, Time, Weather
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import Language, language_of
from stories.vocabulary.note_lengths import CHOICE, CHOICE_DESCRIPTION, QUESTION, SUMMARY, TITLE
from stories.vocabulary.tones import Tone

FOLDER = "decks"
FRIENDS, CAST, LINES, EPISODES = "friends.toml", "cast.toml", "lines.toml", "episodes.toml"

Gender = Literal["m", "f"]


class BadDeck(ValueError):
    """A deck that cannot be read, or lacks a card."""


class _Card(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _decided(tone: Tone) -> Tone:
    if tone is Tone.ANY:
        raise ValueError("a plot has one tone")
    return tone


class Beat(_Card):
    """`lead` is the authored text of a paragraph; `ask` is what a model may add to it."""

    lead: str = Field(min_length=1)
    ask: str = ""


def _beat(pair: Any) -> Any:
    return dict(zip(("lead", "ask"), pair, strict=True)) if isinstance(pair, list) else pair


class Choice(_Card):
    """A way to go on: the button's `text`, `about` as its promise, `then` as the beginning of the
    next chapter, which keeps it, and `later` as the last chapter's memory of it."""

    text: str = Field(min_length=1, max_length=CHOICE.accepted)
    about: str = Field(min_length=1, max_length=CHOICE_DESCRIPTION.accepted)
    then: str = Field(min_length=1)
    later: str = Field(min_length=1)


class _Told(_Card):
    title: str = Field(min_length=1, max_length=TITLE.accepted)
    summary: str = Field(min_length=1, max_length=SUMMARY.accepted)
    place: Place
    time: Time
    weather: Weather
    beats: tuple[Annotated[Beat, BeforeValidator(_beat)], ...] = Field(min_length=1)

    @property
    def leads(self) -> list[str]:
        return [beat.lead for beat in self.beats]


class Finale(_Told):
    """A last chapter."""


class Scene(_Told):
    """A chapter after which the child decides."""

    question: str = Field(min_length=1, max_length=QUESTION.accepted)
    choices: tuple[Choice, ...] = Field(min_length=3, max_length=3)


class Episode(Scene):
    """A middle chapter that fits every plot of its band."""

    key: str = Field(pattern=r"^[a-z0-9-]+$")
    contains: tuple[str, ...] = ()


class Plot(_Card):
    """A whole story. The chapters between `opening` and `finale` are the two `steps`, with
    episodes between them where the story is longer. No `tiles`: it serves any wish."""

    key: str = Field(pattern=r"^[a-z0-9-]+$")
    tiles: tuple[str, ...] = ()
    tone: Annotated[Tone, AfterValidator(_decided)]
    contains: tuple[str, ...] = ()
    title: str = Field(min_length=1, max_length=TITLE.accepted)
    want: str
    obstacle: str
    find: str
    use: str
    refrain: str
    learn: str
    opening: Scene
    steps: tuple[Scene, Scene]
    finale: Finale


class Friend(_Card):
    """The hero's friend for one story: `full` is name and kind, `intro` one or two sentences,
    `asides` are sentences that show the habit (`trait`) at any moment."""

    key: str = Field(pattern=r"^[a-z0-9-]+$")
    name: str = Field(min_length=1)
    full: str = Field(min_length=1)
    gender: Gender
    bands: tuple[AgeBand, ...] = Field(min_length=1)
    contains: tuple[str, ...] = ()
    trait: str
    intro: str = Field(min_length=1)
    asides: tuple[str, ...] = Field(min_length=5, max_length=5)


class Company(_Card):
    """Sentences for those of the family who go along with the hero: one of `joins` in the opening,
    one of `helps` in each chapter, one of `ends` in the last."""

    joins: tuple[str, ...] = Field(min_length=1)
    helps: tuple[str, ...] = Field(min_length=1)
    ends: tuple[str, ...] = Field(min_length=1)


class CastLines(_Card):
    """Sentences for a story's cast beyond the hero and a new friend: for `one` or `two` of the
    family, and for a friend who is `met_again`."""

    met_again: tuple[str, ...] = Field(min_length=1)
    one: Company
    two: Company


class Lines(_Card):
    """Sentences for what no card can know: a choice that is on none, and a story that just goes
    on. `{choice}` is the choice's text."""

    chosen: tuple[str, ...] = Field(min_length=1)
    remembered: tuple[str, ...] = Field(min_length=1)
    goes_on: tuple[str, ...] = Field(min_length=1)


class Deck(_Card):
    """All the cards of one language for one age band."""

    plots: tuple[Plot, ...] = Field(min_length=1)
    episodes: tuple[Episode, ...] = Field(min_length=1)
    friends: tuple[Friend, ...] = Field(min_length=1)
    cast: CastLines
    lines: Lines


@cache
def deck_of(language: str, band: AgeBand) -> Deck:
    """The cards for a language tag; an unknown one has English ones. Raises BadDeck."""
    return read_deck(language_of(language), band)


def read_deck(language: Language, band: AgeBand) -> Deck:
    """The deck as its files have it. Raises BadDeck, naming the folder."""
    folder = language.folder / FOLDER
    try:
        plots = [
            plot
            for path in sorted((folder / band).glob("*.toml"))
            if path.name != EPISODES
            for plot in tomllib.loads(path.read_text("utf-8")).get("plot", [])
        ]
        friends = tomllib.loads((folder / FRIENDS).read_text("utf-8"))["friend"]
        return Deck.model_validate(
            {
                "plots": plots,
                "episodes": tomllib.loads((folder / band / EPISODES).read_text("utf-8"))["episode"],
                "friends": [friend for friend in friends if band in friend["bands"]],
                "cast": tomllib.loads((folder / CAST).read_text("utf-8")),
                "lines": tomllib.loads((folder / LINES).read_text("utf-8")),
            }
        )
    except (OSError, KeyError, ValueError) as error:
        raise BadDeck(f"{folder}, ages {band}: {error}") from error
