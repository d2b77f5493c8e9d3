"""Sentences that parents and children read where no chapter comes: one for each code, translated.

The keys are those of stream errors (`StoryError.message_key`), and the codes by which the API puts
a request off.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from stories.vocabulary.errors import StoryError
from stories.vocabulary.events import Failed
from stories.vocabulary.languages import primary_language

QUEUE_FULL = "QUEUE_FULL"
TOO_MANY = "TOO_MANY"

MESSAGES: dict[str, str | Promise] = {
    "SAFETY_REJECTED": _(
        "This was not turning out right for a children's story, so we stopped it here. "
        "Let's try another idea."
    ),
    "CHECK_FAILED": _(
        "The storyteller could not check its story, so we put it away. Please try again."
    ),
    "MODEL_UNAVAILABLE": _(
        "The storyteller cannot be reached right now. Please try again in a moment."
    ),
    "MODEL_REFUSED": _(
        "The storyteller is not set up as it should be. "
        "Please tell the person who runs this Storyteller."
    ),
    "MODEL_TIMEOUT": _("The storyteller took too long to answer. Please try again."),
    "EMPTY_CONTENT": _("The storyteller had no words this time. Please try again."),
    "CONTEXT_TOO_LONG": _(
        "This story has grown longer than the storyteller can remember. Let's begin a new one."
    ),
    "CANCELLED": _("The story was stopped. What was written so far is kept."),
    "INTERRUPTED": _(
        "The story was interrupted before it was finished. What was written so far is kept."
    ),
    "WORKFLOW_ERROR": _("The storyteller ran into a problem. Please try again."),
    "TOO_SHORT": _("The storyteller stopped much too early this time. Please try again."),
    "DECLINED": _("The storyteller would rather not tell this story. Let's try another idea."),
    "withdrawn": _(
        "This part of the story was taken back by the people who look after the stories. "
        "Let's go on another way."
    ),
    QUEUE_FULL: _("So many stories are being written just now. Please try again in a moment."),
    TOO_MANY: _(
        "Your family has asked for many chapters in a short time. Please try again in a while."
    ),
}


def message_of(key: str) -> str:
    """The sentence in the language that is active."""
    return str(MESSAGES[key])


def failed_event(error: StoryError, language: str) -> Failed:
    """The terminal event of a run that ended with `error`, in its story's language (BCP 47).

    Not in the reader's: every reader is sent the same bytes.
    """
    with override(primary_language(language)):
        message = message_of(error.message_key)
    return Failed(message=message, code=error.code, retryable=error.retryable)
