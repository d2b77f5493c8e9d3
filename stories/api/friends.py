"""Friends of finished stories, kept for a child's other stories."""

import uuid

from django.http import HttpRequest
from ninja import Router, Status

from children.models import User
from stories import access, generations
from stories.infra.db import in_database
from stories.models import KeptFriend

from .auth import user_of
from .errors import PROBLEMS
from .schemas import KeptFriendOut

router = Router(tags=["friends"])


@router.get(
    "/children/{uuid:child_id}/friends",
    response={200: list[KeptFriendOut], **PROBLEMS},
    summary="The friends that a child keeps",
)
async def list_friends(request: HttpRequest, child_id: uuid.UUID) -> list[KeptFriend]:
    return await in_database(_friends, user_of(request), child_id)


@router.post(
    "/stories/{uuid:story_id}/friend",
    response={200: KeptFriendOut, 201: KeptFriendOut, **PROBLEMS},
    summary="Keep the friend of a story for other stories",
)
async def keep_friend(request: HttpRequest, story_id: uuid.UUID) -> Status[KeptFriend]:
    """`409` before the story's end, and where it has no friend to keep; `422` where the child keeps
    as many as it may. The friend stays when the story is erased."""
    return await in_database(_keep, user_of(request), story_id)


@router.delete(
    "/friends/{uuid:friend_id}", response={204: None, **PROBLEMS}, summary="Forget a kept friend"
)
async def forget_friend(request: HttpRequest, friend_id: uuid.UUID) -> Status[None]:
    """The stories in which it was met again keep it."""
    await in_database(_forget, user_of(request), friend_id)
    return Status(204, None)


def _friends(user: User, child_id: uuid.UUID) -> list[KeptFriend]:
    return [*access.kept_friends_of(access.child_for(user, child_id))]


def _keep(user: User, story_id: uuid.UUID) -> Status[KeptFriend]:
    friend, is_new = generations.keep_friend(user, access.story_for(user, story_id))
    return Status(201 if is_new else 200, friend)


def _forget(user: User, friend_id: uuid.UUID) -> None:
    access.kept_friend_for(user, friend_id).delete()
