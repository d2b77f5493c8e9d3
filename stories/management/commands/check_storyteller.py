"""Tries the storyteller out and says how it is: what `make doctor` runs."""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator, Sequence

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from stories import llm
from stories.controls import trials
from stories.infra.addresses import masked


class Command(BaseCommand):
    help = (
        "Ask the model's host what it is, try the model out, and say what works and what does not."
    )

    def handle(self, **_: object) -> None:
        try:
            examined, left_out = asyncio.run(llm.examine())
        except (llm.NoModel, llm.CannotStart) as problem:
            raise CommandError(f"No storyteller: {problem}.") from problem
        for host, trial in examined:
            self._say_all(_lines(host, trial))
            self._keep(host, trial)
        self._say_all(("Left out", str(one.problem)) for one in left_out)
        self._keep_left_out(left_out)
        for host, trial in examined:
            if trial.problem or not trial.writes:
                why = trial.problem or "it said nothing"
                raise CommandError(f"The model at {host.address} does not write: {why}.")

    def _say_all(self, lines: Iterable[tuple[str, str]]) -> None:
        for name, value in lines:
            self._say(name, value)

    def _say(self, name: str, value: str) -> None:
        self.stdout.write(f"{name + ':':<24}{value}")

    def _keep_left_out(self, left_out: Sequence[llm.LeftOut]) -> None:
        with contextlib.suppress(DatabaseError):  # of which `_keep` has told
            trials.note_left_out(left_out)

    def _keep(self, host: llm.Host, trial: llm.Trial) -> None:
        """For staff's page, and for a model that was out of use. The trial is of use without it."""
        try:
            before = trials.out_of_use(llm.key_of(host))
            trials.note(host, trial)
            after = trials.out_of_use(llm.key_of(host))
        except DatabaseError:
            self.stderr.write("Not kept for staff: the database is not up to date.")
            return
        if before:
            self._say("Note", f"{before}.")
            self._say("In use again", "no" if after else "yes, by this trial")


def _lines(host: llm.Host, trial: llm.Trial) -> Iterator[tuple[str, str]]:
    yield "Host", f"{host.provider} at {masked(host.url)}"
    yield "Model", host.profile.name
    yield "Version", host.version or "not told"
    yield "Runs", f"elsewhere, at {host.elsewhere}" if host.elsewhere else "here or in this network"
    yield "Context", f"{host.profile.context_tokens} tokens"
    yield "Languages", ", ".join(host.profile.languages)
    yield "Writes", f"yes ({host.profile.writing})" if trial.writes else "no"
    yield "Thinks all the same", "yes" if trial.support.thinks else "no"
    yield "Answers to schemas", trial.schema or "none"
    yield "Refused by the host", ", ".join(trial.support.left_out) or "nothing"
    if trial.writes and trial.tokens_per_second:
        yield "First word after", f"{trial.first_word_seconds} s"
        yield "Speed", f"about {trial.tokens_per_second:g} tokens a second"
    for note in host.notes:
        yield "Note", note
    for advice in trial.advice:
        yield "To do", advice
