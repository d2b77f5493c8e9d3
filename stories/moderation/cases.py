"""Cases for the moderators: opened as text is held back or reported, then claimed and released."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from children.models import User
from stories.generations.inputs import InvalidRequest, clean_line, one_line
from stories.models import Case, Chapter, Generation, Ruling, SafetyFinding
from stories.safety.prose import sentences_of
from stories.vocabulary.brief import AgeBand
from stories.workflow.steps import ChapterDraft, HeldBack

MAX_SENTENCE_CHARACTERS = 1000
MAX_REMARK_CHARACTERS = 300
MAX_REPORTS = 20
_BEFORE_CHARACTERS = 240
_MAX_SHOWN_CHARACTERS = 400

# A reported sentence was read by a child. Of unread text, a hard hit is the gravest. A judged
# chapter was seen before it was judged. A soft hit is mostly a word.
_RISKS = {
    Case.Source.REPORT: 80,
    Case.Source.HARD: 70,
    Case.Source.JUDGED: 60,
    Case.Source.STAFF: 50,
    Case.Source.SOFT: 30,
}
_RISK_OF_SCORE = 10
_RISK_OF_YOUTH = 10


class CannotRule(Exception):
    """This cannot be done with a case as it is; the message says why, to staff."""


@dataclass(frozen=True)
class ShownText:
    """Text seen by a run's readers, in stand-in form, and its version of the chapter."""

    version: int = 0
    text: str = ""


def risk_of(source: str, band: AgeBand, score: float = 0.0) -> int:
    """From 1 to 100: how a case was found, how sure the check was, and how young the child is."""
    youth = _RISK_OF_YOUTH if band is AgeBand.YOUNG else 0
    return _RISKS[Case.Source(source)] + round(_RISK_OF_SCORE * score) + youth


@transaction.atomic
def open_for_held_back(
    generation: Generation, held: HeldBack, band: AgeBand, shown: ShownText
) -> SafetyFinding:
    """Keep held-back text with its position and reason, and ask the moderators about it."""
    verdict, is_prose = held.verdict, held.field == SafetyFinding.Field.PROSE
    is_judged = held.field == SafetyFinding.Field.CHAPTER
    # A chapter is shown as it is written, and judged when it is whole.
    seen = held.text if is_judged else held.seen
    before = shown.text + held.ahead
    finding = SafetyFinding.objects.create(
        generation=generation,
        attempt=held.attempt,
        field=held.field,
        text=held.text,
        replacement=held.replacement,
        seen_length=len(seen),
        version=shown.version,
        offset=len(before.rstrip("\n")) if is_prose else None,
        before=before[-_BEFORE_CHARACTERS:] if is_prose else "",
        layer=verdict.layer,
        layers=list(verdict.layers),
        rule=verdict.rule,
        category=verdict.category,
        severity=verdict.severity,
        score=verdict.score,
        threshold=verdict.threshold,
    )
    source = Case.Source.JUDGED if is_judged else Case.Source(verdict.severity.value)
    Case.objects.create(
        source=source,
        risk=risk_of(source, band, verdict.score),
        generation=generation,
        finding=finding,
    )
    return finding


def note_what_was_shown(generation: Generation, shown: ShownText) -> None:
    """Keep with each sentence held back in this version the text shown instead, and with the
    version before, if it was judged unfit, this one."""
    unanswered = SafetyFinding.objects.filter(generation=generation, replacement="")
    judged = unanswered.filter(field=SafetyFinding.Field.CHAPTER, version=shown.version - 1)
    judged.update(replacement=shown.text)
    told = []
    for finding in unanswered.filter(version=shown.version, offset__isnull=False):
        if finding.has_position_in(shown.text):
            rest = shown.text[finding.offset or 0 :]
            finding.replacement = _first_sentence(rest, generation.brief["language"])
            told.append(finding)
    SafetyFinding.objects.bulk_update(told, ["replacement"])


def _first_sentence(text: str, language: str) -> str:
    """The first whole sentence; unended text and lone marks are none."""
    sentences = (sentence.strip() for sentence in sentences_of(text, language))
    return next(
        (s for s in sentences if any(map(str.isalnum, s))), text.strip()[:_MAX_SHOWN_CHARACTERS]
    )


def note_what_stands(generation: Generation, draft: ChapterDraft) -> None:
    """Keep with each held-back note of the chapter the text used instead."""
    field = SafetyFinding.Field
    notes = {
        field.TITLE: draft.title,
        field.QUESTION: draft.question,
        field.CHOICE: "\n".join(f"{choice.text}. {choice.description}" for choice in draft.choices),
        field.VOCABULARY: "\n".join(f"{word.word}: {word.meaning}" for word in draft.vocabulary),
        field.SUMMARY: draft.summary,
        field.LEARNING: "\n".join(draft.educational_elements),
        field.MEMORY: "\n".join(draft.memory.lines),
    }
    findings = SafetyFinding.objects.filter(generation=generation, field__in=notes)
    told = list(findings)
    for finding in told:
        finding.replacement = notes[field(finding.field)]
    SafetyFinding.objects.bulk_update(told, ["replacement"])


@transaction.atomic
def open_report(reporter: User, chapter: Chapter, sentence: str, remark: str = "") -> Case:
    """A parent's complaint about a sentence of a chapter that `access` has let them see.

    The same complaint made twice is one case, for as long as it is not decided. Raises
    InvalidRequest where it is not a whole sentence of the chapter or is too long, and where this
    parent has MAX_REPORTS of the chapter waiting: nobody can fill the desk.
    """
    sentence = clean_line("sentence", sentence, MAX_SENTENCE_CHARACTERS, is_required=True)
    remark = clean_line("remark", remark, MAX_REMARK_CHARACTERS)
    _check_is_whole(sentence, chapter)
    generation = Generation.objects.select_for_update().get(chapter=chapter)
    own = {"generation": generation, "reported_by": reporter, "source": Case.Source.REPORT}
    waiting = Case.objects.filter(**own, decided_at=None)
    if found := waiting.filter(text=sentence).first():
        if remark and not found.remark:
            found.remark = remark
            found.save(update_fields=["remark"])
        return found
    if waiting.count() >= MAX_REPORTS:
        raise InvalidRequest(
            "sentence", f"sentence: {MAX_REPORTS} reports of this chapter are waiting already."
        )
    risk = risk_of(Case.Source.REPORT, _band(generation))
    return Case.objects.create(**own, text=sentence, risk=risk, remark=remark)


def reportable(text: str) -> str:
    """A piece of `sentences_of`, as it is reported."""
    return one_line(text)[:MAX_SENTENCE_CHARACTERS]


def _check_is_whole(sentence: str, chapter: Chapter) -> None:
    """Raises InvalidRequest for anything but one of the chapter's sentences, and names the one
    that it is a part of: where sentences end is not always plain."""
    whole = [reportable(text) for text in sentences_of(chapter.text, chapter.story.language)]
    if sentence in whole:
        return
    around = next((text for text in whole if sentence in text), "")
    hint = f" This is a part of: {around}" if around else ""
    raise InvalidRequest(
        "sentence",
        f"sentence: allowed is one whole sentence of this chapter, as its text has it.{hint}",
    )


def reports_of(family_id: uuid.UUID | None) -> QuerySet[Case]:
    """Reports by the members of a family, the oldest first."""
    return Case.objects.filter(
        source=Case.Source.REPORT, reported_by__family=family_id, reported_by__isnull=False
    ).order_by("opened_at")


@transaction.atomic
def open_by_staff(generation: Generation, by: User) -> Case:
    """A case that a moderator opens on a chapter, claimed by them from the beginning."""
    case = Case.objects.create(
        source=Case.Source.STAFF,
        risk=risk_of(Case.Source.STAFF, _band(generation)),
        generation=generation,
        claimed_by=by,
        claimed_at=timezone.now(),
    )
    record(by, Ruling(action=Ruling.Action.CLAIM, case=case))
    return case


@transaction.atomic
def claim(case_id: uuid.UUID, by: User) -> None:
    """Take a case, so that nobody else does the same work. Raises CannotRule."""
    free = Case.objects.filter(pk=case_id, claimed_by=None, decided_at=None)
    if not free.update(claimed_by=by, claimed_at=timezone.now()):
        raise CannotRule(_("Somebody else has this case, or it is decided."))
    record(by, Ruling(action=Ruling.Action.CLAIM, case_id=case_id))


@transaction.atomic
def unclaim(case_id: uuid.UUID, by: User) -> None:
    """Give a case back; a superuser gives back anybody's. Raises CannotRule."""
    held = Case.objects.filter(pk=case_id, claimed_by__isnull=False, decided_at=None)
    own = held if by.is_superuser else held.filter(claimed_by=by)
    if not own.update(claimed_by=None, claimed_at=None):
        raise CannotRule(_("This case is not yours to give back."))
    record(by, Ruling(action=Ruling.Action.RELEASE, case_id=case_id))


def record(by: User, ruling: Ruling) -> None:
    """Write a line of the log, never edited afterwards; in the transaction of its action."""
    ruling.subject = ruling.subject or "case"
    ruling.by, ruling.by_name = by, by.email
    ruling.save(force_insert=True)


def _band(generation: Generation) -> AgeBand:
    return AgeBand.for_age(int(generation.brief["age"]))
