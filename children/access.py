"""Access to children: the family's own members, and to everyone else it does not exist."""

import uuid

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db.models import Exists, Q, QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from .models import ApiToken, Child, Family, User


def parent(request: HttpRequest) -> User:
    """The signed-in user; for views behind `login_required`."""
    if isinstance(request.user, AnonymousUser):
        raise Http404
    return request.user


def family_of(user: User) -> Family:
    """The user's family; staff have none, so that for them no family page exists."""
    if user.family is None:
        raise Http404
    return user.family


def logged_in(user: User, session_key: str | None) -> Q:
    """Of a user: neither logged out nor with another password, which ends all log-ins."""
    log_ins = Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now())
    return Q(Exists(log_ins), password=user.password)


def children_of(user: User) -> QuerySet[Child]:
    return Child.objects.filter(family=user.family_id)


def child_of(user: User, child_id: uuid.UUID) -> Child:
    return get_object_or_404(children_of(user), pk=child_id)


def tokens_of(user: User) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=user, revoked_at=None)


def token_of(user: User, token_id: int) -> ApiToken:
    return get_object_or_404(tokens_of(user), pk=token_id)
