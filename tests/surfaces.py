"""All that a family can be shown of a story: replays, answers, pages and books."""

import io
from zipfile import ZipFile

from django.test import Client as Browser
from django.urls import reverse
from pypdf import PdfReader

from stories.models import Chapter, Generation, Story
from stories.pages import epub
from tests.clients import Client


async def everything_said(api: Client, generation: Generation) -> list[str]:
    """Replays from the start, from every cursor and from a foreign one; and the API's answers."""
    events = f"/generations/{generation.pk}/events"
    frames = await api.frames(events)
    said = [frame.raw for frame in frames]
    for cursor in [frame.id for frame in frames[:-1]] + ["elsewhere"]:
        said += [frame.raw for frame in await api.frames(events, Last_Event_ID=cursor)]
    story = await Story.objects.select_related("session").aget()
    for path in (
        f"/generations/{generation.pk}",
        f"/stories/{story.pk}",
        f"/sessions/{story.session.pk}",
    ):
        status, _, response = await api.call("GET", path)
        assert status == 200, path
        said.append(response.content.decode())
    return said


def pages(browser: Browser, story: Story) -> list[str]:
    paths = (
        reverse("home"),
        reverse("stories:library", args=[story.child_id]),
        reverse("stories:read", args=[story.session.pk]),
        reverse("stories:story", args=[story.pk]),
    )
    answers = [browser.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [200] * len(paths)
    return [answer.content.decode() for answer in answers] + book(browser, story)


def book(browser: Browser, story: Story) -> list[str]:
    """All texts of the books that a family can keep; none where there is no chapter yet."""
    answers = [browser.get(reverse(f"stories:{form}", args=[story.pk])) for form in ("epub", "pdf")]
    if not Chapter.objects.filter(story=story).exists():
        assert [answer.status_code for answer in answers] == [404, 404]
        return []
    for_readers, printed = answers
    assert for_readers["Content-Type"] == epub.CONTENT_TYPE
    with ZipFile(io.BytesIO(for_readers.content)) as archive:
        files = [archive.read(name) for name in archive.namelist() if name[-4:] != ".png"]
    pages = PdfReader(io.BytesIO(printed.content)).pages
    return [file.decode() for file in files] + [
        " ".join(page.extract_text().split()) for page in pages
    ]
