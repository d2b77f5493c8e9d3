"""From rows to a `StoryBrief`: what the storyteller is told of a story, and what it is not."""

from stories.brief import (
    ChoiceTaken,
    Concern,
    PastChapter,
    Pronoun,
    Pseudonym,
    ReadingLevel,
    StoryBrief,
)
from stories.models import Chapter, Choice, Ruling, Story

from .inputs import admitted_profile, checked_as


def pseudonym_of(story: Story) -> Pseudonym:
    """The exchange of the child's name that holds for all of a story."""
    child = story.child
    return Pseudonym.for_child(child.name, story.language, child.former_names)


def path_to(chapter: Chapter | None) -> list[Chapter]:
    """The chapters from the first to this one, in one query whatever their number."""
    if chapter is None:
        return []
    by_id = {
        other.pk: other
        for other in Chapter.objects.filter(story=chapter.story_id).select_related("choice")
    }
    path: list[Chapter] = []
    step: Chapter | None = by_id[chapter.pk]
    while step is not None:
        path.append(step)
        step = by_id[step.parent_id] if step.parent_id else None
    return path[::-1]


def brief_for(story: Story, choice: Choice | None) -> StoryBrief:
    """The commission of the chapter that `choice` leads to, or of the first one."""
    child, name = story.child, pseudonym_of(story)
    path = path_to(choice.chapter if choice else None)
    interests, avoid = admitted_profile(child, story.language)
    return StoryBrief(
        theme=name.hide(story.theme),
        title=name.hide(story.requested_title),
        language=story.language,
        age=child.age,
        checked_as=checked_as(child),
        reading_level=ReadingLevel(story.reading_level),
        interests=_hidden(name, interests),
        avoid=_hidden(name, avoid),
        concerns=_concerns(story, choice),
        hero=name.stand_in,
        pronoun=Pronoun(child.pronoun),
        chapter_number=len(path) + 1,
        total_chapters=story.total_chapters,
        path=_past(name, path, choice),
    )


def _concerns(story: Story, choice: Choice | None) -> tuple[Concern, ...]:
    """Why staff took earlier chapters at this place away: whoever has it written anew, and however
    often, it keeps away from that."""
    taken_away = Ruling.objects.filter(
        case__generation__story=story,
        case__generation__choice=choice,
        case__generation__withdrawn_at__isnull=False,
    )
    reasons = set(taken_away.exclude(reason="").values_list("reason", flat=True))
    return tuple(concern for concern in Concern if concern in reasons)


def _past(
    name: Pseudonym, path: list[Chapter], last_choice: Choice | None
) -> tuple[PastChapter, ...]:
    choices = [*(chapter.choice for chapter in path[1:]), last_choice]
    return tuple(
        PastChapter(
            number=chapter.number,
            title=name.hide(chapter.title),
            summary=chapter.summary,
            text=chapter.source,
            choice=_choice_taken(name, choice),
        )
        for chapter, choice in zip(path, choices, strict=False)
    )


def _choice_taken(name: Pseudonym, choice: Choice | None) -> ChoiceTaken | None:
    if choice is None or choice.kind == Choice.Kind.CONTINUE:
        return None
    return ChoiceTaken(
        text=name.hide(choice.text),
        description=name.hide(choice.description),
        is_own_idea=choice.kind == Choice.Kind.OWN_IDEA,
    )


def _hidden(name: Pseudonym, words: list[str]) -> tuple[str, ...]:
    return tuple(name.hide(word) for word in words)
