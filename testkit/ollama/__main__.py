"""Run the stand-in alone: `python -m testkit.ollama --port 11434`."""

from testkit.ollama.server import main

main()
