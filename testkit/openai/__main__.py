"""Run the stand-in alone: `python -m testkit.openai --port 8000`."""

from testkit.hosts.program import run
from testkit.openai.server import OpenAIServer

run(OpenAIServer, port=8000)
