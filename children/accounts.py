"""Additions to an account at sign-up: each new parent gets a family of their own."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from .models import Family, User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        if commit and user.family_id is None:
            user.family = Family.objects.create()
        saved: User = super().save_user(request, user, form, commit)
        return saved
