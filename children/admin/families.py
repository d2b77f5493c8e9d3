"""Children and families for superusers: accounts and API tokens."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext_lazy as _

from children import tokens
from children.models import ApiToken, Child, Family, User

from .base import DeletedBySuperusers, ReadOnlyAdmin, ReadOnlyInline

if TYPE_CHECKING:
    _StockUserAdmin = StockUserAdmin[User]
    _CreationForm = AdminUserCreationForm[User]
    _ChangeForm = UserChangeForm[User]
else:
    _StockUserAdmin = StockUserAdmin
    _CreationForm = AdminUserCreationForm
    _ChangeForm = UserChangeForm


class ChildLanguageFilter(admin.SimpleListFilter):
    title = _("story language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(settings.LANGUAGES)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Child]) -> QuerySet[Child]:
        language = self.value()
        return queryset.filter(languages__0__istartswith=language) if language else queryset


@admin.register(Child)
class ChildAdmin(DeletedBySuperusers, ReadOnlyAdmin):
    list_display = ["name", "years", "language_list", "reading_level", "created_at"]
    list_filter = [ChildLanguageFilter, "reading_level", "strictness", "created_at"]
    search_fields = ["name", "id"]
    search_help_text = _("A child's name or id")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        about = [
            "name",
            "pronoun",
            "years",
            "language_list",
            "reading_level",
            "strictness",
            "interest_list",
            "avoid_list",
        ]
        rest = ["is_dyslexia_friendly", "created_at"]
        family = ["family"] if request.user.has_perm("children.view_family") else []
        return about + rest + family

    @admin.display(description=_("age"), ordering="-birth_year")
    def years(self, child: Child) -> int:
        return child.age

    @admin.display(description=_("languages"))
    def language_list(self, child: Child) -> str:
        return ", ".join(_language_name(tag) for tag in child.languages)

    @admin.display(description=_("interests"), empty_value="-")
    def interest_list(self, child: Child) -> str:
        return ", ".join(child.interests)

    @admin.display(description=_("things to avoid"), empty_value="-")
    def avoid_list(self, child: Child) -> str:
        return ", ".join(child.avoid)


class MemberInline(ReadOnlyInline):
    model = User
    fields = ["email", "is_active", "last_login"]
    readonly_fields = ["email", "is_active", "last_login"]
    verbose_name_plural = _("members")


class ChildInline(ReadOnlyInline):
    model = Child
    fields = ["name", "birth_year", "reading_level", "created_at"]
    readonly_fields = ["name", "birth_year", "reading_level", "created_at"]


@admin.register(Family)
class FamilyAdmin(DeletedBySuperusers, ReadOnlyAdmin):
    """A family can be deleted once no account belongs to it."""

    list_display = ["__str__", "member_count", "child_count", "preview", "created_at"]
    list_filter = ["preview", "created_at"]
    ordering = ["-created_at"]
    search_fields = ["id", "members__email"]
    search_help_text = _("A member's e-mail address or the family's id")
    fields = ["id", "preview", "created_at"]
    readonly_fields = ["id", "preview", "created_at"]
    inlines = [MemberInline, ChildInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        families: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                member_total=Count("members", distinct=True),
                child_total=Count("children", distinct=True),
            )
        )
        return families

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        if not isinstance(obj, Family) or obj.members.exists():
            return False
        return super().has_delete_permission(request, obj)

    @admin.display(description=_("members"), ordering="member_total")
    def member_count(self, family: Any) -> int:
        return int(family.member_total)

    @admin.display(description=_("children"), ordering="child_total")
    def child_count(self, family: Any) -> int:
        return int(family.child_total)


class NewUserForm(_CreationForm):
    class Meta:
        model = User
        fields = ("email", "is_staff")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class EditUserForm(_ChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(DeletedBySuperusers, _StockUserAdmin):
    """Only superusers add and change accounts: whoever may do that could make one of their own."""

    form = EditUserForm
    add_form = NewUserForm
    list_display = ["email", "is_active", "is_staff", "is_superuser", "last_login", "date_joined"]
    list_filter = ["is_staff", "is_superuser", "is_active", "groups", "date_joined"]
    search_fields = ["email"]
    ordering = ["-date_joined"]
    autocomplete_fields = ["family"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["email", "password", "family"]}),
        (
            _("Permissions"),
            {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]},
        ),
        (_("Important dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {
                "classes": ["wide"],
                "fields": ["email", "is_staff", "usable_password", "password1", "password2"],
            },
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not obj.is_staff and obj.family is None:
            obj.family = Family.objects.create()
        super().save_model(request, obj, form, change)


class TokenStateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("valid", _("valid")), ("revoked", _("revoked"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        if self.value() not in {"valid", "revoked"}:
            return queryset
        return queryset.filter(revoked_at__isnull=self.value() == "valid")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    list_display = ["name", "user", "created_at", "last_used_at", "revoked_at"]
    list_filter = [TokenStateFilter, "created_at"]
    search_fields = ["name", "user__email"]
    fields = ["name", "user", "created_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("children.change_apitoken")

    @admin.action(description=_("Revoke the selected tokens"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        revoked = list(queryset.filter(revoked_at=None))
        for token in revoked:
            tokens.revoke(token)
            self.log_change(request, token, "Revoked.")
        count = len(revoked)
        text = ngettext("%d token was revoked.", "%d tokens were revoked.", count) % count
        self.message_user(request, text, messages.SUCCESS)


def _language_name(tag: str) -> str:
    try:
        return str(get_language_info(tag)["name_translated"])
    except KeyError:
        return tag
