"""Access rules of families: every look-up of a family's data starts here.

A member of a family sees that family's children and all that belongs to them; nobody else does.
Staff read stories in the admin, under Django's permissions, and get nothing here.
"""

import uuid
from collections.abc import Callable
from typing import TypeVar

from django.db.models import Q, QuerySet

from children.models import Child, User
from stories.models import Chapter, Choice, Generation, KeptFriend, ReadingSession, Story

T = TypeVar("T")


class Missing(Exception):
    """There is no such thing."""


class NotYours(Exception):
    """It belongs to another family."""


def child_for(user: User, child_id: uuid.UUID) -> Child:
    """Raises Missing or NotYours, as all look-ups here do."""
    child = Child.objects.filter(pk=child_id).first()
    return _owned(user, child, lambda own: own)


def siblings_of(child: Child) -> QuerySet[Child]:
    """The family's other children."""
    return Child.objects.filter(family=child.family_id).exclude(pk=child.pk)


def kept_friends_of(child: Child) -> QuerySet[KeptFriend]:
    return KeptFriend.objects.filter(child=child)


def kept_friend_for(user: User, friend_id: uuid.UUID) -> KeptFriend:
    friend = KeptFriend.objects.select_related("child").filter(pk=friend_id).first()
    return _owned(user, friend, lambda own: own.child)


def story_for(user: User, story_id: uuid.UUID) -> Story:
    story = Story.objects.select_related("child", "session").filter(pk=story_id).first()
    return _owned(user, story, lambda own: own.child)


def session_for(user: User, session_id: uuid.UUID) -> ReadingSession:
    found = ReadingSession.objects.select_related("story__child", "chapter")
    session = found.filter(pk=session_id).first()
    return _owned(user, session, lambda own: own.story.child)


def generation_for(user: User, generation_id: uuid.UUID) -> Generation:
    found = Generation.objects.select_related("story__child", "story__session", "chapter", "choice")
    generation = found.filter(pk=generation_id).first()
    return _owned(user, generation, lambda own: own.story.child)


def choice_for(session: ReadingSession, choice_id: uuid.UUID) -> Choice:
    """A choice of this session's own story; another story's is as good as none, and so is one of
    a chapter that was withdrawn, or that nobody has asked for."""
    found = Choice.objects.select_related("chapter").filter(
        chapter__story=session.story_id, chapter__withdrawn_at=None, chapter__is_hidden=False
    )
    if choice := found.filter(pk=choice_id).first():
        return choice
    raise Missing("choice")


def chapter_of(session: ReadingSession, chapter_id: uuid.UUID) -> Chapter:
    """A chapter of this session's own story that the child may read."""
    found = Chapter.objects.released().filter(story=session.story_id, pk=chapter_id).first()
    if found is None:
        raise Missing("chapter")
    return found


def chapter_for(user: User, chapter_id: uuid.UUID) -> Chapter:
    """A chapter that the family may read."""
    readable = Chapter.objects.readable().select_related("story__child", "story__session")
    return _owned(user, readable.filter(pk=chapter_id).first(), lambda own: own.story.child)


def may_follow(user_id: int, generation_id: uuid.UUID, still: Q) -> bool:
    """True when this user may still see this generation; asked again while a stream lasts, in one
    statement. `still` is what of the user makes the credential good that was shown."""
    family = Q(family__children__stories__generations=generation_id)
    return User.objects.filter(still, family, pk=user_id, is_active=True).exists()


def _owned(user: User, found: T | None, child_of: Callable[[T], Child]) -> T:
    if found is None:
        raise Missing
    if user.family_id is None or child_of(found).family_id != user.family_id:
        raise NotYours
    return found
