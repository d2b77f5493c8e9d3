"""The reader page's contract: one shape for the view and for the script."""

import ast
import inspect
import re
import uuid
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import resolve, reverse
from pytest_django.fixtures import Settings

from children.models import Child, User
from stories.models import Chapter, Story
from stories.pages import views
from tests.factories.stories import add_chapter, make_read_story

READER = Path(django_settings.BASE_DIR) / "stories/static/stories/reader"

_TYPEDEF = re.compile(r"@typedef \{object\} (\w+)(.*?)\*/", re.DOTALL)
_PROPERTY = re.compile(r"@property \{(.+?)\} (\w+)")
_IMPORT = re.compile(r'^import .*? from "(.+)";$|^} from "(.+)";$', re.MULTILINE)
_PRELOADED = re.compile(r'<link rel="modulepreload" href="/static/stories/(.+?)">')
_IN_PYTHON = {"string": "str", "number": "int", "boolean": "bool", "null": "None"}


def in_the_script(name: str) -> list[tuple[str, str]]:
    """The keys of a typedef, each with its type as Python writes it."""
    body = dict(_TYPEDEF.findall((READER / "page.js").read_text("utf-8")))[name]
    return [(key, _in_python(type_)) for type_, key in _PROPERTY.findall(body)]


def in_the_view(name: str) -> list[tuple[str, str]]:
    source = ast.parse(inspect.getsource(getattr(views, name)))
    fields = [node for node in ast.walk(source) if isinstance(node, ast.AnnAssign)]
    return [(ast.unparse(field.target), ast.unparse(field.annotation)) for field in fields]


def _in_python(type_: str) -> str:
    named = re.sub(r"\w+", lambda word: _IN_PYTHON.get(word[0], word[0]), type_)
    return re.sub(r"(\w+)\[\]", r"list[\1]", named)


@pytest.mark.parametrize("name", ["ReaderPage", "ReaderChapter", "ReaderChoice", "ChoiceTaken"])
def test_view_and_script_name_the_same_keys_and_types(name: str) -> None:
    assert in_the_script(name) == in_the_view(name)


def test_every_word_that_the_script_names_is_on_the_page_and_no_other(
    client: Client, alice: User, mia: Child
) -> None:
    typedef = (READER / "texts.js").read_text("utf-8").partition("TextName")[0]
    client.force_login(alice)
    page = client.get(reverse("stories:read", args=[make_read_story(mia).session.pk]))
    told = re.findall(r'data-text="(\w+)">[^<]', page.content.decode())
    assert sorted(re.findall(r'"(\w+)"', typedef)) == sorted(told)


def modules_of(module: Path) -> set[Path]:
    """The modules that this one imports, and those that these import."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        importer = waiting.pop()
        for names in _IMPORT.findall(importer.read_text("utf-8")):
            imported = (importer.parent / "".join(names)).resolve()
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return found


def test_the_page_asks_for_every_module_of_its_script_at_once(
    client: Client, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    page = client.get(reverse("stories:read", args=[make_read_story(mia).session.pk]))
    preloaded = _PRELOADED.findall(page.content.decode())
    imported = modules_of(READER.parent / "reader.js")
    assert preloaded == sorted(f"reader/{module.name}" for module in imported)


def test_every_url_of_the_page_leads_somewhere(client: Client, alice: User, mia: Child) -> None:
    client.force_login(alice)
    story = make_read_story(mia)
    told = client.get(reverse("stories:read", args=[story.session.pk])).context["page"]
    urls = {key: url for key, url in told.items() if key.endswith("Url")}
    assert len(urls) == 15
    for url in urls.values():
        assert resolve(url.partition("?")[0].replace("{id}", str(uuid.uuid4())))


def opening(client: Client, story: Story) -> tuple[int | None, int]:
    told = client.get(reverse("stories:read", args=[story.session.pk])).context["page"]
    return told["openChapter"], told["openParagraph"]


def left_at(client: Client, story: Story, number: int, paragraph: int) -> int:
    chapter = story.chapters.get(number=number)
    url = reverse("api:add_reading", args=[story.session.pk])
    place = {"seconds": 5, "chapter_id": str(chapter.pk), "paragraph": paragraph}
    return client.post(url, place, content_type="application/json").status_code


@pytest.mark.django_db(transaction=True)
def test_a_story_that_goes_on_opens_where_its_chapter_was_left(
    client: Client, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    story = make_read_story(mia, chapters=2)
    assert opening(client, story) == (2, 0)
    assert left_at(client, story, 2, 1) == 204
    assert opening(client, story) == (2, 1)
    assert left_at(client, story, 1, 4) == 204
    assert opening(client, story) == (2, 1), "turning back is no place of its own"
    story.session.chapter = add_chapter(story, story.session.chapter)
    story.session.save()
    assert opening(client, story) == (3, 0)


@pytest.mark.django_db(transaction=True)
def test_a_story_that_is_read_again_opens_where_it_was_left_until_its_end(
    client: Client, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    story = make_read_story(mia, chapters=3)
    assert left_at(client, story, 2, 1) == 204
    assert opening(client, story) == (2, 1)
    assert left_at(client, story, 3, 1) == 204
    assert opening(client, story) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_place_in_another_storys_chapter_or_in_one_that_waits_is_refused(
    client: Client, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    story, other = make_read_story(mia), make_read_story(mia, "The old owl")
    url = reverse("api:add_reading", args=[story.session.pk])
    elsewhere = {"seconds": 5, "chapter_id": str(other.session.chapter_id)}
    assert client.post(url, elsewhere, content_type="application/json").status_code == 404
    Chapter.objects.filter(story=story).update(released_at=None)
    assert left_at(client, story, 1, 1) == 404


def test_words_that_nobody_has_approved_are_left_to_the_device(
    client: Client, alice: User, mia: Child, settings: Settings
) -> None:
    settings.SHOWS_UNCHECKED_WORDS = True
    client.force_login(alice)
    page = client.get(reverse("stories:read", args=[make_read_story(mia).session.pk]))
    assert page.context["page"]["narrationUrl"] is None


def test_only_a_language_with_a_voice_is_read_by_the_server(
    client: Client, alice: User, mia: Child
) -> None:
    client.force_login(alice)
    told = {}
    for language in ("en-GB", "es"):
        story = make_read_story(mia)
        Story.objects.filter(pk=story.pk).update(language=language)
        page = client.get(reverse("stories:read", args=[story.session.pk]))
        told[language] = page.context["page"]["narrationUrl"]
        assert ('id="narration"' in page.content.decode()) == bool(told[language])
    assert told["en-GB"] is not None
    assert told["es"] is None
