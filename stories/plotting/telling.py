"""From a story's cards to the plan of one chapter: the right card, its slots filled, worded for the
child's reading level, and what the child chose before."""

import random
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence

from stories.plotting.decks import Choice, Finale, Plot, Scene, deck_of
from stories.plotting.draw import BY_GENDER, PLOT_CHAPTERS, Drawing, StoryPlan, draw
from stories.plotting.remembering import deed, named_scenes, opening_facts, scene_of
from stories.plotting.wordings import fitted as worded_for
from stories.reading import target
from stories.vocabulary.brief import ChoiceTaken, StoryBrief, hero_of
from stories.vocabulary.chapter_plan import ChapterPlan, PlannedBeat, PlannedChoice
from stories.vocabulary.memory import ChapterMemory
from stories.vocabulary.note_lengths import fitted
from stories.vocabulary.visible import visible

# Of the opening, where the story has no other chapter: the want, the friend and the find.
_SHORT_OPENING_BEATS = 3
_SLOT = re.compile(r"\{(\w+)\}")
_SPACES = re.compile(r" {2,}")
_SIGNS = re.compile(r"[{}\[\]<>|\u2039\u203a]")
_MARKS = re.compile(r"[\"\u201c\u201d\u201e\u00ab\u00bb]")
_MAX_TYPED_CHARACTERS = 120
_TELL_THE_DEED = "Tell in two or three short sentences how they do it. Nothing else happens yet."


def planned(brief: StoryBrief) -> ChapterPlan:
    """The brief's plan; for one that was stored without any, a plan that its wish alone decides."""
    if brief.plan:
        return brief.plan
    drawing = Drawing(
        seed=zlib.crc32(brief.theme.encode()),
        total_chapters=brief.total_chapters,
        passes=lambda _: True,
    )
    return chapter_of(draw(deck_of(brief.language, brief.band), drawing), brief)


def chapter_of(plan: StoryPlan, brief: StoryBrief) -> ChapterPlan:
    """The plan of the brief's chapter; the same for the same cards and choices."""
    return _Telling(plan, brief).chapter()


class _Telling:
    def __init__(self, plan: StoryPlan, brief: StoryBrief) -> None:
        self._plan = plan
        self._brief = brief
        self._number = brief.chapter_number
        self._choices = [chapter.choice for chapter in brief.path]
        # Each of the friend's sentences once in a story, and of those who go along.
        self._asides = iter(plan.friend.asides[self._number - 1 :])
        company = plan.company
        self._going_along = [each.name for each in brief.companions]
        self._joins = company.joins if company else ()
        self._helps = iter(company.helps[self._number - 1 :] if company else ())
        self._ends = company.ends if company else ()

    def chapter(self) -> ChapterPlan:
        plot, friend, scene = self._plan.plot, self._plan.friend, self._scene(self._number)
        name, beats = self._name(self._number), tuple(self._beats(scene))
        return ChapterPlan(
            card=f"{plot.key}/{name}",
            story_title=self._filled(plot.title),
            title=self._filled(scene.title),
            summary=self._filled(scene.summary),
            want=self._filled(plot.want),
            obstacle=self._filled(plot.obstacle),
            find=plot.find,
            use=self._filled(plot.use),
            refrain=self._filled(plot.refrain),
            learning=plot.learn,
            friend=friend.full,
            friend_name=friend.name,
            trait=friend.trait,
            is_met_again=bool(self._plan.met_again),
            tone=self._plan.tone or plot.tone,
            fits_wish=bool(plot.tiles),
            scene=scene_of(self._plan, scene, name, self._brief),
            memory=self._memory(beats),
            beats=beats,
            question=self._filled(scene.question) if isinstance(scene, Scene) else "",
            choices=tuple(self._offered(self._number)),
        )

    def _scene(self, number: int) -> Scene | Finale:
        return self._scenes()[number - 1]

    def _name(self, number: int) -> str:
        scene = self._scene(number)
        named = named_scenes(self._plan)
        return next((name for name, known in named if known is scene), "finale")

    def _memory(self, beats: Sequence[PlannedBeat]) -> ChapterMemory:
        """The want and the find are the story's threads, from its first chapter to its last."""
        plot, hero = self._plan.plot, hero_of(self._brief)
        threads = (self._filled(plot.want), plot.find)
        is_first, taken = self._number == 1, self._choices[-1] if self._choices else None
        if is_first:
            leads = [beat.lead for beat in beats[:_SHORT_OPENING_BEATS]]
            facts = opening_facts(
                hero, plot.find, self._plan.friend.full, leads, self._brief.language
            )
        else:
            facts = (deed(hero, taken, beats[0].lead, self._brief.language),) if taken else ()
        return ChapterMemory(
            facts=facts,
            opened=threads if is_first else (),
            closed=threads if self._brief.is_ending else (),
        )

    def _scenes(self) -> list[Scene | Finale]:
        """The story's chapters in order: episodes stand between the plot's two steps."""
        plot, total = self._plan.plot, self._brief.total_chapters
        if total == 1:
            return [_in_one(plot)]
        first, second = plot.steps
        episodes = self._plan.episodes or (first,)
        between = [episodes[index % len(episodes)] for index in range(total - PLOT_CHAPTERS)]
        middles = [first, *between, second][: total - 2]
        return [plot.opening, *middles, plot.finale]

    def _beats(self, scene: Scene | Finale) -> Iterator[PlannedBeat]:
        """The chapter's beats, in the wording that its level wants."""
        brief, beats = self._brief, [*self._all_beats(scene)]
        wanted = target(brief.age, brief.reading_level, brief.language)
        leads = worded_for(
            [beat.lead for beat in beats],
            wanted,
            brief.language,
            seed=self._plan.seed + self._number,
        )
        for beat, lead in zip(beats, leads, strict=True):
            yield beat.model_copy(update={"lead": lead})

    def _all_beats(self, scene: Scene | Finale) -> Iterator[PlannedBeat]:
        if self._number > 1:
            yield self._consequence()
        for beat in scene.beats:
            yield PlannedBeat(lead=self._filled(beat.lead), ask=self._filled(beat.ask))

    def _consequence(self) -> PlannedBeat:
        """The beginning of a chapter: what was chosen is done."""
        taken = self._choices[-1] if self._choices else None
        if taken is None:
            return PlannedBeat(lead=self._filled(self._picked(self._plan.lines.goes_on)))
        if choice := self._card_of(taken, self._number - 1):
            return PlannedBeat(lead=self._filled(choice.then))
        lead = self._filled(self._picked(self._plan.lines.chosen), choice=taken.text)
        return PlannedBeat(lead=lead, ask=_TELL_THE_DEED, invites=True)

    def _offered(self, number: int) -> list[PlannedChoice]:
        """The choices after a chapter, in an order of its own."""
        scene = self._scene(number)
        if isinstance(scene, Finale) or number >= self._brief.total_chapters:
            return []
        dice = random.Random(self._plan.seed + number)  # noqa: S311 - an order, no secret
        shuffled = dice.sample(scene.choices, len(scene.choices))
        return [
            PlannedChoice(text=self._filled(choice.text), promise=self._filled(choice.about))
            for choice in shuffled
        ]

    def _card_of(self, taken: ChoiceTaken, number: int) -> Choice | None:
        """The card of a choice that was offered after chapter `number`; None for an own idea, and
        for choices that a model made up."""
        scene = self._scene(number)
        choices = scene.choices if isinstance(scene, Scene) else ()
        return next((each for each in choices if self._filled(each.text) == taken.text), None)

    def _remembered(self) -> str:
        """A sentence on the first choice that the story can remember; "" where it has none."""
        for number, taken in enumerate(self._choices, 1):
            if taken and (choice := self._card_of(taken, number)):
                return self._filled(choice.later)
            if taken:
                line = self._picked(self._plan.lines.remembered)
                return self._filled(line, choice=taken.text)
        return ""

    def _picked(self, lines: Sequence[str]) -> str:
        return lines[(self._plan.seed + self._number) % len(lines)]

    def _filled(self, text: str, *, choice: str = "") -> str:
        friend = self._plan.friend
        values: Mapping[str, str] = {
            "hero": hero_of(self._brief),
            "friend": friend.name,
            "friend_full": friend.full,
            "wish": _as_part(self._brief.theme),
            "choice": _as_part(choice),
            **dict(zip(("sibling", "other"), self._going_along, strict=False)),
        }

        def value(slot: re.Match[str]) -> str:
            name = slot[1]
            if name == "intro":
                return self._filled(_joined(friend.intro, self._plan.met_again, *self._joins))
            if name == "aside":
                return self._filled(_joined(next(self._asides, ""), next(self._helps, "")))
            if name == "later":
                return _joined(self._remembered(), self._filled(_joined(*self._ends)))
            return values[name]

        by_gender = 1 if friend.gender == "m" else 2
        chosen = BY_GENDER.sub(lambda forms: forms[by_gender], text)
        return _SPACES.sub(" ", _SLOT.sub(value, chosen)).strip()


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def _in_one(plot: Plot) -> Finale:
    """A story of one chapter: its want, friend and find, and then its end."""
    finale = plot.finale
    beats = (*plot.opening.beats[:_SHORT_OPENING_BEATS], *finale.beats)
    return finale.model_copy(update={"title": plot.title, "beats": beats})


def _as_part(text: str) -> str:
    """Typed words as a part of a sentence, in quotation marks: one line, without a mark that would
    end it."""
    line = " ".join(_SIGNS.sub("", visible(text)).split())
    return fitted(_MARKS.sub("'", line), _MAX_TYPED_CHARACTERS).rstrip(" .!?…")
