"""Streams of the API: stories begun, followed, chosen on and stopped by a family's client."""

from typing import Any

from children.models import Child
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer
from tests.clients import Client, Frame, frames_of

THEME = "a fox who finds a lantern"
FIRST_CHAPTER = [
    ("workflow", "started"),
    ("generate_content", "started"),
    ("content", ""),
    ("generate_content", "completed"),
    ("safety_check", "started"),
    ("safety_check", ""),
    ("safety_check", "completed"),
    ("calculate_metrics", "started"),
    ("metadata", ""),
    ("calculate_metrics", "completed"),
    ("workflow", "completed"),
    ("complete", ""),
]


async def start(api: Client, child: Child, **fields: Any) -> dict[str, Any]:
    body = {"child_id": str(child.pk), "theme": THEME, **fields}
    status, started, _ = await api.call("POST", "/generations", body)
    assert status in (200, 201), started
    return dict(started)


def events_of(started: dict[str, Any]) -> str:
    return f"/generations/{started['id']}/events"


def outline(frames: list[Frame]) -> list[tuple[str, str]]:
    """The order of a log: steps by name and status, runs of text as one, progress left out."""
    steps: list[tuple[str, str]] = []
    for frame in frames:
        step = (frame.type, "")
        if frame.type == "node_event":
            step = (frame.data["node"], frame.data["status"])
        if frame.type != "progress" and steps[-1:] != [step]:
            steps.append(step)
    return steps


async def first_chapter(api: Client, child: Child, **fields: Any) -> dict[str, Any]:
    """The `complete` event's data of a new story's first chapter."""
    return (await api.frames(events_of(await start(api, child, **fields))))[-1].data


async def choose(api: Client, done: dict[str, Any], choice: str, **query: Any) -> dict[str, Any]:
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    url = f"/stories/sessions/{done['session_id']}/choices/stream?choice_id={choice}{extra}"
    frames = await api.frames(url)
    assert frames[-1].type == "complete", frames[-1]
    return frames[-1].data


async def stopped(api: Client, host: OllamaServer, started: dict[str, Any]) -> dict[str, Any]:
    """The state of this run, stopped after it has shown some text."""
    stream = frames_of(await api.stream(events_of(started)))
    await anext(frame async for frame in stream if frame.type == "content")
    return await stop(api, started)


async def stop(api: Client, started: dict[str, Any]) -> dict[str, Any]:
    await api.call("POST", f"/generations/{started['id']}/stop")
    await api.frames(events_of(started))
    _, state, _ = await api.call("GET", f"/generations/{started['id']}")
    assert state["status"] == "stopped"
    return dict(state)


async def stopped_first(api: Client, child: Child, host: OllamaServer) -> dict[str, Any]:
    host.script(prose=[Reply(hold=Hold(after=60))])
    return await stopped(api, host, await start(api, child))


async def stopped_second(
    api: Client, child: Child, host: OllamaServer
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first chapter's `complete`, and the second one's state."""
    done = await first_chapter(api, child)
    host.script(prose=[Reply(hold=Hold(after=60))])
    wish = {"session_id": done["session_id"], "choice_id": done["choices"][0]["id"]}
    return done, await stopped(api, host, await start(api, child, **wish))


def order(frames: list[Frame]) -> list[tuple[str, str]]:
    """The outline, whether or not there was a moment's wait for the storyteller."""
    return outline([frame for frame in frames if frame.type != "queue"])
