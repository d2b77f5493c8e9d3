"""Run the stand-in alone: `python -m testkit.ollama --port 11434`."""

from testkit.hosts.program import run
from testkit.ollama.server import OllamaServer

run(OllamaServer, port=11434)
