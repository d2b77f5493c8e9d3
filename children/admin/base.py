"""The base of staff pages: rows are read, not edited, and deleted by superusers at most."""

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from children import erasure

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _TabularInline = admin.TabularInline[Any, Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _TabularInline = admin.TabularInline

# Lists of the delete page: names, counts by kind, missing permissions, protected rows.
Deletion = tuple[list[str], dict[str, int], set[str], list[str]]


class ReadOnlyAdmin(_ModelAdmin):
    """Nobody adds, changes or deletes; who may see follows Django's view permission."""

    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class PageAdmin(ReadOnlyAdmin):
    """An object is shown by a template of its own, not as a form with fields."""

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return []


class DeletedBySuperusers(_ModelAdmin):
    """Superusers delete, and are told how many rows of each kind go too."""

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def delete_model(self, request: HttpRequest, obj: models.Model) -> None:
        super().delete_model(request, obj)
        erasure.finish_on_commit()

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        erasure.finish_on_commit()

    def get_deleted_objects(self, objs: Iterable[models.Model], request: HttpRequest) -> Deletion:
        rows = list(objs)
        counts = cascade_counts(self.model, [row.pk for row in rows])
        return [str(row) for row in rows], counts, set(), []


class ReadOnlyInline(_TabularInline):
    """Rows that belong to a page's object, linked to their own pages."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


def cascade_counts(model: type[models.Model], keys: list[Any]) -> dict[str, int]:
    """How many rows of each kind go when these go: counted, since loading a log would take long."""
    counts: dict[str, int] = {}
    seen = {model}
    waiting = deque([_all_rows(model).filter(pk__in=keys)])
    while waiting:
        rows = waiting.popleft()
        counts[str(rows.model._meta.verbose_name_plural)] = rows.count()
        for relation in rows.model._meta.related_objects:
            other = relation.related_model
            if relation.on_delete is models.CASCADE and other not in seen:
                seen.add(other)
                name = relation.field.name
                waiting.append(_all_rows(other).filter(**{f"{name}__in": rows}))
    return counts


def _all_rows(model: type[models.Model]) -> models.Manager[Any]:
    """Also those that the model's own manager leaves out: they go as well."""
    return model._base_manager  # noqa: SLF001 - Django documents it
