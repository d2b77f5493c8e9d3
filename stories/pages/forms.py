"""Forms of a new story and of a report."""

import json
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from children.forms import offer
from children.models import Child
from stories import themes
from stories.generations import (
    CHAPTER_CHOICES,
    DEFAULT_CHAPTERS,
    NewStory,
    NotNow,
    one_line,
)
from stories.messages import message_of
from stories.models import TITLE_LENGTH, Chapter, Story
from stories.moderation import MAX_REMARK_CHARACTERS, reportable
from stories.presentation import language_name
from stories.safety.prose import sentences_of
from stories.vocabulary.languages import primary_language

WISH_LENGTH = 200
_LATEST_TILES = 5


class NewStoryForm(forms.Form):
    """A picture, a wish, or both, or a `surprise`; `key` is this form's, see `request_key`."""

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
    surprise = forms.BooleanField(required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, child: Child, languages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.child = child
        offer(self, "total_chapters", [(count, _length(count)) for count in CHAPTER_CHOICES])
        offer(self, "language", [(code, language_name(code)) for code in languages])
        self.initial["language"] = languages[0]

    def clean_wish(self) -> str:
        wish = str(self.cleaned_data["wish"])
        if wish and not any(character.isalnum() for character in wish):
            raise ValidationError(_("Please use words: the storyteller reads nothing else."))
        return wish

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        if self.cleaned_data["surprise"]:
            self.cleaned_data |= {"theme": self._surprise(), "wish": ""}
        if self.cleaned_data["theme"] or self.cleaned_data["wish"]:
            return
        self.add_error("theme", _("Pick a picture, or write what the story should be about."))

    def _surprise(self) -> str:
        """A picture that the child's latest stories did not begin with; the same for a form that is
        sent twice."""
        latest = Story.objects.filter(child=self.child).exclude(tile="").order_by("-created_at")
        lately = {*latest.values_list("tile", flat=True)[:_LATEST_TILES]}
        fresh = [theme.key for theme in themes.THEMES if theme.key not in lately]
        key: uuid.UUID = self.cleaned_data["key"]
        return fresh[key.int % len(fresh)]

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
        )

    def request_key(self) -> str:
        """The same for a form that is sent twice, and another where it was changed in between: who
        goes back and picks another picture wants that one, too."""
        wanted = (self.cleaned_data[name] for name in sorted(self.cleaned_data.keys() - {"key"}))
        return str(uuid.uuid5(self.cleaned_data["key"], json.dumps(list(wanted))))

    def put_off(self, reason: NotNow) -> None:
        """Say that it cannot begin just now. All that was chosen stays in the form."""
        self.add_error(None, message_of(reason.code))

    def refuse(self, field: str, answer: str) -> None:
        """Refuse typed text, with the reason, at its field."""
        name = "title" if field == "title" else "wish"
        self.add_error(name, answer)
        self.fields[name].widget.attrs["autofocus"] = True


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence that can be picked, and its index in the chapter."""

    index: int
    text: str
    begins_paragraph: bool
    is_picked: bool
    is_reported: bool


class ReportForm(forms.Form):
    """A sentence of a chapter, picked by its index, and what is wrong with it."""

    sentence = forms.TypedChoiceField(
        coerce=int,
        error_messages={
            "required": _("Please pick the sentence."),
            "invalid_choice": _("Please pick a sentence of this chapter."),
        },
    )
    remark = forms.CharField(
        label=_("What is wrong with it?"),
        required=False,
        max_length=MAX_REMARK_CHARACTERS,
        help_text=_("A few words are enough."),
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    def __init__(
        self, *args: Any, chapter: Chapter, reported: Collection[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._sentences = sentences_of(chapter.text, chapter.story.language)
        self._reported = reported
        offer(self, "sentence", list(enumerate(self._sentences)))

    def clean_remark(self) -> str:
        return one_line(self.cleaned_data["remark"])[:MAX_REMARK_CHARACTERS]

    @property
    def picked(self) -> str:
        return reportable(self._sentences[self.cleaned_data["sentence"]])

    def put_off(self) -> None:
        """Say that enough is reported of this chapter: picked sentences are refused for nothing
        else."""
        self.add_error(
            None,
            _("You have reported a lot of this chapter already. Somebody will look at all of it."),
        )

    @property
    def paragraphs(self) -> list[list[Line]]:
        paragraphs: list[list[Line]] = []
        for line in self._lines():
            if line.begins_paragraph or not paragraphs:
                paragraphs.append([])
            paragraphs[-1].append(line)
        return paragraphs

    def _lines(self) -> Iterator[Line]:
        picked = str(self["sentence"].value())
        for index, text in enumerate(self._sentences):
            yield Line(
                index=index,
                text=text.strip(),
                begins_paragraph=text.startswith("\n\n"),
                is_picked=str(index) == picked,
                is_reported=reportable(text) in self._reported,
            )


def languages_for(child: Child, spoken: Sequence[str]) -> list[str]:
    """The child's languages among the storyteller's; if there are none, all of the
    storyteller's."""
    own = [code for code in child.languages if primary_language(code) in spoken]
    return own or list(spoken)


def _length(chapters: int) -> str:
    return ngettext("%(count)d chapter", "%(count)d chapters", chapters) % {"count": chapters}
