"""The writers of a run: the host and the model of each attempt, as its row keeps them."""

from collections.abc import Sequence
from typing import TypedDict

from stories.models import HOST_LENGTH
from stories.workflow.resources import Writing


class Writer(TypedDict):
    """One attempt's. `writing` is how its model writes (`ModelProfile`); `has_failed` says that the
    run was taken on by another host for this one's fault. Without a model, it was not reached;
    without a host, it wrote the text that the run was begun with."""

    host: str
    provider: str
    model: str
    writing: Writing | None
    has_failed: bool


def failed_hosts(writers: Sequence[Writer]) -> set[str]:
    return {writer["host"] for writer in writers if writer["has_failed"]}


def last_writing(writers: Sequence[Writer]) -> Writing | None:
    """The way of writing of the last model to begin; None if there is none, or no note of it."""
    return next((writer["writing"] for writer in reversed(writers) if writer["writing"]), None)


def with_failed(writers: Sequence[Writer], host: str) -> list[Writer]:
    """The writers with this host's failure: marked at the last one, or added."""
    last = writers[-1] if writers else None
    if last is None or last["host"] != stored(host) or last["has_failed"]:
        unreached = Writer(host=stored(host), provider="", model="", writing=None, has_failed=True)
        return [*writers, unreached]
    failed: Writer = {**last, "has_failed": True}
    return [*writers[:-1], failed]


def stored(host: str) -> str:
    return host[:HOST_LENGTH]
