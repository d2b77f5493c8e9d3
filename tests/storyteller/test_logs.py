"""Failures are logged by type and place, never with a word of a story."""

import io
import logging
import logging.config
from typing import Any

import pytest
from django.conf import settings

SECRET = "Mia sailed to the moon"
LOGGING: dict[str, Any] = dict(settings.LOGGING)


@pytest.fixture
def line() -> logging.Formatter:
    """The formatter that the settings name."""
    configured = logging.config.DictConfigurator(LOGGING)
    made: logging.Formatter = configured.configure_formatter(dict(LOGGING["formatters"]["line"]))
    return made


def _fail() -> None:
    chapters: dict[str, str] = {}
    try:
        chapters[SECRET]
    except KeyError as error:
        raise ValueError(f"a chapter that says {SECRET}") from error


def test_an_exception_is_logged_without_what_it_quotes(line: logging.Formatter) -> None:
    full, discreet = (logging.StreamHandler(io.StringIO()) for _ in range(2))
    discreet.setFormatter(line)
    logger = logging.getLogger("a log of its own")
    logger.propagate = False
    logger.handlers = [full, discreet]
    try:
        _fail()
    except ValueError:
        logger.exception("generation 7 failed")
    assert SECRET in full.stream.getvalue()
    written = discreet.stream.getvalue()
    assert SECRET not in written
    assert "generation 7 failed" in written
    assert "ValueError" in written
    assert "KeyError" in written
    assert "in _fail" in written


def test_every_handler_of_the_settings_writes_so() -> None:
    handlers = LOGGING["handlers"]
    assert {handler["formatter"] for handler in handlers.values()} == {"line"}
    for logger in (logging.getLogger("django"), logging.getLogger("stories")):
        assert not logger.handlers
