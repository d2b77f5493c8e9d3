"""A story as a file for e-readers."""

import io
import struct
import subprocess
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from children.models import Child, User
from stories.models import Chapter, Choice, Story
from stories.pages import epub
from tests.factories.families import make_child
from tests.factories.stories import add_chapter, make_read_story

COVER = "book/cover.png"
OPF = "{http://www.idpf.org/2007/opf}"
NCX = "{http://www.daisy.org/z3986/2005/ncx/}"
OCF = "{urn:oasis:names:tc:opendocument:xmlns:container}"


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def download(page: Client, story: Story, query: str = "") -> bytes:
    answer = page.get(reverse("stories:epub", args=[story.pk]) + query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == epub.CONTENT_TYPE == "application/epub+zip"
    return bytes(answer.content)


def book_of(page: Client, story: Story, query: str = "") -> dict[str, str]:
    """The files of text, of which every one that is XML can be read."""
    with zipfile.ZipFile(io.BytesIO(download(page, story, query))) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        named = archive.namelist()
        files = {name: archive.read(name).decode() for name in named if name != COVER}
        assert named == [*files, COVER]
    for name, text in files.items():
        if name.endswith(("ml", "opf", "svg", "ncx")):
            ET.fromstring(text)
    return files


def in_order(files: dict[str, str]) -> list[str]:
    """Pages as a reading system shows them, by the book's own package."""
    container = ET.fromstring(files["META-INF/container.xml"])
    root = next(container.iter(f"{OCF}rootfile")).attrib["full-path"]
    package = ET.fromstring(files[root])
    items = {item.attrib["id"]: item.attrib["href"] for item in package.iter(f"{OPF}item")}
    assert {f"book/{href}" for href in items.values()} | {root} == {
        name for name in (*files, COVER) if name.startswith("book/")
    }
    return [
        "".join(ET.fromstring(files[f"book/{items[ref.attrib['idref']]}"]).itertext())
        for ref in package.iter(f"{OPF}itemref")
    ]


def test_a_book_has_the_chapters_and_choices_of_the_path_that_was_read(
    page: Client, mia: Child
) -> None:
    story = make_read_story(mia, chapters=3)
    title, first, second, third = in_order(book_of(page, story))
    assert "The kind fox" in title
    assert "A story with Mia" in title
    assert "Written by a computer storyteller" in title
    assert "Title 1 0" in first
    assert "Way 0 was taken by the fox." in first
    assert "You chose: Follow the fox 1" in first
    assert "Follow the fox 2" in second
    assert "The end" in third


def test_a_book_goes_the_way_that_its_page_shows(page: Client, mia: Child) -> None:
    story = make_read_story(mia, chapters=2)
    branch = add_chapter(story, story.chapters.get(number=1), position=1)
    *_, last = in_order(book_of(page, story, f"?through={branch.pk}"))
    assert "Title 2 1" in last
    shown = page.get(reverse("stories:story", args=[story.pk]), {"through": str(branch.pk)})
    link = f'{reverse("stories:epub", args=[story.pk])}?through={branch.pk}"'
    assert link in shown.content.decode()


def test_what_a_parent_has_not_released_or_staff_took_away_is_in_no_book(
    page: Client, mia: Child
) -> None:
    story = make_read_story(mia, chapters=1)
    first = story.chapters.get()
    waiting, taken = add_chapter(story, first), add_chapter(story, first, position=1)
    Chapter.objects.filter(pk=waiting.pk).update(released_at=None)
    Chapter.objects.filter(pk=taken.pk).update(withdrawn_at=timezone.now())
    for query in ("", f"?through={waiting.pk}", f"?through={taken.pk}"):
        files = book_of(page, story, query)
        assert len(in_order(files)) == 2
        assert "Title 2" not in "".join(files.values())
    story.chapters.filter(pk=first.pk).update(withdrawn_at=timezone.now())
    story.session.chapter = None
    story.session.save()
    assert page.get(reverse("stories:epub", args=[story.pk])).status_code == 404


def test_a_book_reads_from_right_to_left_where_its_language_does(page: Client, alice: User) -> None:
    story = make_read_story(make_child(alice.family, "Noam", "he"), "השועל הטוב")
    files = book_of(page, story)
    assert 'page-progression-direction="rtl"' in files["book/package.opf"]
    assert 'lang="he" dir="rtl"' in files["book/chapter-1.xhtml"]
    assert "פרק 1" in files["book/chapter-1.xhtml"]
    answer = page.get(reverse("stories:epub", args=[story.pk]))
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")


def test_markup_and_stray_characters_make_no_book_unreadable(page: Client, alice: User) -> None:
    child = make_child(alice.family, "<b>&Mia\x0b")
    story = make_read_story(child, "<script>alert(1)</script> & ]]>")
    story.chapters.update(text="One\x00 & <two>\ufffe.\n\nThree.")
    title, first = in_order(book_of(page, story))
    assert "<script>alert(1)</script> & ]]>" in title
    assert "A story with <b>&Mia" in title
    assert "One & <two>." in first


def test_a_book_is_its_familys_own(client: Client, page: Client, mia: Child, charlie: User) -> None:
    url = reverse("stories:epub", args=[make_read_story(mia).pk])
    client.force_login(charlie)
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url).status_code == 302


def test_its_cover_is_a_picture_of_the_size_that_book_shelves_want(
    page: Client, mia: Child
) -> None:
    with zipfile.ZipFile(io.BytesIO(download(page, make_read_story(mia)))) as archive:
        picture = archive.read(COVER)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (1600, 2560)


def test_readers_of_epub_2_find_its_chapters_and_cover(page: Client, mia: Child) -> None:
    files = book_of(page, make_read_story(mia, chapters=2))
    package = ET.fromstring(files["book/package.opf"])
    kinds = {item.attrib["href"]: item.attrib["media-type"] for item in package.iter(f"{OPF}item")}
    assert kinds["toc.ncx"] == "application/x-dtbncx+xml"
    assert '<meta name="cover" content="cover"/>' in files["book/package.opf"]
    contents = ET.fromstring(files["book/toc.ncx"])
    assert [
        (point.findtext(f"{NCX}navLabel/{NCX}text"), point.find(f"{NCX}content").attrib["src"])  # type: ignore[union-attr]
        for point in contents.iter(f"{NCX}navPoint")
    ] == [("1. Title 1 0", "chapter-1.xhtml"), ("2. Title 2 0", "chapter-2.xhtml")]


def test_word_cards_come_at_the_end_each_word_once(page: Client, mia: Child) -> None:
    story = make_read_story(mia, chapters=2)
    fox = {"word": "fox", "meaning": "an animal with a red tail"}
    oak = {"word": "oak", "meaning": "a big old tree"}
    story.chapters.filter(number=1).update(vocabulary=[fox])
    story.chapters.filter(number=2).update(vocabulary=[oak, fox])
    *_, words = in_order(book_of(page, story))
    assert " ".join(words.split()).endswith(
        "Words in this story fox an animal with a red tail oak a big old tree"
    )


def test_the_same_pages_make_the_same_bytes(page: Client, mia: Child) -> None:
    story = make_read_story(mia)
    assert download(page, story) == download(page, story)


@pytest.mark.parametrize(
    ("language", "title"),
    [("en", "<i>Fox</i> & “co.”"), ("es", "¡El zorro, 3.ª parte!"), ("he", "השועל (2)")],
)
def test_epubcheck_finds_nothing_to_complain_of(
    page: Client, alice: User, tmp_path: Path, language: str, title: str
) -> None:
    story = make_read_story(make_child(alice.family, "Noa", language), title, chapters=3)
    story.chapters.update(vocabulary=[{"word": "<b>", "meaning": "a & b"}])
    Choice.objects.filter(chapter__number=1).update(text="An idea \U0001f98a & <more>")
    book = tmp_path / "book.epub"
    book.write_bytes(download(page, story))
    jar = distribution("epubcheck").locate_file("epubcheck/epubcheck.jar")
    # Less compilation is quicker: Java is to check one book only.
    java = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", str(jar)]
    run = subprocess.run(
        [*java, "--failonwarnings", str(book)], capture_output=True, text=True, check=False
    )
    assert "0 fatals / 0 errors / 0 warnings" in run.stdout, run.stdout + run.stderr
    assert run.returncode == 0
