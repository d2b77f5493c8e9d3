"""The same server, with the straightforward way in the app's place."""

from storyteller.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.plain"
ASGI_APPLICATION = "benchmarks.plain.application"
