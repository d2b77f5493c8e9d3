"""The process of typst: reads a book as JSON, and writes the file that was asked for."""

import json
import sys
from pathlib import Path

import typst

HERE = Path(__file__).parent


def pages(fonts: typst.Fonts, book: str) -> tuple[bytes, int]:
    """The pages as a PDF, and their number."""
    compiler = _compiler("book.typ", fonts, {"book": book})
    file = _one(compiler.compile(format="pdf"))
    return file, int(compiler.query("<count>", field="value", one=True))


def booklet(fonts: typst.Fonts, book: str) -> bytes:
    file, count = pages(fonts, book)
    inputs = {"book": book, "pdf": json.dumps(list(file)), "count": str(count)}
    return _one(_compiler("booklet.typ", fonts, inputs).compile(format="pdf", pdf_tags=False))


def cover(fonts: typst.Fonts, book: str) -> bytes:
    return _one(_compiler("cover.typ", fonts, {"book": book}).compile(format="png", ppi=72))


def _compiler(template: str, fonts: typst.Fonts, inputs: dict[str, str]) -> typst.Compiler:
    return typst.Compiler(HERE / template, root=HERE, font_paths=fonts, sys_inputs=inputs)


def _one(made: bytes | list[bytes] | None) -> bytes:
    if not isinstance(made, bytes):
        raise TypeError(type(made))
    return made


def main(what: str) -> None:
    # The machine's own fonts stand in for letters that these and typst's do not have.
    fonts = typst.Fonts(font_paths=[str(HERE / "fonts")])
    book = sys.stdin.read()
    match what:
        case "pages":
            made, _ = pages(fonts, book)
        case "booklet":
            made = booklet(fonts, book)
        case "cover":
            made = cover(fonts, book)
        case _:
            raise ValueError(what)
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main(sys.argv[1])
