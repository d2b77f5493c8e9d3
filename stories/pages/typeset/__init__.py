"""Books set by typst: pages to print, and a cover as a picture.

Typst runs in a process of its own for each book: it keeps some hundred megabytes of what it set,
and must not be able to take the server down with it. A story's text reaches it as data alone.
"""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from stories.pages.books import Book
from stories.vocabulary.languages import primary_language

CONTENT_TYPE = "application/pdf"
TIMEOUT_SECONDS = 60.0
_COMPILER = Path(__file__).with_name("compiler.py")


def pages(book: Book) -> bytes:
    """A PDF of A5 pages."""
    return _made("pages", book)


def booklet(book: Book) -> bytes:
    """A PDF of A4 sheets with two of these pages on each side, to fold in the middle."""
    return _made("booklet", book)


def cover(book: Book) -> bytes:
    """A PNG of 1600 by 2560 pixels."""
    return _made("cover", book)


def _made(what: Literal["pages", "booklet", "cover"], book: Book) -> bytes:
    content = asdict(book) | {"language": primary_language(book.language)}
    run = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-I", str(_COMPILER), what],
        input=json.dumps(content, default=str).encode(),
        capture_output=True,  # its errors quote the text that they are about, and belong in no log
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    return run.stdout
