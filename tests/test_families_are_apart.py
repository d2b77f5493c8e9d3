"""Every URL there is, tried as another family: 403 or 404, and no data.

The test walks the URL patterns, so a new URL is covered by itself, and one with a parameter that
this test does not know fails until it is taught what to try.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import AsyncClient
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from children import tokens
from children.models import ApiToken, Child, User
from stories.access import tickets
from stories.api.narration import signed
from stories.controls.switches import Feature
from stories.generations import NewStory, start_story
from stories.infra.db import in_database
from stories.models import Chapter, Choice, Generation, KeptFriend, Story, Switch
from tests.factories.callers import caller
from tests.factories.families import PASSWORD, make_child
from tests.factories.stories import make_kept_friend

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "Zebulon"
# Django's and allauth's own pages that take something else than a family's data.
NOT_OURS = ("admin:", "account_", "javascript-catalog", "set_language")


@dataclass(frozen=True)
class Belongings:
    """Alice's belongings, by the names that URLs give to their parameters."""

    child: Child
    story: Story
    generation: Generation
    choice: Choice
    friend: KeptFriend
    token: ApiToken

    def parameters(self) -> dict[str, Any]:
        return {
            "child_id": self.child.pk,
            "story_id": self.story.pk,
            "chapter_id": self.choice.chapter_id,
            "session_id": self.story.session.pk,
            "generation_id": self.generation.pk,
            "friend_id": self.friend.pk,
            "token_id": self.token.pk,
            "passage": signed(self.choice.chapter_id, 0, 7, 1.0, "key"),
        }


@pytest.fixture
def belongings(alice: User) -> Belongings:
    child = make_child(alice.family, SECRET)
    asker = caller(alice)
    generation = start_story(asker, NewStory(child=child, theme=f"{SECRET} at sea")).generation
    chapter = Chapter.objects.create(
        story=generation.story,
        number=1,
        title=SECRET,
        text=SECRET,
        source=SECRET,
        word_count=1,
        reading_minutes=1,
        measured_level="beginner",
        safety_score=1.0,
    )
    generation.story.session.chapter = chapter
    generation.story.session.save()
    choice = Choice.objects.create(chapter=chapter, text=SECRET)
    tokens.create(alice, SECRET)
    Switch.objects.create(name=Feature.READ_ALOUD)  # no audio is made of it
    friend = make_kept_friend(child, "pim", name=SECRET)
    return Belongings(child, generation.story, generation, choice, friend, ApiToken.objects.get())


def patterns(resolver: URLResolver | None = None, names: str = "") -> Iterator[tuple[str, Any]]:
    """Every named pattern of this project, with its namespace."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            namespace = f"{names}{entry.namespace}:" if entry.namespace else names
            yield from patterns(entry, namespace)
        elif isinstance(entry, URLPattern) and entry.name:
            yield f"{names}{entry.name}", entry.pattern.converters


def urls_of(belongings: Belongings) -> Iterator[tuple[str, bool]]:
    """Each URL once, and whether it names something of Alice's."""
    known = belongings.parameters()
    seen: set[str] = set()
    for name, converters in patterns():
        if name.startswith(NOT_OURS) or name in seen:
            continue
        seen.add(name)
        unknown = set(converters) - set(known)
        assert not unknown, f"teach this test what {unknown} of {name} is"
        yield reverse(name, kwargs={key: known[key] for key in converters}), bool(converters)


def with_query(url: str, belongings: Belongings) -> str:
    query = f"child_id={belongings.child.pk}&theme=fox&choice_id={belongings.choice.pk}"
    return f"{url}?{query}"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_another_family_gets_nothing_at_any_url(
    belongings: Belongings, charlie: User, method: str
) -> None:
    client = AsyncClient()
    await client.alogin(email=charlie.email, password=PASSWORD)
    said = {"sentence": "x", "text": SECRET}
    body = json.dumps({"child_id": str(belongings.child.pk), "theme": "fox", "seconds": 5, **said})
    for url, is_alices in [*urls_of(belongings)]:
        response = await client.generic(
            method, with_query(url, belongings), body, content_type="application/json"
        )
        assert not getattr(response, "is_async", False), f"{method} {url} began a stream"
        assert SECRET not in response.content.decode(), f"{method} {url}"
        if is_alices:
            assert response.status_code in (403, 404, 405), f"{method} {url}"
    assert await Generation.objects.acount() == 1
    assert await Child.objects.acount() == 1
    assert (await ApiToken.objects.aget()).revoked_at is None
    assert await KeptFriend.objects.acount() == 1


async def test_a_stranger_gets_nothing_at_any_url(belongings: Belongings) -> None:
    client = AsyncClient()
    for url, is_alices in [*urls_of(belongings)]:
        response = await client.get(with_query(url, belongings))
        assert SECRET not in response.content.decode(), url
        if is_alices:
            assert response.status_code in (302, 401, 403, 404, 405), url


async def test_the_family_itself_is_let_in(belongings: Belongings, bob: User) -> None:
    """The walk above would pass if everything were always 404."""
    client = AsyncClient()
    await client.alogin(email=bob.email, password=PASSWORD)
    for url, is_alices in [*urls_of(belongings)]:
        response = await client.get(with_query(url, belongings))
        if is_alices:
            assert response.status_code not in (403, 404), url


async def test_a_start_for_another_familys_child_is_forbidden(
    belongings: Belongings, charlie: User
) -> None:
    client = AsyncClient()
    await client.alogin(email=charlie.email, password=PASSWORD)
    url = f"/api/v1/stories/generate/stream?child_id={belongings.child.pk}&theme=fox"
    assert (await client.get(url)).status_code == 403
    body = {"child_id": str(belongings.child.pk), "theme": "fox"}
    response = await client.post("/api/v1/generations", body, content_type="application/json")
    assert response.status_code == 403


def _made_with(user: User) -> tickets.Origin:
    token = tokens.find(tokens.create(user, "a program"))
    assert token is not None
    return tickets.of_token(token.pk)


async def test_tickets_are_bound_to_one_stream(
    belongings: Belongings, alice: User, charlie: User
) -> None:
    client = AsyncClient()
    events = f"/api/v1/generations/{belongings.generation.pk}/events"
    ours, theirs = await in_database(_made_with, alice), await in_database(_made_with, charlie)
    ticket = tickets.for_generation(alice, belongings.generation, ours)
    other = Generation(pk=uuid.uuid4())
    foreign = tickets.for_generation(charlie, belongings.generation, theirs)
    stolen = tickets.for_generation(charlie, belongings.generation, ours)
    assert (await client.get(f"{events}?token={ticket}")).status_code == 200
    for bad in (tickets.for_generation(alice, other, ours), foreign):
        assert (await client.get(f"{events}?token={bad}")).status_code == 403
    for bad in (f"{ticket}x", stolen):
        assert (await client.get(f"{events}?token={bad}")).status_code == 401
    token = await in_database(tokens.create, alice, "long-lived")
    assert (await client.get(f"{events}?token={token}")).status_code == 401
    plain = f"/api/v1/generations/{belongings.generation.pk}?token={ticket}"
    assert (await client.get(plain)).status_code == 401
