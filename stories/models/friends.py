"""Friends of finished stories, kept for a child's other stories."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from children.models import Child

from .story import Story


class KeptFriend(models.Model):
    """A friend whom a child wants to meet again.

    `card` is the friend's card as it was in the story (`plotting.decks.Friend`), in the story's
    `language`; decks of other languages have it by the same `key`. It holds authored text only, so
    it stays when its story is erased.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    child = models.ForeignKey(Child, on_delete=models.CASCADE, related_name="kept_friends")
    key = models.CharField(max_length=60)
    language = models.CharField(_("language"), max_length=35)
    name = models.CharField(_("name"), max_length=60)
    card = models.JSONField(default=dict)
    story = models.ForeignKey(Story, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["created_at"]
        verbose_name = _("kept friend")
        verbose_name_plural = _("kept friends")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["child", "key"], name="one_kept_friend_per_card"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def full_name(self) -> str:
        """Name and kind, such as "Pim the hedgehog"."""
        return str(self.card["full"])
