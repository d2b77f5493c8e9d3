"""Forms of parents: the family's settings, a child's profile, a name for a connected app."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from .models import (
    OLDEST_CHILD_YEARS,
    PRONOUNS,
    Child,
    Family,
    Preview,
    Strictness,
)
from .profiles import ReadingLevel

# Generic for the type checker only: at run time Django's class takes no parameter.
if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Child]
    _FamilyModelForm = forms.ModelForm[Family]
else:
    _ModelForm = _FamilyModelForm = forms.ModelForm

# Separators that people type between the entries of a list, in the scripts of the interface.
_SEPARATORS = str.maketrans(dict.fromkeys(",;،、\r", "\n"))

LEVEL_HINTS = {
    ReadingLevel.BEGINNER: _("Beginner: short sentences, everyday words"),
    ReadingLevel.INTERMEDIATE: _("Intermediate: longer sentences, some new words"),
    ReadingLevel.ADVANCED: _("Advanced: rich language, for keen readers"),
}

STRICTNESS_HINTS = {
    Strictness.USUAL: _("As usual for this age"),
    Strictness.GENTLE: _("Gentler, as for a younger child"),
}

PREVIEW_HINTS = {
    Preview.NEVER: _("Nothing: a story is read while it is written"),
    Preview.FIRST: _("The first chapter of each story"),
    Preview.ALWAYS: _("Every chapter"),
}


def language_choices(known: Sequence[str] = ()) -> list[tuple[str, str]]:
    """The languages stories are offered in, each in its own name.

    A tag in `known` that names a region ("en-GB") stands for its language, so that it is kept.
    """
    own = {tag.split("-")[0].lower(): tag for tag in reversed(known)}
    return [
        (own.get(code, code), get_language_info(code)["name_local"].capitalize())
        for code, _name in settings.LANGUAGES
    ]


def offer(form: forms.BaseForm, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
    """Say what can be chosen in a field, where only this form knows."""
    cast("forms.ChoiceField", form.fields[name]).choices = choices


class ListField(forms.Field):
    """A short list that people type with commas or on lines; its value is a list of strings.

    The model's own rules say how many entries there may be, and how long.
    """

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = str(value or "").translate(_SEPARATORS).split("\n")
        items = (" ".join(line.split()) for line in lines)
        return list({item.casefold(): item for item in items if item}.values())


class ChildForm(_ModelForm):
    """A child's profile; creating and changing one go through the same checks."""

    birth_year = forms.TypedChoiceField(
        label=_("Year of birth"),
        coerce=int,
        error_messages={
            "required": _("Please choose the year of birth."),
            "invalid_choice": _("Please choose a year from the list."),
        },
    )
    birth_month = forms.TypedChoiceField(
        label=_("Month of birth"),
        coerce=int,
        choices=[("", "—"), *MONTHS.items()],
        error_messages={
            "required": _("Please choose the month of birth."),
            "invalid_choice": _("Please choose a month from the list."),
        },
    )
    pronoun = forms.ChoiceField(
        label=_("A story says"),
        widget=forms.RadioSelect,
        choices=PRONOUNS,
        required=False,
        error_messages={"invalid_choice": _("Please choose a word from the list.")},
    )
    language = forms.ChoiceField(
        label=_("Story language"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose the language of the stories."),
            "invalid_choice": _("Stories are not offered in that language."),
        },
    )
    more_languages = forms.MultipleChoiceField(
        label=_("Also reads"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": _("Stories are not offered in that language.")},
    )
    reading_level = forms.ChoiceField(
        label=_("Reading level"),
        widget=forms.RadioSelect,
        choices=list(LEVEL_HINTS.items()),
        initial=ReadingLevel.BEGINNER,
        error_messages={
            "required": _("Please choose a reading level."),
            "invalid_choice": _("Please choose a reading level from the list."),
        },
    )
    strictness = forms.ChoiceField(
        label=_("What may happen in a story"),
        widget=forms.RadioSelect,
        choices=list(STRICTNESS_HINTS.items()),
        initial=Strictness.USUAL,
        help_text=_(
            "The language stays as it is. Up to the age of five, stories are as gentle as they "
            "can be already."
        ),
        error_messages={
            "required": _("Please choose what may happen in a story."),
            "invalid_choice": _("Please choose what may happen in a story."),
        },
    )
    interests = ListField(
        label=_("Likes"),
        required=False,
        help_text=_("Separate with commas: foxes, football, anything about the sea"),
    )
    avoid = ListField(
        label=_("Keep out of stories"),
        required=False,
        help_text=_("What should never come up: spiders, thunder, getting lost"),
    )

    class Meta:
        model = Child
        fields = (
            "name",
            "pronoun",
            "birth_year",
            "birth_month",
            "reading_level",
            "strictness",
            "interests",
            "avoid",
            "is_dyslexia_friendly",
        )
        error_messages: ClassVar = {"name": {"required": _("Please tell us the child's name.")}}

    field_order = (
        "name",
        "pronoun",
        "birth_month",
        "birth_year",
        "language",
        "more_languages",
        "reading_level",
        "strictness",
        "interests",
        "avoid",
        "is_dyslexia_friendly",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "birth_year", [("", "—"), *((year, str(year)) for year in _birth_years())])
        languages = language_choices(self.instance.languages)
        offer(self, "language", languages)
        offer(self, "more_languages", languages)
        if self.instance.languages:
            self.initial["language"], *self.initial["more_languages"] = self.instance.languages
        else:
            self.initial.setdefault("language", settings.LANGUAGE_CODE)

    def _post_clean(self) -> None:
        cleaned = self.cleaned_data
        if "language" in cleaned and "more_languages" in cleaned:
            self.instance.languages = list(
                dict.fromkeys([cleaned["language"], *cleaned["more_languages"]])
            )
        super()._post_clean()  # type: ignore[misc]


class FamilyForm(_FamilyModelForm):
    """Settings that hold for all children of a family."""

    preview = forms.ChoiceField(
        label=_("What do you look at before a child reads it?"),
        widget=forms.RadioSelect,
        choices=list(PREVIEW_HINTS.items()),
        help_text=_(
            "A chapter then waits on the bookshelf until you have read it. This holds for what is "
            "begun from now on; every chapter is checked in any case."
        ),
        error_messages={
            "required": _("Please choose what you look at first."),
            "invalid_choice": _("Please choose what you look at first."),
        },
    )

    class Meta:
        model = Family
        fields = ("preview",)


class TokenForm(forms.Form):
    """The name of a connected app, so that a parent knows it again."""

    name = forms.CharField(
        label=_("Name of the app or device"),
        max_length=60,
        widget=forms.TextInput(attrs={"placeholder": _("Bedroom tablet"), "autocomplete": "off"}),
    )


def _birth_years() -> range:
    this_year = timezone.localdate().year
    return range(this_year, this_year - OLDEST_CHILD_YEARS - 2, -1)
