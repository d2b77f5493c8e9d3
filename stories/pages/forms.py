"""The form of a new story."""

import json
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from children.forms import offer
from children.models import Child
from stories import access, themes
from stories.generations import (
    CHAPTER_CHOICES,
    DEFAULT_CHAPTERS,
    MAX_COMPANIONS,
    Cast,
    NewStory,
    NotNow,
    companion_missing,
    friend_missing,
    too_many_companions,
)
from stories.messages import message_of
from stories.models import TITLE_LENGTH, TONES, KeptFriend, Story
from stories.plotting.decks import deck_of
from stories.plotting.draw import tiles_of
from stories.presentation import language_name
from stories.vocabulary.brief import AgeBand
from stories.vocabulary.languages import primary_language
from stories.vocabulary.tones import Tone

WISH_LENGTH = 200
_LATEST_TILES = 5
# Refused texts are marked at their fields; what was wished for is one of two parts of a theme.
_REFUSED_AT = ("title", "companions", "friend")


class NewStoryForm(forms.Form):
    """A picture, a wish, or both, or a `surprise`; who goes along, and in what tone. `key` is this
    form's, see `request_key`."""

    theme = forms.ChoiceField(
        label=_("Pick a picture"),
        required=False,
        widget=forms.RadioSelect,
        choices=[(theme.key, theme.title) for theme in themes.THEMES],
    )
    wish = forms.CharField(
        label=_("Or wish for something"),
        required=False,
        max_length=WISH_LENGTH,
        help_text=_("On its own, or together with a picture."),
        widget=forms.TextInput(
            attrs={"placeholder": _("A cat who can fly"), "autocomplete": "off"}
        ),
    )
    total_chapters = forms.TypedChoiceField(
        label=_("How long?"),
        coerce=int,
        widget=forms.RadioSelect,
        initial=DEFAULT_CHAPTERS,
    )
    language = forms.ChoiceField(label=_("In which language?"), widget=forms.RadioSelect)
    title = forms.CharField(
        label=_("A title, if you have one"),
        required=False,
        max_length=TITLE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    companions = forms.MultipleChoiceField(
        label=_("Who comes along?"), required=False, widget=forms.CheckboxSelectMultiple
    )
    friend = forms.ChoiceField(
        label=_("A friend from an earlier story"), required=False, widget=forms.RadioSelect
    )
    tone = forms.ChoiceField(
        label=_("It should be"),
        required=False,
        widget=forms.RadioSelect,
        choices=[(tone or "", label) for tone, label in TONES],
        initial="",
    )
    surprise = forms.BooleanField(required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, child: Child, languages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.child = child
        offer(self, "total_chapters", [(count, _length(count)) for count in CHAPTER_CHOICES])
        offer(self, "language", [(code, language_name(code)) for code in languages])
        self.initial["language"] = languages[0]
        self._siblings = {str(each.pk): each for each in access.siblings_of(child)}
        self._friends = {str(each.pk): each for each in access.kept_friends_of(child)}
        offer(self, "companions", [(key, each.name) for key, each in self._siblings.items()])
        self.fields["companions"].error_messages["invalid_choice"] = companion_missing()
        kept = [(key, _full_name(friend)) for key, friend in self._friends.items()]
        offer(self, "friend", [("", _("somebody new")), *kept])
        self.fields["friend"].error_messages["invalid_choice"] = friend_missing()

    @property
    def kept_friends(self) -> list[KeptFriend]:
        return [*self._friends.values()]

    @property
    def has_cast(self) -> bool:
        """True where there is somebody to choose."""
        return bool(self._siblings or self._friends)

    def clean_wish(self) -> str:
        wish = str(self.cleaned_data["wish"])
        if wish and not any(character.isalnum() for character in wish):
            raise ValidationError(_("Please use words: the storyteller reads nothing else."))
        return wish

    def clean_companions(self) -> list[str]:
        companions = sorted({*self.cleaned_data["companions"]})
        if len(companions) > MAX_COMPANIONS:
            raise ValidationError(too_many_companions())
        return companions

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        sent = sorted(self.cleaned_data.keys() - {"key"})
        # Before a surprise, which is another one once there is a story of it.
        self._sent = json.dumps([self.cleaned_data[name] for name in sent])
        if self.cleaned_data["surprise"]:
            self.cleaned_data |= {"theme": self._surprise(), "wish": ""}
        if self.cleaned_data["theme"] or self.cleaned_data["wish"]:
            return
        self.add_error("theme", _("Pick a picture, or write what the story should be about."))

    def _surprise(self) -> str:
        """A picture that the child's latest stories did not begin with, and that has a plot of the
        tone; without such a one, a picture with such a plot."""
        latest = Story.objects.filter(child=self.child).exclude(tile="").order_by("-created_at")
        lately = {*latest.values_list("tile", flat=True)[:_LATEST_TILES]}
        deck = deck_of(self.cleaned_data["language"], AgeBand.for_age(self.child.age))
        of_tone = tiles_of(deck, Tone(self.cleaned_data["tone"]))
        fresh = [theme.key for theme in themes.THEMES if theme.key not in lately]
        fitting = [theme.key for theme in themes.THEMES if theme.key in of_tone]
        ways = [key for key in fresh if key in fitting] or fitting or fresh
        key: uuid.UUID = self.cleaned_data["key"]
        return ways[key.int % len(ways)]

    def new_story(self) -> NewStory:
        data = self.cleaned_data
        theme = themes.find(data["theme"])
        idea = theme.idea_in(data["language"]) if theme else ""
        return NewStory(
            child=self.child,
            theme=themes.SEPARATOR.join(part for part in (idea, data["wish"]) if part),
            tile=data["theme"],
            title=data["title"],
            language=data["language"],
            total_chapters=data["total_chapters"],
            cast=Cast(
                companions=tuple(self._siblings[key] for key in data["companions"]),
                friend=self._friends.get(data["friend"]),
            ),
            tone=Tone(data["tone"]),
        )

    def request_key(self) -> str:
        """The same for a form that is sent twice, and another where it was changed in between: who
        goes back and picks another picture wants that one, too."""
        return str(uuid.uuid5(self.cleaned_data["key"], self._sent))

    def put_off(self, reason: NotNow) -> None:
        """Say that it cannot begin just now. All that was chosen stays in the form."""
        self.add_error(None, message_of(reason.code))

    def refuse(self, field: str, answer: str) -> None:
        """Refuse what was typed or chosen, with the reason, at its field."""
        name = field if field in _REFUSED_AT else "wish"
        self.add_error(name, answer)
        if isinstance(widget := self.fields[name].widget, forms.TextInput):
            widget.attrs["autofocus"] = True


def _full_name(friend: KeptFriend) -> SafeString:
    return format_html('<bdi lang="{}">{}</bdi>', friend.language, friend.full_name)


def languages_for(child: Child, spoken: Sequence[str]) -> list[str]:
    """The child's languages among the storyteller's; if there are none, all of the
    storyteller's."""
    own = [code for code in child.languages if primary_language(code) in spoken]
    return own or list(spoken)


def _length(chapters: int) -> str:
    return ngettext("%(count)d chapter", "%(count)d chapters", chapters) % {"count": chapters}
