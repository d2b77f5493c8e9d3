"""A stand-in for LangSmith's endpoint: takes what its client sends, and keeps it."""

import gzip
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_INFO = {
    "version": "0.10.0",
    "batch_ingest_config": {
        "use_multipart_endpoint": False,
        "scale_up_qsize_trigger": 1000,
        "scale_up_nthreads_limit": 1,
        "scale_down_nempty_trigger": 4,
        "size_limit": 100,
        "size_limit_bytes": 20971520,
    },
}


class LangSmithServer:
    """`bodies` is all that was sent, `runs` each run as its parts add up."""

    def __init__(self, *, status: int = 202) -> None:
        self.status = status
        self.bodies: list[str] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self._changed = threading.Condition()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(200, _INFO)

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                is_packed = self.headers.get("Content-Encoding") == "gzip"
                server.take((gzip.decompress(raw) if is_packed else raw).decode())
                self._answer(server.status, {})

            def _answer(self, status: int, value: Any) -> None:
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def heard(self) -> str:
        """The bodies of all requests, JSON escapes undone."""
        return "\n".join(json.dumps(json.loads(b), ensure_ascii=False) for b in self.bodies)

    def take(self, body: str) -> None:
        sent = json.loads(body)
        with self._changed:
            self.bodies.append(body)
            for run in [*sent.get("post", []), *sent.get("patch", [])]:
                given = {key: value for key, value in run.items() if value is not None}
                self.runs.setdefault(run["id"], {}).update(given)
            self._changed.notify_all()

    def wait_for(self, is_there: Callable[[], bool], seconds: float = 30.0) -> None:
        with self._changed:
            assert self._changed.wait_for(is_there, seconds), "that was never sent"

    def ended(self, kind: str) -> list[dict[str, Any]]:
        """The runs of a kind ("llm", "chain") that have come to their end."""
        runs = list(self.runs.values())
        return [run for run in runs if run.get("run_type") == kind and run.get("end_time")]
