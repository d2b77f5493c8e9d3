"""A story as a book for e-readers (EPUB 3.3): the content of its page, in the story's own
language."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.text import slugify

from stories.models import Story
from stories.pages.library import Page
from stories.presentation import cover, name
from stories.vocabulary.languages import primary_language

CONTENT_TYPE = "application/epub+zip"

# XML 1.0 cannot hold these, not even as character references.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def file_name(story: Story) -> str:
    return f"{slugify(name(story), allow_unicode=True) or 'story'}.epub"


def epub(story: Story, pages: Sequence[Page]) -> bytes:
    """The chapters of a path through a story, at least one; the same pages make the same bytes."""
    modified = max(page.chapter.created_at for page in pages).astimezone(dt.UTC)
    context = {
        "story": story,
        "child": story.child,
        "pages": pages,
        "modified": f"{modified:%Y-%m-%dT%H:%M:%SZ}",
    }
    # The mark by which readers know the format comes first, as it is.
    files = {"mimetype": CONTENT_TYPE.encode()}
    with translation.override(primary_language(story.language)):
        files["META-INF/container.xml"] = _rendered("container.xml", context)
        for own in ("package.opf", "nav.xhtml", "title.xhtml"):
            files[f"book/{own}"] = _rendered(own, context)
        for page in pages:
            chapter = _rendered("chapter.xhtml", context | {"page": page})
            files[f"book/chapter-{page.chapter.number}.xhtml"] = chapter
    files["book/book.css"] = _rendered("book.css", context)
    files["book/cover.svg"] = _picture(story)
    return _zipped(files, modified)


def _rendered(template: str, context: dict[str, object]) -> bytes:
    return _NOT_XML.sub("", render_to_string(f"stories/epub/{template}", context)).encode()


def _picture(story: Story) -> bytes:
    path = finders.find(cover(story).picture)
    if path is None:
        raise FileNotFoundError(cover(story).picture)
    return Path(path).read_bytes()


def _zipped(files: dict[str, bytes], modified: dt.datetime) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for file, content in files.items():
            info = zipfile.ZipInfo(file, modified.timetuple()[:6])
            if file != "mimetype":
                info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return target.getvalue()
