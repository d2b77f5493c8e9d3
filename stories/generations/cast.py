"""The cast of a story: who of the family goes along, and a friend from an earlier story."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from children.models import Child
from children.profiles import Pronoun
from stories.models import KeptFriend, Story
from stories.plotting.decks import Friend, deck_of
from stories.plotting.draw import friend_in, friend_text, is_named_as_one_of, stored_friend
from stories.vocabulary.brief import AgeBand, Companion
from stories.vocabulary.languages import primary_language

from .inputs import InvalidRequest, passes

MAX_COMPANIONS = 2
"""For a cast of four: the hero, the friend, and two more."""


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The cast that a family chose: `companions` are other children of the family; without a
    `friend` there is a new one."""

    companions: tuple[Child, ...] = ()
    friend: KeptFriend | None = None

    @property
    def siblings(self) -> list[str]:
        """The companions as a story keeps them."""
        return sorted({str(companion.pk) for companion in self.companions})


def check_cast(child: Child, language: str, cast: Cast) -> None:
    """Raises InvalidRequest where these cannot be in one story of the child's."""
    if len(cast.siblings) > MAX_COMPANIONS:
        raise InvalidRequest("companions", too_many_companions())
    if cast.friend:
        _check_friend(child, language, cast.friend)


def check_present(cast: Cast) -> None:
    """Raises InvalidRequest where somebody was erased meanwhile. Call it in a transaction, for the
    length of which they stay."""
    siblings = Child.objects.select_for_update().filter(pk__in=cast.siblings)
    if len(siblings) < len(cast.siblings):
        raise InvalidRequest("companions", companion_missing())
    friends = KeptFriend.objects.select_for_update()
    if cast.friend and not friends.filter(pk=cast.friend.pk).exists():
        raise InvalidRequest("friend", friend_missing())


def companions_of(story: Story) -> tuple[Companion, ...]:
    """The companions of a story whose stand-ins are kept."""
    stand_ins = {other["child"]: other["stand_in"] for other in story.companions}
    children = Child.objects.filter(pk__in=story.siblings).values_list("pk", "pronoun")
    pronouns = {str(pk): Pronoun(pronoun) for pk, pronoun in children}
    return tuple(
        Companion(name=stand_ins[key], pronoun=pronouns.get(key, Pronoun.OPEN))
        for key in story.siblings
    )


def friend_met_again(story: Story) -> Friend | None:
    """The friend from an earlier story who was chosen for this one, also when no longer kept."""
    is_met_again = isinstance(story.plan, dict) and story.plan.get("met_again")
    if is_met_again and (friend := friend_in(story.plan)):
        return friend
    return _card_in(story.language, story.friend) if story.friend else None


def too_many_companions() -> str:
    return _("At most %(count)d can come along.") % {"count": MAX_COMPANIONS}


def companion_missing() -> str:
    return _("Somebody you picked is not there any more. Please look who comes along.")


def friend_missing() -> str:
    return _("That friend is not kept any more. Pick another one, or meet somebody new.")


def _check_friend(child: Child, language: str, friend: KeptFriend) -> None:
    card = _card_in(language, friend)
    if card is None:
        answer = _("%(name)s does not know the language of this story yet.")
        raise InvalidRequest("friend", answer % {"name": friend.name})
    names = Child.objects.filter(family=child.family_id).values_list("name", flat=True)
    if is_named_as_one_of(names, card):
        answer = _("%(name)s has the name of somebody in your family. That would mix them up.")
        raise InvalidRequest("friend", answer % {"name": card.name})
    if not passes(child, language)(friend_text(card)):
        answer = _("%(name)s does not go with what this child's stories leave out.")
        raise InvalidRequest("friend", answer % {"name": card.name})


def _card_in(language: str, friend: KeptFriend) -> Friend | None:
    """The kept card, or, in a story of another language or where it cannot be read, that language's
    card of the same key."""
    is_same_language = primary_language(friend.language) == primary_language(language)
    if is_same_language and (known := stored_friend(friend.card)):
        return known
    cards = (card for band in AgeBand for card in deck_of(language, band).friends)
    return next((card for card in cards if card.key == friend.key), None)
