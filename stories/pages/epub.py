"""A book for e-readers (EPUB 3.3), with what readers of EPUB 2 look for."""

import io
import zipfile

from django.template.loader import render_to_string

from stories.pages import typeset
from stories.pages.books import Book

CONTENT_TYPE = "application/epub+zip"


def epub(book: Book) -> bytes:
    """The same book makes the same bytes."""
    context: dict[str, object] = {"book": book}
    # The mark by which readers know the format comes first, as it is.
    files = {"mimetype": CONTENT_TYPE.encode()}
    files["META-INF/container.xml"] = _rendered("container.xml", context)
    for own in ("package.opf", "nav.xhtml", "toc.ncx", "title.xhtml", "book.css"):
        files[f"book/{own}"] = _rendered(own, context)
    for chapter in book.chapters:
        page = _rendered("chapter.xhtml", context | {"chapter": chapter})
        files[f"book/chapter-{chapter.number}.xhtml"] = page
    if book.words:
        files["book/words.xhtml"] = _rendered("words.xhtml", context)
    files["book/picture.svg"] = book.picture.encode()
    files["book/cover.png"] = typeset.cover(book)
    return _zipped(files, book)


def _rendered(template: str, context: dict[str, object]) -> bytes:
    return render_to_string(f"stories/epub/{template}", context).encode()


def _zipped(files: dict[str, bytes], book: Book) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for file, content in files.items():
            info = zipfile.ZipInfo(file, book.modified.timetuple()[:6])
            if file != "mimetype":
                info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return target.getvalue()
