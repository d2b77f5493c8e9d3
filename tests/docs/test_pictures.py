"""`make screenshots` makes the pictures of the documents, and knows every page of the family."""

import re
import uuid
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

from children.urls import urlpatterns as about_children
from stories.pages.urls import urlpatterns as about_stories
from testkit.app import ROOT
from tests.browsers import launched
from tests.screenshots import documents
from tests.screenshots.pages import SHOTS
from tests.screenshots.site import temporary_site

# These answer with something else than a page.
NOT_PAGES = {
    "stories:booklet",
    "stories:carry_on",
    "stories:choose",
    "stories:discard",
    "stories:epub",
    "stories:pdf",
    "stories:forget_friend",
    "stories:stop",
    "stories:story_friend",
    "children:revoke",
}
_WEBP = re.compile(rb"RIFF....WEBP", re.DOTALL)


@pytest.mark.timeout(240)
def test_the_pictures_are_made_from_a_real_story(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with temporary_site(tmp_path / "data") as site, launched() as browser:
        made = list(documents.taken(browser, site, tmp_path))
    assert [path.name for path in made] == [documents.DAY, documents.NIGHT]
    assert all(_WEBP.match(path.read_bytes()) for path in made)


def test_the_documents_show_these_pictures_and_no_others() -> None:
    texts = [path.read_text() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))]
    shown = {name for text in texts for name in re.findall(r"pictures/([\w-]+\.\w+)", text)}
    kept = {path.name for path in (ROOT / "docs" / "pictures").iterdir()}
    assert shown == kept == {documents.DAY, documents.NIGHT}


def test_every_page_of_the_family_is_among_those_to_look_at() -> None:
    paths = [re.sub(r"\{\w+\}", str(uuid.uuid4()), shot.path) for shot in SHOTS]
    pictured = {name_of(path) for path in paths}
    named = {f"children:{each.name}" for each in about_children}
    named |= {f"stories:{each.name}" for each in about_stories}
    assert named - NOT_PAGES <= pictured


def name_of(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:  # one of them is the page of what is not there
        return ""
