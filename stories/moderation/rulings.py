"""Rulings of staff: about a case, a switch, a threshold. Each in one transaction with its line in
the log that nobody can edit."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from children.models import User
from stories.controls import switches
from stories.generations import Caller
from stories.generations.continuing import begin_again
from stories.infra.notify import Topic, notify
from stories.models import Case, Clearance, Ruling, Switch, Threshold
from stories.vocabulary.brief import AgeBand, Concern

from .cases import CannotRule, record
from .withdrawal import restore, taken_away, withdraw


@transaction.atomic
def approve(case_id: uuid.UUID, by: User, reason: str, note: str = "") -> None:
    """Let the family's text stay as it is. A chapter that was withdrawn meanwhile is given back,
    unless it is taken away for another case, too. Raises CannotRule, as all here do."""
    case = _held(case_id, by)
    _need_reason(reason, Clearance)
    others = taken_away().filter(generation=case.generation_id).exclude(pk=case.pk)
    if not others.exists():
        restore(case.generation)
    _close(case, Case.Outcome.APPROVED)
    record(by, Ruling(action=Ruling.Action.APPROVE, case=case, reason=reason, note=note))


@transaction.atomic
def reject(case_id: uuid.UUID, by: User, reason: str, note: str = "") -> None:
    """The text may not be read, and nothing replaces it until the family goes on."""
    case = _held(case_id, by)
    _need_reason(reason)
    withdraw(case.generation)
    _close(case, Case.Outcome.REJECTED)
    record(by, Ruling(action=Ruling.Action.REJECT, case=case, reason=reason, note=note))


@transaction.atomic
def withdraw_for(case_id: uuid.UUID, by: User, reason: str, note: str = "") -> None:
    """Take the text away from its readers now, and decide later: the case stays open."""
    case = _held(case_id, by)
    _need_reason(reason)
    withdraw(case.generation)
    record(by, Ruling(action=Ruling.Action.WITHDRAW, case=case, reason=reason, note=note))


@transaction.atomic
def send_back(case_id: uuid.UUID, caller: Caller, reason: str, note: str = "") -> None:
    """Have the chapter written anew in its place; the family is shown the new one as it comes.

    The storyteller is told the kind of reason, and never the note. Raises ModelMissing and NotNow
    where nothing can be written now, and then nothing is changed.
    """
    case = _held(case_id, caller.user)
    _need_reason(reason)
    if case.generation.chapter_id is None or case.generation.is_hidden:
        raise CannotRule(_("There is no finished chapter to send back."))
    withdraw(case.generation)
    action = Ruling.Action.SEND_BACK
    record(caller.user, Ruling(action=action, case=case, reason=reason, note=note))
    if not begin_again(case.generation, caller):
        raise CannotRule(_("Its place in the story is taken, or is gone: nothing to rewrite."))
    _close(case, Case.Outcome.SENT_BACK)


@transaction.atomic
def turn_off(name: str, by: User, note: str) -> None:
    """Turn a feature or a model off for everyone, and stop the runs in need of it."""
    _need_note(note)
    if not switches.is_switch(name):
        raise CannotRule(_("There is no such switch."))
    if switches.is_off(name):
        return
    Switch.objects.create(name=name)
    record(by, Ruling(action=Ruling.Action.TURN_OFF, subject=f"switch:{name}", note=note))
    runs = switches.runs_under(name)
    stopped = list(runs.values_list("pk", flat=True))
    runs.filter(stop_requested_at=None).update(stop_requested_at=timezone.now())
    notify(Topic.STOP, stopped)


@transaction.atomic
def turn_on(name: str, by: User, note: str) -> None:
    _need_note(note)
    found = Switch.objects.filter(name=name)
    if found.exists():
        found.delete()
        record(by, Ruling(action=Ruling.Action.TURN_ON, subject=f"switch:{name}", note=note))
        notify(Topic.WORK)


@transaction.atomic
def set_threshold(band: AgeBand, value: float, by: User, note: str) -> None:
    """From the next check on, in every process, within the seconds that a run takes to look."""
    _need_note(note)
    if not 0 < value < 1:
        raise CannotRule(_("A threshold is between 0 and 1."))
    before = Threshold.objects.filter(band=band).first()
    Threshold.objects.update_or_create(
        band=band, defaults={"value": value, "set_at": timezone.now()}
    )
    was = f"{before.value:.2f}" if before else "-"
    change = f"{was} → {value:.2f}. {note}"
    record(by, Ruling(action=Ruling.Action.SET, subject=f"threshold:{band}", note=change[:500]))


def _held(case_id: uuid.UUID, by: User) -> Case:
    """The case, locked; only who has claimed it decides it, and only once."""
    case = Case.objects.select_for_update().get(pk=case_id)
    if not case.is_open:
        raise CannotRule(_("This case is decided already."))
    if case.claimed_by_id != by.pk:
        raise CannotRule(_("Claim this case before you decide it."))
    return case


def _need_reason(reason: str, kind: type[Concern | Clearance] = Concern) -> None:
    if not reason:
        raise CannotRule(_("Please give a reason."))
    if reason not in set(kind):
        raise CannotRule(_("That reason does not go with this decision."))


def _need_note(note: str) -> None:
    if not note.strip():
        raise CannotRule(_("Please say why."))


def _close(case: Case, outcome: Case.Outcome) -> None:
    case.outcome = outcome
    case.decided_at = timezone.now()
    case.save(update_fields=["outcome", "decided_at"])
