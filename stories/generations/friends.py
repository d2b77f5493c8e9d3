"""Keeping the friend of a finished story for a child's other stories."""

from django.utils.translation import gettext as _

from children.models import User
from stories.models import Chapter, KeptFriend, Story
from stories.plotting.decks import Friend
from stories.plotting.draw import friend_in

from .inputs import InvalidRequest
from .requests import WrongPlace, family_lock

MAX_KEPT_FRIENDS = 12
"""For one child."""


def friend_of(story: Story) -> Friend | None:
    """The friend in a story that was told to an end; None before, and in stories without a plan."""
    ends = Chapter.objects.released().filter(story=story, is_ending=True)
    return friend_in(story.plan) if ends.exists() else None


def kept_friend_of(story: Story) -> KeptFriend | None:
    """The story's friend, where the child keeps it."""
    friend = friend_in(story.plan)
    kept = KeptFriend.objects.filter(child=story.child_id)
    return kept.filter(key=friend.key).first() if friend else None


def keep_friend(user: User, story: Story) -> tuple[KeptFriend, bool]:
    """The story's friend as it is kept from now on, and whether it was not kept before.

    Raises WrongPlace before the story's end, and InvalidRequest where the child keeps as many as it
    may.
    """
    card = friend_of(story)
    if card is None:
        raise WrongPlace(_("A friend can be kept when the story has come to its end."))
    with family_lock(user):
        if known := kept_friend_of(story):
            return known, False
        if KeptFriend.objects.filter(child=story.child_id).count() >= MAX_KEPT_FRIENDS:
            answer = _("At most %(count)d friends can be kept. Forget one of them first.")
            raise InvalidRequest("friend", answer % {"count": MAX_KEPT_FRIENDS})
        kept = KeptFriend.objects.create(
            child=story.child,
            key=card.key,
            language=story.language,
            name=card.name,
            card=card.model_dump(mode="json"),
            story=story,
        )
        return kept, True
