"""The app as it is, with its statements to the database counted."""

from storyteller.settings import *  # noqa: F403
from storyteller.settings import DATABASES

DATABASES["default"]["ENGINE"] = "benchmarks.counted"
