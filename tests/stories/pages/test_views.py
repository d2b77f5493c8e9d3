"""The family's pages about stories."""

import datetime as dt
import json
import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from children.models import Child, User
from stories import themes
from stories.models import Choice, Generation, ReadingSession, Story
from testkit.hosts import Quirk
from testkit.ollama.server import OllamaServer
from tests.factories.families import make_child
from tests.factories.stories import add_chapter, make_read_story, make_run, story_form


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def no_model(settings: Settings) -> None:
    settings.LLM_PROVIDER = "embedded"
    settings.MODEL_PATH = "/nowhere/model.gguf"


def text_of(answer: object) -> str:
    return str(answer.content.decode())  # type: ignore[attr-defined]


# Home -------------------------------------------------------------------------------------------


def test_a_visitor_meets_the_product_and_a_family_its_library(
    client: Client, alice: User, mia: Child
) -> None:
    assert reverse("account_signup") in text_of(client.get("/"))
    client.force_login(alice)
    assert "Mia" in text_of(client.get("/"))


def test_a_family_without_children_is_invited_to_add_one(page: Client) -> None:
    assert reverse("children:create") in text_of(page.get("/"))


def test_the_library_shows_only_ones_own_children(
    client: Client, charlie: User, mia: Child
) -> None:
    make_read_story(mia)
    client.force_login(charlie)
    body = text_of(client.get("/"))
    assert "Mia" not in body
    assert "fox" not in body


def test_whoever_has_a_story_to_go_on_with_comes_first(
    page: Client, alice: User, mia: Child
) -> None:
    leo = make_child(alice.family, "Leo")
    story = make_read_story(leo, chapters=2)
    make_read_story(mia, chapters=3)
    body = text_of(page.get("/"))
    assert body.index("Leo") < body.index("Mia")
    assert reverse("stories:read", args=[story.session.pk]) in body
    assert "Chapter 2 of 3" in body


def read_ago(minutes: int, story: Story) -> None:
    at = timezone.now() - dt.timedelta(minutes=minutes)
    ReadingSession.objects.filter(story=story).update(last_read_at=at)


@pytest.mark.django_db(transaction=True)
def test_a_child_goes_on_with_the_story_that_it_read_last_however_old_it_is(
    page: Client, mia: Child
) -> None:
    older, newer = make_read_story(mia, "The old boat"), make_read_story(mia, "The new hat")
    read_ago(2, older)
    read_ago(1, newer)
    assert "The new hat" in text_of(page.get("/"))
    told = page.get(reverse("stories:read", args=[older.session.pk])).context["page"]
    assert "The new hat" in text_of(page.get("/")), "an address that was asked for changes nothing"
    answer = page.post(told["readingUrl"], {"seconds": 0}, content_type="application/json")
    assert answer.status_code == 204
    body = text_of(page.get("/"))
    assert "The old boat" in body
    assert "The new hat" not in body


def test_a_bookshelf_begins_with_what_was_read_last(page: Client, mia: Child) -> None:
    older, newer = make_read_story(mia, "The old boat"), make_read_story(mia, "The new hat")
    read_ago(2, newer)
    read_ago(1, older)
    body = text_of(page.get(reverse("stories:library", args=[mia.pk])))
    assert body.index("The old boat") < body.index("The new hat")


def test_the_child_that_read_last_comes_first(page: Client, alice: User, mia: Child) -> None:
    leo = make_child(alice.family, "Leo")
    read_ago(1, make_read_story(leo))
    read_ago(2, make_read_story(mia))
    body = text_of(page.get("/"))
    assert body.index("Leo") < body.index("Mia")


def test_the_library_costs_the_same_for_many_children_and_stories(
    page: Client, alice: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        child = make_child(alice.family, f"Child {number}")
        for _ in range(3):
            make_read_story(child)
    with django_assert_max_num_queries(5):
        page.get("/")


# New story --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("ollama")
def test_a_story_begins_and_the_reader_opens(page: Client, mia: Child) -> None:
    answer = page.post(reverse("stories:new", args=[mia.pk]), story_form(wish="with a cat"))
    story = Story.objects.get()
    assert answer["Location"] == reverse("stories:read", args=[story.session.pk])
    assert (story.child, story.total_chapters, story.language) == (mia, 3, "en")
    assert story.theme.startswith("A shy little dragon")
    assert story.tile == "dragon"
    assert Generation.objects.get().story == story


@pytest.mark.usefixtures("ollama")
def test_a_form_that_is_sent_twice_is_one_story(page: Client, mia: Child) -> None:
    url, data = reverse("stories:new", args=[mia.pk]), story_form()
    first, second = page.post(url, data), page.post(url, data)
    assert first["Location"] == second["Location"]
    assert Story.objects.count() == Generation.objects.count() == 1


@pytest.mark.usefixtures("ollama")
def test_what_is_not_for_children_is_refused_kindly_and_nothing_begins(
    page: Client, mia: Child
) -> None:
    url = reverse("stories:new", args=[mia.pk])
    for field in ("wish", "title"):
        answer = page.post(url, story_form(**{field: "a naked woman and a bloody murder"}))
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == [field]
    assert not Story.objects.exists()


@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_begins_a_story_for_another_familys_child(
    client: Client, charlie: User, mia: Child, method: str
) -> None:
    client.force_login(charlie)
    answer = getattr(client, method)(reverse("stories:new", args=[mia.pk]), story_form())
    assert answer.status_code == 404
    assert "Mia" not in text_of(answer)
    assert not Story.objects.exists()


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_storyteller_the_page_says_so_and_nothing_begins(
    page: Client, mia: Child, method: str
) -> None:
    answer = getattr(page, method)(reverse("stories:new", args=[mia.pk]), story_form())
    assert answer.status_code == 503
    assert "The storyteller is asleep" in text_of(answer)
    assert not Story.objects.exists()


def test_a_language_that_the_storyteller_lacks_is_explained(
    page: Client, alice: User, ollama: OllamaServer
) -> None:
    noam = make_child(alice.family, "Noam", "he")
    answer = page.get(reverse("stories:new", args=[noam.pk]))
    spoken = [code for code, _ in answer.context["form"].fields["language"].choices]
    assert answer.context["is_foreign"] == ("he" not in spoken)


def test_a_demo_storyteller_is_named_as_one_with_a_way_to_a_better_one(
    page: Client, mia: Child, settings: Settings, tmp_path: Path
) -> None:
    small = tmp_path / "smollm2-135m-instruct.gguf"
    small.touch()
    settings.LLM_PROVIDER, settings.MODEL_PATH = "embedded", str(small)
    story = make_read_story(mia)
    for url in (
        reverse("stories:new", args=[mia.pk]),
        reverse("stories:read", args=[story.session.pk]),
        reverse("stories:story", args=[story.pk]),
    ):
        body = text_of(page.get(url))
        assert "Written by a demo storyteller." in body
        assert "connect a larger storyteller" in body


def test_a_family_reads_where_stories_are_written_where_that_is_not_at_home(
    page: Client, mia: Child, ollama: OllamaServer, settings: Settings
) -> None:
    story = make_read_story(mia)
    urls = (
        reverse("stories:new", args=[mia.pk]),
        reverse("stories:read", args=[story.session.pk]),
        reverse("stories:story", args=[story.pk]),
    )
    assert not any("outside your home" in text_of(page.get(url)) for url in urls)
    ollama.quirks.add(Quirk.CLOUD_MODEL_FIRST)
    settings.OLLAMA_MODEL = "gpt-oss:120b-cloud"
    for url in urls:
        assert "written outside your home, at ollama.com" in text_of(page.get(url))
    for language, words in (("es", "fuera de tu casa, en ollama.com"), ("he", "מחוץ לבית")):
        page.cookies["django_language"] = language
        assert words in text_of(page.get(urls[0]))


def test_every_theme_has_its_picture() -> None:
    for theme in (*themes.THEMES, themes.cover_of("", "anything else")):
        assert finders.find(theme.picture), theme.picture


# Reading ----------------------------------------------------------------------------------------


def test_the_reader_is_told_where_the_child_is(page: Client, mia: Child) -> None:
    story = make_read_story(mia, chapters=2)
    told = page.get(reverse("stories:read", args=[story.session.pk])).context["page"]
    assert [chapter["number"] for chapter in told["chapters"]] == [1, 2]
    assert told["chapters"][-1]["id"] == str(story.session.chapter_id)
    assert len(told["chapters"][1]["choices"]) == 2
    assert told["generationId"] is None
    assert json.loads(json.dumps(told)) == told


@pytest.mark.usefixtures("ollama")
@pytest.mark.parametrize(("chapters", "opened"), [(2, 2), (3, 1)])
def test_the_reader_opens_where_the_child_is_and_a_finished_story_at_its_beginning(
    page: Client, mia: Child, chapters: int, opened: int
) -> None:
    session = make_read_story(mia, chapters=chapters).session
    answer = page.get(reverse("stories:read", args=[session.pk]))
    assert answer.context["page"]["openChapter"] == opened
    assert re.findall(r'class="chapter is-open" id="chapter-(\d)"', text_of(answer)) == [
        str(opened)
    ]


def test_no_finished_chapter_is_open_where_another_is_being_written(
    page: Client, mia: Child
) -> None:
    story = make_read_story(mia, chapters=1)
    choice = Choice.objects.filter(chapter=story.session.chapter).first()
    make_run(story, 2, "running", choice=choice)
    answer = page.get(reverse("stories:read", args=[story.session.pk]))
    assert "chapter is-open" not in text_of(answer)


def test_to_the_bookshelf_means_the_childs_own(page: Client, mia: Child) -> None:
    session = make_read_story(mia, chapters=3).session
    body = text_of(page.get(reverse("stories:read", args=[session.pk])))
    shelf = reverse("stories:library", args=[mia.pk])
    assert {*re.findall(r'href="([^"]*)">To the bookshelf', body)} == {shelf}


def test_the_reader_names_a_choice_but_none_where_the_story_simply_went_on(
    page: Client, mia: Child
) -> None:
    story = make_read_story(mia, chapters=2)
    url = reverse("stories:read", args=[story.session.pk])
    line = 'class="chapter__taken">'
    assert text_of(page.get(url)).count(line) == 1
    Choice.objects.filter(led_to__number=2).update(kind="continue", text="")
    assert line not in text_of(page.get(url))


def test_the_reader_follows_the_run_that_leads_on_from_here(page: Client, mia: Child) -> None:
    page.post(reverse("stories:new", args=[mia.pk]), story_form())
    session = ReadingSession.objects.get()
    told = page.get(reverse("stories:read", args=[session.pk])).context["page"]
    assert told["generationId"] == str(Generation.objects.get().pk)
    assert told["chapters"] == []


def test_a_storys_own_language_and_direction_hold_on_a_page_in_another(
    page: Client, alice: User
) -> None:
    story = make_read_story(make_child(alice.family, "Noam", "he"))
    body = text_of(page.get(reverse("stories:story", args=[story.pk])))
    assert re.search(r'<html lang="en" dir="ltr"', body)
    assert re.search(r'class="story-text" lang="he" dir="rtl"', body)


def test_the_story_page_shows_the_path_taken_and_quietly_the_others(
    page: Client, mia: Child
) -> None:
    story = make_read_story(mia, chapters=2)
    first = story.chapters.get(number=1)
    branch = add_chapter(story, first, position=1)
    url = reverse("stories:story", args=[story.pk])
    pages = page.get(url).context["pages"]
    assert [p.chapter.title for p in pages] == ["Title 1 0", "Title 2 0"]
    assert pages[0].taken.text == "Follow the fox 1"
    assert [(way.choice.text, way.chapter) for way in pages[0].others] == [
        ("Climb the oak 1", branch)
    ]
    other = page.get(url, {"through": str(branch.pk)}).context["pages"]
    assert [p.chapter.title for p in other] == ["Title 1 0", "Title 2 1"]


def test_a_way_through_another_story_is_not_followed(page: Client, mia: Child) -> None:
    story, other = make_read_story(mia), make_read_story(mia, chapters=3)
    url = reverse("stories:story", args=[story.pk])
    for through in (str(other.session.chapter_id), "nonsense"):
        pages = page.get(url, {"through": through}).context["pages"]
        assert [p.chapter.story_id for p in pages] == [story.pk]


def test_a_story_without_a_chapter_has_a_page(page: Client, mia: Child) -> None:
    story = make_read_story(mia, chapters=0)
    assert page.get(reverse("stories:story", args=[story.pk])).status_code == 200


def test_the_story_page_costs_the_same_for_a_long_story(
    page: Client, mia: Child, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for chapters in (2, 3):
        story = make_read_story(mia, chapters=chapters)
        with django_assert_max_num_queries(8):
            page.get(reverse("stories:story", args=[story.pk]))


def test_a_childs_library_shows_titles_pages_and_stays_cheap(
    page: Client, mia: Child, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        make_read_story(mia, f"Book {number:02}")
    url = reverse("stories:library", args=[mia.pk])
    with django_assert_max_num_queries(6):
        body = text_of(page.get(url))
    assert "Book 29" in body
    assert "Book 00" not in body
    assert "Book 00" in text_of(page.get(url, {"page": 2}))
    assert page.get(url, {"page": "nonsense"}).status_code == 200


@pytest.mark.parametrize("name", ["stories:read", "stories:story", "stories:library"])
def test_another_familys_stories_do_not_exist(
    client: Client, charlie: User, mia: Child, name: str
) -> None:
    story = make_read_story(mia)
    keys = {
        "stories:read": story.session.pk,
        "stories:story": story.pk,
        "stories:library": mia.pk,
    }
    url = reverse(name, args=[keys[name]])
    assert reverse("account_login") in client.get(url)["Location"]
    client.force_login(charlie)
    answer = client.get(url)
    assert answer.status_code == 404
    assert "Mia" not in text_of(answer)
    assert "fox" not in text_of(answer)


@pytest.mark.parametrize("name", ["stories:read", "stories:story", "stories:library"])
def test_what_never_was_is_not_there_either(page: Client, name: str) -> None:
    assert page.get(reverse(name, args=[uuid.uuid4()])).status_code == 404


# Every page -------------------------------------------------------------------------------------


def test_markup_in_a_name_or_a_story_stays_text(page: Client, alice: User) -> None:
    child = make_child(alice.family, "<b>Mia</b>")
    story = make_read_story(child, "<script>alert(1)</script>")
    session = story.session
    for url in (
        "/",
        reverse("stories:library", args=[child.pk]),
        reverse("stories:story", args=[story.pk]),
        reverse("stories:read", args=[session.pk]),
        reverse("children:edit", args=[child.pk]),
        reverse("children:delete", args=[child.pk]),
    ):
        body = text_of(page.get(url))
        assert "<b>Mia" not in body
        assert "<script>alert" not in body


def test_a_page_in_hebrew_runs_from_right_to_left(page: Client) -> None:
    page.post(reverse("set_language"), {"language": "he", "next": "/"})
    assert '<html lang="he" dir="rtl">' in text_of(page.get("/"))


def test_a_missing_page_and_a_refused_form_are_kind(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    missing = strict.get("/no/such/page/")
    assert missing.status_code == 404
    assert "This page is not in the book" in text_of(missing)
    refused = strict.post(reverse("account_login"), {"login": "x"})
    assert refused.status_code == 403
    assert "That took a little too long" in text_of(refused)


def test_templates_hold_no_inline_script_or_style() -> None:
    inline = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", re.IGNORECASE)
    folder = Path(django_settings.BASE_DIR) / "templates"
    found = [
        str(path.relative_to(folder))
        for path in folder.rglob("*.html")
        if inline.search(path.read_text())
    ]
    assert found == []


def test_the_page_for_a_new_story_says_who_reads_it_aloud(
    client: Client, settings: Settings, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    url = reverse("stories:new", args=[mia.pk])
    told = "Read aloud by the storyteller's own voice: English."
    assert told in client.get(url).content.decode()
    settings.NARRATION_PROCESSES = 0
    assert "Read aloud by a voice of your device" in client.get(url).content.decode()
