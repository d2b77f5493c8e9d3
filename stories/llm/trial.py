"""A model's trial when it is first used: one tiny prose call and one schema call.

A parameter that the host refuses is left out from then on: by its name, or, where the host tells
none, by trying without each. A model that thinks all the same is asked with room for that. What was
found is kept for as long as the process lives, by host, model and version. A host that cannot be
tried just now is asked as all are, and tried again after a minute.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar
from weakref import WeakKeyDictionary

from django.conf import settings
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from stories.safety import structured
from stories.safety.structured import THOUGHTS
from stories.vocabulary.errors import RequestRefused, StoryError, told_to_staff
from stories.workflow.faults import Fault

from .clients import Clients
from .faults import HOST_ERRORS
from .host import Host
from .known import Key, Trial, key_of, lately, remember
from .support import Support, without_refused, without_unnamed

T = TypeVar("T")

# By these words the stand-ins for model hosts know a trial.
_OPENING = "This is a trial of the storyteller."
_PROSE: list[BaseMessage] = [
    SystemMessage(f"{_OPENING} You write for children."),
    HumanMessage("Write one short sentence about a fox who finds a lantern."),
]
_QUESTION: list[BaseMessage] = [
    SystemMessage(f"{_OPENING} You answer in JSON."),
    HumanMessage("Is a fox an animal? Give your answer as JSON."),
]
_SCHEMA = {
    "title": "trial",
    "type": "object",
    "properties": {"is_animal": {"type": "boolean"}},
    "required": ["is_animal"],
    "additionalProperties": False,
}
_MAX_CHANGES = 8
# As many letters as a token has in English, more or less.
_CHARACTERS_PER_TOKEN = 4
_MAX_CHARACTERS = 400
_THOUGHTS_BEGIN = ("<think", "<|channel|>analysis", "analysis")
_NO_TEXT = {False: "it answered with no text", True: "it thought, and answered with no text"}

Make = Callable[[Host, Support], Awaitable[Clients]]
Ask = Callable[[Trial, Clients], Awaitable[Trial]]


_EMBEDDED = Trial(writes=True, schema="honoured")
_Locks = WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Key, asyncio.Lock]]
_locks: _Locks = WeakKeyDictionary()


async def trial_of(host: Host, make: Make) -> Trial:
    """The trial of the host's model, made now if there is none."""
    if host.provider == "embedded":
        return _EMBEDDED
    key = key_of(host)
    async with _locks.setdefault(asyncio.get_running_loop(), {}).setdefault(key, asyncio.Lock()):
        if (found := lately(key)) is None:
            found = await tried(host, make)
            remember(key, found)
    return found


async def tried(host: Host, make: Make) -> Trial:
    """One trial, made now. It is no part of a story, so it is in no trace."""
    from langsmith import tracing_context  # noqa: PLC0415 - slow to import

    with tracing_context(enabled=False):
        return await _tried(host, make)


async def _tried(host: Host, make: Make) -> Trial:
    trial = Trial()
    try:
        trial = await _adapting(trial, host, make, _write)
        if trial.support.thinks and not trial.writes:
            trial = await _adapting(trial, host, make, _write)
        trial = await _adapting(trial, host, make, _answer)
        if trial.schema == "ignored" and trial.support.schema:
            in_prompt = replace(trial, support=replace(trial.support, schema=False))
            again = await _adapting(in_prompt, host, make, _answer)
            trial = again if again.schema != "ignored" else trial
    except (Fault, StoryError) as error:
        return replace(trial, problem=told_to_staff(error) or type(error).__name__)
    return trial


async def _adapting(trial: Trial, host: Host, make: Make, ask: Ask) -> Trial:
    """Ask one question, again without what the host refuses. A refusal that names nothing of ours
    may be about any parameter: a proxy may have lost the name."""
    try:
        return await _without_named(trial, host, make, ask)
    except RequestRefused:
        for support in without_unnamed(trial.support, host.provider):
            with contextlib.suppress(RequestRefused):
                return await _without_named(replace(trial, support=support), host, make, ask)
        raise


async def _without_named(trial: Trial, host: Host, make: Make, ask: Ask) -> Trial:
    """Ask one question, again without each parameter that the host refuses by name."""
    for _ in range(_MAX_CHANGES):
        clients = await make(host, trial.support)
        try:
            with HOST_ERRORS.translated():
                async with asyncio.timeout(settings.MODEL_TIMEOUT_SECONDS):
                    return await ask(trial, clients)
        except StoryError as error:
            support = without_refused(trial.support, told_to_staff(error))
            if support == trial.support:
                raise
            trial = replace(trial, support=support)
    return trial


async def _write(trial: Trial, clients: Clients) -> Trial:
    started = time.monotonic()
    first, text, thinks = 0.0, "", False
    stream = clients.writer.astream(_PROSE)
    async with contextlib.aclosing(stream) as chunks:  # type: ignore[type-var]
        async for chunk in chunks:
            if chunk.text and not text:
                first = time.monotonic() - started
            text += chunk.text
            thinks = thinks or bool(chunk.additional_kwargs.get(THOUGHTS))
            if len(text) > _MAX_CHARACTERS:
                break
    seconds = max(time.monotonic() - started - first, 0.001)
    thinks = thinks or text.lstrip().startswith(_THOUGHTS_BEGIN)
    return replace(
        trial,
        support=replace(trial.support, thinks=thinks),
        writes=bool(text.strip()),
        first_word_seconds=round(first, 2),
        tokens_per_second=round(len(text) / _CHARACTERS_PER_TOKEN / seconds, 1),
        problem="" if text.strip() else _NO_TEXT[thinks],
    )


async def _answer(trial: Trial, clients: Clients) -> Trial:
    found = structured.found_in(await structured.ask(clients.editor, _SCHEMA, _QUESTION))
    if not any(isinstance(one.get("is_animal"), bool) for one in found.whole):
        return replace(trial, schema="ignored")
    return replace(trial, schema="honoured" if trial.support.schema else "in the prompt")
