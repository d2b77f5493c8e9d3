"""A story as a book to print, and as a booklet to fold."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PageObject, PdfReader

from children.models import Child, User
from stories.models import Chapter, Choice, Story
from stories.pages import typeset
from stories.themes import THEMES, Theme, cover_of
from tests.factories.families import make_child
from tests.factories.stories import add_chapter, make_read_story

A4_ACROSS, A5 = (842, 595), (420, 595)
# Where the left and the right page of a sheet begin.
LEFT, RIGHT = 1, 422
FORMS = ("pdf", "booklet")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def printed(page: Client, story: Story, form: str = "pdf", query: str = "") -> PdfReader:
    answer = page.get(reverse(f"stories:{form}", args=[story.pk]) + query)
    assert answer.status_code == 200
    assert answer["Content-Type"] == typeset.CONTENT_TYPE == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    return PdfReader(io.BytesIO(answer.content))


def size(sheet: PageObject) -> tuple[int, int]:
    return round(sheet.mediabox.width), round(sheet.mediabox.height)


def text_of(sheet: PageObject) -> str:
    return " ".join(sheet.extract_text().split())


def sides(sheet: PageObject) -> tuple[str, str]:
    """The last line of what is printed on the left and on the right half of a sheet."""
    found = {LEFT: "", RIGHT: ""}
    half = LEFT

    def begin(operator: bytes, operands: Any, place: list[float], _: list[float]) -> None:
        nonlocal half
        if operator == b"Do" and round(place[4]) in found:
            half = round(place[4])

    def read(text: str, *_: object) -> None:
        found[half] = text.strip() or found[half]

    sheet.extract_text(visitor_operand_before=begin, visitor_text=read)
    return found[LEFT], found[RIGHT]


def test_a_book_has_its_title_its_chapters_the_choices_and_the_words(
    page: Client, mia: Child
) -> None:
    story = make_read_story(mia, chapters=3)
    story.chapters.update(vocabulary=[{"word": "oak", "meaning": "a big old tree"}])
    Choice.objects.filter(led_to__number=3).update(kind="own_idea")
    book = printed(page, story)
    assert {size(sheet) for sheet in book.pages} == {A5}
    title, imprint, first, second, third, words = (text_of(sheet) for sheet in book.pages)
    assert title == "The kind fox A story with Mia"
    assert "Written by a computer storyteller, and checked before you saw it." in imprint
    assert first == (
        "Chapter 1 Title 1 0 Here is chapter 1. Way 0 was taken by the fox. "
        "What happens after 1? You chose: Follow the fox 1 3"
    )
    assert second.endswith("You chose: Follow the fox 2 (Mia's own idea) 4")
    assert third.endswith("Way 0 was taken by the fox. The end 5")
    assert words == "Words in this story oak \u2013 a big old tree 6"


def test_a_book_is_found_by_its_title_and_its_chapters_and_read_in_its_language(
    page: Client, mia: Child
) -> None:
    book = printed(page, make_read_story(mia, chapters=2))
    assert book.metadata is not None
    assert book.metadata.title == "The kind fox"
    assert [getattr(entry, "title", "") for entry in book.outline] == ["Title 1 0", "Title 2 0"]
    assert str(book.root_object["/Lang"]) == "en"
    assert book.root_object["/MarkInfo"]["/Marked"]  # type: ignore[index]


@pytest.mark.parametrize("form", FORMS)
def test_all_letters_are_in_the_file(page: Client, alice: User, form: str) -> None:
    story = make_read_story(make_child(alice.family, "Noam", "he"), "השועל הטוב (fox)")
    objects = _all_objects(printed(page, story, form))
    fonts = [each for each in objects if isinstance(each, dict) and "/FontName" in each]
    assert fonts
    assert all("/FontFile2" in font or "/FontFile3" in font for font in fonts)


@pytest.mark.parametrize(
    ("language", "name", "face"),
    [("en", "Mia", "AtkinsonHyperlegible"), ("he", "Noam", "Assistant")],
)
def test_a_child_who_needs_them_gets_letters_that_are_easy_to_tell_apart(
    page: Client, alice: User, language: str, name: str, face: str
) -> None:
    child = make_child(alice.family, name, language)
    child.is_dyslexia_friendly = True
    child.save()
    story = make_read_story(child, "השועל הטוב")
    objects = _all_objects(printed(page, story))
    fonts = {
        each["/BaseFont"] for each in objects if isinstance(each, dict) and "/BaseFont" in each
    }
    assert any(face in font for font in fonts)


def _all_objects(book: PdfReader) -> list[Any]:
    count: Any = book.trailer["/Size"]
    found = [book.get_object(number) for number in range(1, count)]
    return [each.get_object() for each in found if each is not None]


@pytest.mark.parametrize("form", FORMS)
def test_text_stands_as_it_was_typed(page: Client, alice: User, form: str) -> None:
    odd = '#panic(1) *a* _b_ $x^2$ \\ "q" <c> & @d `e` // f /* g */ [h] {i} -- ~ #set text(0pt)'
    story = make_read_story(make_child(alice.family, "#Mia\x0b"), f"= {odd}", chapters=1)
    vocabulary = [{"word": f"+ {odd}", "meaning": f"/ {odd}"}]
    story.chapters.update(title=f"- {odd}", text=f"One\x00 {odd}\ufffe.", vocabulary=vocabulary)
    text = " ".join(text_of(sheet) for sheet in printed(page, story, form).pages)
    assert "A story with #Mia" in text
    for mark in ("=", "-", "One", "+", "/"):
        assert f"{mark} {odd}" in text


def test_a_word_that_is_longer_than_a_line_stays_on_the_page(page: Client, mia: Child) -> None:
    story = make_read_story(mia, "W" * 100)
    story.chapters.update(title="W" * 110, text="w" * 400)
    lines = [
        line.replace("\u200b", "").strip()
        for sheet in printed(page, story).pages
        for line in sheet.extract_text().splitlines()
    ]
    assert sum(line.count("w") for line in lines) >= 400
    assert max(line.count("W") for line in lines) <= 22
    assert max(line.count("w") for line in lines) <= 40


def test_a_booklet_folds_to_a_book(page: Client, mia: Child) -> None:
    """Five pages on two sheets: 8 | 1, 2 | 7, 6 | 3, 4 | 5."""
    booklet = printed(page, make_read_story(mia, chapters=3), "booklet")
    assert {size(sheet) for sheet in booklet.pages} == {A4_ACROSS}
    note = "Written by a computer storyteller, and checked before you saw it."
    assert [sides(sheet) for sheet in booklet.pages] == [
        ("", "A story with Mia"),
        (note, ""),
        ("", "3"),
        ("4", "5"),
    ]


def test_a_booklet_that_is_read_from_the_right_lies_the_other_way_round(
    page: Client, alice: User
) -> None:
    story = make_read_story(make_child(alice.family, "Noam", "he"), "The fox", chapters=3)
    front, back, inner_front, inner_back = printed(page, story, "booklet").pages
    assert sides(front)[1] == sides(back)[0] == ""
    assert all((sides(front)[0], sides(back)[1]))
    assert [sides(inner_front), sides(inner_back)] == [("3", ""), ("5", "4")]


def test_a_book_reads_from_right_to_left_where_its_language_does(page: Client, alice: User) -> None:
    story = make_read_story(make_child(alice.family, "Noam", "he"), "השועל הטוב")
    book = printed(page, story)
    assert book.root_object["/ViewerPreferences"]["/Direction"] == "/R2L"  # type: ignore[index]
    assert "פרק" in text_of(book.pages[2])


@pytest.mark.parametrize("form", FORMS)
def test_it_goes_the_way_that_its_page_shows_and_its_page_links_to_it(
    page: Client, mia: Child, form: str
) -> None:
    story = make_read_story(mia, chapters=2)
    branch = add_chapter(story, story.chapters.get(number=1), position=1)
    query = f"?through={branch.pk}"
    text = " ".join(text_of(sheet) for sheet in printed(page, story, form, query).pages)
    assert "Title 2 1" in text
    assert "Title 2 0" not in text
    shown = page.get(reverse("stories:story", args=[story.pk]) + query).content.decode()
    assert f'href="{reverse(f"stories:{form}", args=[story.pk])}{query}"' in shown


@pytest.mark.parametrize("form", FORMS)
def test_what_a_parent_has_not_released_or_staff_took_away_is_in_none(
    page: Client, mia: Child, form: str
) -> None:
    story = make_read_story(mia, chapters=1)
    first = story.chapters.get()
    waiting, taken = add_chapter(story, first), add_chapter(story, first, position=1)
    Chapter.objects.filter(pk=waiting.pk).update(released_at=None)
    Chapter.objects.filter(pk=taken.pk).update(withdrawn_at=timezone.now())
    for query in ("", f"?through={waiting.pk}", f"?through={taken.pk}"):
        text = " ".join(text_of(sheet) for sheet in printed(page, story, form, query).pages)
        assert "Title 1" in text
        assert "Title 2" not in text
    story.chapters.filter(pk=first.pk).update(withdrawn_at=timezone.now())
    story.session.chapter = None
    story.session.save()
    assert page.get(reverse(f"stories:{form}", args=[story.pk])).status_code == 404


@pytest.mark.parametrize("theme", [*THEMES, cover_of("", "")], ids=lambda theme: theme.key)
def test_the_sky_of_each_picture_can_go_on_above_it(theme: Theme) -> None:
    found = finders.find(theme.picture)
    assert found
    assert re.search(r'<linearGradient .*?stop-color="#[0-9a-f]{6}"', Path(found).read_text())


@pytest.mark.parametrize("form", FORMS)
def test_it_is_its_familys_own(
    client: Client, page: Client, mia: Child, charlie: User, form: str
) -> None:
    url = reverse(f"stories:{form}", args=[make_read_story(mia).pk])
    client.force_login(charlie)
    assert client.get(url).status_code == 404
    client.logout()
    assert client.get(url).status_code == 302
