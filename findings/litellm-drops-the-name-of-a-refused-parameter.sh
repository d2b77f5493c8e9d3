#!/usr/bin/env bash
# LiteLLM's proxy passes on a host's refusal with its sentence only where the body is as OpenAI's.
# The 422 of FastAPI and Pydantic (`{"detail": [{"loc": ["body", "max_completion_tokens"], …}]}`)
# comes out as "Error code: 422" and no more: a client that leaves out the parameter named in a
# refusal has no name to go by. Two more surprises of the same kind: without a database any key but
# the master key is answered 400 "No connected db." and not 401, and each stream is asked for with
# `stream_options`, also where the client sent none, so that a host which refuses those streams
# nothing; `always_include_stream_usage: false` in `general_settings` ends that.
# Seen with litellm 1.110.2, Python 3.11.
set -euo pipefail

folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check litellm==1.110.2 apscheduler \
    backoff cryptography expression fastapi fastapi-sso mcp orjson pyjwt python-multipart redis \
    'rich<14' semver soundfile uvicorn uvloop 'websockets<16'

cat >"$folder/try.py" <<'PYTHON'
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket

folder = Path(sys.argv[1])
sent = []
detail = {"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Not permitted"}


class Host(BaseHTTPRequestHandler):
    """Refuses `max_completion_tokens` as FastAPI does, and `temperature` as OpenAI."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append(body)
        if "max_completion_tokens" in body:
            self.answer(422, {"detail": [detail]})
        else:
            self.answer(400, {"error": {"message": "Unsupported value: 'temperature'.", "code": None}})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


host = ThreadingHTTPServer(("127.0.0.1", 0), Host)
threading.Thread(target=host.serve_forever, daemon=True).start()
with socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
behind = {"model": "openai/m", "api_base": f"http://127.0.0.1:{host.server_port}/v1", "api_key": "none"}


def start(**general):
    config = {
        "model_list": [{"model_name": "m", "litellm_params": behind}],
        "general_settings": {"master_key": "sk-of-this-script", **general},
    }
    (folder / "config.json").write_text(json.dumps(config))
    program = Path(sys.executable).with_name("litellm")
    command = [program, "--config", folder / "config.json", "--host", "127.0.0.1", "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health/readiness")
            return process
        except OSError:
            time.sleep(0.2)
    raise SystemExit((folder / "log").read_text())


def ask(key="sk-of-this-script", **body):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **body}).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        return 200, urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["error"]["message"]


proxy = start()
try:
    unnamed, named = ask(max_completion_tokens=9), ask(temperature=0.5)
    print("refused as FastAPI does:", unnamed)
    print("refused as OpenAI does:", named)
    assert unnamed[0] == 422 and "Error code: 422" in unnamed[1], unnamed
    assert "max_completion_tokens" not in unnamed[1], unnamed
    assert named[0] == 400 and "temperature" in named[1], named

    stranger = ask(key="sk-of-a-stranger")
    print("another key:", stranger)
    assert stranger[0] == 400 and "No connected db." in stranger[1], stranger

    ask(stream=True)
    print("stream_options that nobody sent:", sent[-1].get("stream_options"))
    assert sent[-1]["stream_options"] == {"include_usage": True}, sent[-1]
finally:
    proxy.terminate()
    proxy.wait()

proxy = start(always_include_stream_usage=False)
try:
    ask(stream=True)
    assert "stream_options" not in sent[-1], sent[-1]
finally:
    proxy.terminate()
    proxy.wait()
print("As described.")
PYTHON
"$folder/venv/bin/python" "$folder/try.py" "$folder"
