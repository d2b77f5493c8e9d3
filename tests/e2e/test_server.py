"""The server's process while stories are read."""

from contextlib import ExitStack
from pathlib import Path

import httpx

from testkit.app import App, Family
from testkit.hosts import Hold, Reply
from testkit.ollama.server import OllamaServer

READERS = 24


def test_readers_hold_no_threads(app: App, family: Family, model_host: OllamaServer) -> None:
    hold = Hold(after=40)
    model_host.script(prose=[Reply(hold=hold)])
    reader = family.start_story("a patient heron")
    url = f"{app.url}/api/v1/generations/{reader.generation_id}/events"
    headers = {"Authorization": f"Bearer {family.ids['token']}"}
    hold.reached.wait()
    with ExitStack() as open_streams:
        threads: list[int] = []
        for _ in range(READERS):
            answer = open_streams.enter_context(httpx.stream("GET", url, headers=headers))
            assert answer.status_code == 200
            threads.append(threads_of(app))
        assert threads[-1] - threads[0] < READERS / 2
    hold.release()


def threads_of(app: App) -> int:
    assert app.process is not None
    status = Path(f"/proc/{app.process.pid}/status").read_text()
    return int(status.partition("Threads:")[2].split()[0])
