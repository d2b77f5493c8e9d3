"""All that a family can be shown of a story: replays, answers, pages and books."""

import io
from zipfile import ZipFile

from django.test import Client as Browser
from django.urls import reverse

from stories.models import Chapter, Generation, Story
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
    """Every file of the book that a family can keep; none where there is no chapter yet."""
    answer = browser.get(reverse("stories:epub", args=[story.pk]))
    if not Chapter.objects.filter(story=story).exists():
        assert answer.status_code == 404
        return []
    with ZipFile(io.BytesIO(answer.content)) as archive:
        return [archive.read(name).decode() for name in archive.namelist()]
