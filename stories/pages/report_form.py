"""The form of a report: a sentence of a chapter, and what is wrong with it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from children.forms import offer
from stories.generations import one_line
from stories.models import Chapter
from stories.moderation import MAX_REMARK_CHARACTERS, reportable
from stories.safety.prose import sentences_of


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
