"""Keeping the friend of a story for other stories, and forgetting it again."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from children.access import parent
from children.models import User
from stories import access, generations
from stories.models import KeptFriend, Story
from stories.pages.owned import or_404


@login_required
@require_POST
def of_story(request: HttpRequest, story_id: uuid.UUID) -> HttpResponse:
    """Keep the friend of a story, or, with `forget`, keep it no longer."""
    user = parent(request)
    story = or_404(access.story_for, user, story_id)
    if "forget" not in request.POST:
        _keep(request, user, story)
    elif friend := generations.kept_friend_of(story):
        _forget(request, friend)
    return redirect("stories:story", story.pk)


@login_required
@require_POST
def forget(request: HttpRequest, friend_id: uuid.UUID) -> HttpResponse:
    friend = or_404(access.kept_friend_for, parent(request), friend_id)
    _forget(request, friend)
    return redirect("stories:new", friend.child_id)


def _keep(request: HttpRequest, user: User, story: Story) -> None:
    try:
        friend, _is_new = generations.keep_friend(user, story)
    except (generations.InvalidRequest, generations.WrongPlace) as refusal:
        messages.error(request, str(refusal))
    else:
        kept = _("%(name)s is kept, and can be in another story.")
        messages.success(request, kept % {"name": friend.name})


def _forget(request: HttpRequest, friend: KeptFriend) -> None:
    friend.delete()
    messages.success(request, _("%(name)s is forgotten.") % {"name": friend.name})
