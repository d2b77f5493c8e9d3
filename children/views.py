"""Pages about a family: its children, its settings, and the apps that may read for it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from . import access, erasure, tokens
from .forms import ChildForm, FamilyForm, TokenForm
from .models import Child


@login_required
def create(request: HttpRequest) -> HttpResponse:
    family = access.family_of(access.parent(request))
    form = ChildForm(
        request.POST or None,
        instance=Child(family=family),
        initial={"language": get_language()},
    )
    if form.is_valid():
        child = form.save()
        messages.success(request, _("%(name)s is ready for a story.") % {"name": child.name})
        return redirect("stories:new", child.pk)
    return render(request, "children/form.html", {"form": form})


@login_required
def edit(request: HttpRequest, child_id: uuid.UUID) -> HttpResponse:
    child = access.child_of(access.parent(request), child_id)
    name = child.name
    form = ChildForm(request.POST or None, instance=child)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("home")
    return render(request, "children/form.html", {"form": form, "child": child, "name": name})


@login_required
def delete(request: HttpRequest, child_id: uuid.UUID) -> HttpResponse:
    child = access.child_of(access.parent(request), child_id)
    if request.method == "POST":
        child.delete()
        erasure.finish_on_commit()
        messages.success(request, _("%(name)s and all stories are gone.") % {"name": child.name})
        return redirect("home")
    return render(request, "children/delete.html", {"child": child})


@login_required
def family_settings(request: HttpRequest) -> HttpResponse:
    family = access.family_of(access.parent(request))
    form = FamilyForm(request.POST or None, instance=family)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("children:family")
    return render(request, "children/family.html", {"form": form})


@login_required
@never_cache
def connected_apps(request: HttpRequest) -> HttpResponse:
    """The list of apps; a new one's key is in this one answer and nowhere else."""
    user = access.parent(request)
    access.family_of(user)
    form = TokenForm(request.POST or None)
    key = tokens.create(user, form.cleaned_data["name"]) if form.is_valid() else None
    context = {
        "form": TokenForm() if key else form,
        "key": key,
        "apps": access.tokens_of(user),
    }
    return render(request, "children/connected_apps.html", context)


@login_required
@require_POST
def disconnect(request: HttpRequest, token_id: int) -> HttpResponse:
    token = access.token_of(access.parent(request), token_id)
    tokens.revoke(token)
    messages.success(request, _("“%(name)s” can no longer connect.") % {"name": token.name})
    return redirect("children:tokens")
