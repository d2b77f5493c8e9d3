"""The trials of models as rows: kept for staff to read, and for processes that start later.

Beside each trial is what became of the model's judgements: a model that gives none, chapter after
chapter, is taken out of use.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from stories import llm
from stories.models import HOST_LENGTH, ModelTrial

# The trials that this process has stored, by host, model and version.
_noted: dict[llm.Key, llm.Trial] = {}


def note(host: llm.Host, trial: llm.Trial) -> None:
    """Keep what was found out, once."""
    if host.provider == "embedded":
        return
    key = llm.key_of(host)
    is_noted = _noted.get(key) == trial
    if _noted.pop(_of_left_out(host), None) or not is_noted:
        ModelTrial.objects.filter(provider=host.provider, address=host.address, model="").delete()
    if not is_noted:
        _store(
            key,
            trial,
            context_tokens=host.profile.context_tokens,
            languages=list(host.profile.languages),
            elsewhere=host.elsewhere,
        )


def note_left_out(left_out: Sequence[llm.LeftOut]) -> None:
    """Keep why a host is not asked: a row without a model, until a chapter is written there."""
    for one in left_out:
        trial = llm.Trial(problem=str(one.problem))
        if _noted.get(_of_left_out(one)) != trial:
            _store(_of_left_out(one), trial, context_tokens=0)


def _of_left_out(host: llm.Host | llm.LeftOut) -> llm.Key:
    return host.provider, host.address[:HOST_LENGTH], "", ""


def _store(key: llm.Key, trial: llm.Trial, **of_host: Any) -> None:
    provider, address, model, version = key
    of_trial = {
        "tried_at": timezone.now(),
        "writes": trial.writes,
        "schema": trial.schema,
        "left_out": list(trial.support.left_out),
        "support": asdict(trial.support),
        "first_word_seconds": trial.first_word_seconds,
        "tokens_per_second": trial.tokens_per_second,
        "problem": trial.problem,
        **({"unjudged": 0} if trial.is_passed else {}),
    }
    ModelTrial.objects.update_or_create(
        provider=provider,
        address=address,
        model=model,
        version=version,
        defaults=of_trial | of_host,
    )
    _noted[key] = trial


def note_unjudged(host: llm.Host) -> None:
    """Count a chapter that the model could not judge."""
    _rows_of(llm.key_of(host)).update(unjudged=F("unjudged") + 1)


def note_judged(host: llm.Host) -> None:
    _rows_of(llm.key_of(host)).filter(unjudged__gt=0).update(unjudged=0)


def out_of_use(key: llm.Key) -> str:
    """Why the model is out of use, in a sentence for staff; empty where it is not."""
    row = _rows_of(key).filter(unjudged__gte=ModelTrial.MAX_UNJUDGED).first()
    if row is None:
        return ""
    return (
        f"{row.model} is out of use: it gave no judgement of its last {row.unjudged} chapters; "
        "use another model, or run check_storyteller, which tries it out anew"
    )


def with_trials(status: llm.Status) -> llm.Status:
    """The storyteller's status, with what became of its judgements."""
    return replace(status, is_out_of_use=bool(status.keys) and all(map(out_of_use, status.keys)))


def _rows_of(key: llm.Key) -> QuerySet[ModelTrial]:
    provider, address, model, version = key
    return ModelTrial.objects.filter(
        provider=provider, address=address, model=model, version=version
    )


def recall() -> None:
    """Let this process know what others found out."""
    for row in ModelTrial.objects.filter(writes=True).exclude(schema=""):
        key = (row.provider, row.address, row.model, row.version)
        trial = llm.Trial(
            support=llm.Support(**row.support),
            writes=row.writes,
            schema=row.schema,
            first_word_seconds=row.first_word_seconds,
            tokens_per_second=row.tokens_per_second,
            problem=row.problem,
        )
        llm.remember(key, trial)
        _noted[key] = trial
