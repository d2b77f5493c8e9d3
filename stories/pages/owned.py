"""Look-ups of the family's pages: another family's things do not exist here."""

import uuid
from collections.abc import Callable
from typing import TypeVar

from django.http import Http404

from children.models import User
from stories import access

T = TypeVar("T")


def or_404(look_up: Callable[[User, uuid.UUID], T], user: User, key: uuid.UUID) -> T:
    try:
        return look_up(user, key)
    except (access.Missing, access.NotYours) as error:
        raise Http404 from error
