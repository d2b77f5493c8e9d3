"""Limits hold across processes: everything here is decided by several real ones at once."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from testkit import postgres, redis
from testkit.app import ROOT
from testkit.hosts import Hold, Reply
from testkit.processes import Worker
from testkit.starting import start
from tests.sites import Site

PROCESSES = 3
_STDERR = 2
SECONDS = 100.0

# Spanish, since the classifier for English would be loaded by every process.
_PREPARE = """
from stories.management.migrating import bring_up_to_date
bring_up_to_date()
from children.models import Child, User
for name in ("alice", "charlie", "dora"):
    family = User.objects.create_user(f"{name}@example.org").family
    Child.objects.create(
        family=family, name=name, birth_year=2019, birth_month=3, languages=["es"]
    )
"""
_CLEAR = """
from django.core.cache import cache
from stories.models import Story
Story.objects.all().delete()
cache.clear()
"""
_BEGIN = """
from children.models import Child, User
from stories.generations import FamilyBusy, NewStory, QueueFull, start_story
from tests.factories.callers import caller

def begin(email, number, capacity):
    user = User.objects.get(email=email)
    new = NewStory(child=Child.objects.get(family=user.family), theme=f"un zorro, {number}")
    try:
        return start_story(caller(user, capacity=capacity), new).is_new
    except (FamilyBusy, QueueFull) as reason:
        return type(reason).__name__
"""
_TOGETHER = """
import itertools, json, os, sys
numbers = itertools.count(os.getpid() * 100)
def together():
    print("ready", flush=True)
    sys.stdin.readline()
"""
_BEGIN_MANY = """
together()
print(json.dumps([begin("alice@example.org", next(numbers), 100) for _ in range(5)]))
"""
_FILL_QUEUE = """
together()
emails = [f"{name}@example.org" for name in ("alice", "charlie", "dora")]
print(json.dumps([begin(email, next(numbers), 2) for email in emails * 3]))
"""
_CLAIM = """
from stories.generations import leases
together()
claims = list(iter(lambda: leases.claim_next(5).claim, None))
print(json.dumps([str(claim.generation.story.child.family_id) for claim in claims]))
"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def prepared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_url: str
) -> Iterator[dict[str, str]]:
    """The environment of processes that share a database with three families."""
    own = {
        "DJANGO_SETTINGS_MODULE": "storyteller.settings",
        "STORYTELLER_DATA": str(tmp_path_factory.mktemp("shared")),
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    with ExitStack() as stack:
        if request.param == "postgresql":
            own["DATABASE_URL"] = stack.enter_context(postgres.database(postgres_url))
        alone(_PREPARE, os.environ | own)
        yield os.environ | own


@pytest.fixture
def environment(prepared: dict[str, str]) -> dict[str, str]:
    alone(_CLEAR, prepared)
    return prepared


@dataclass
class Program:
    """A script in a process of its own, which is told to go on by a line."""

    script: str
    environment: dict[str, str]

    def __post_init__(self) -> None:
        told, go_on = os.pipe()
        output, said = os.pipe()
        command = ("manage.py", "shell", "--no-imports", "--command", self.script)
        self._process = start(command, ROOT, self.environment, said, _STDERR, stdin=told)
        os.close(told)
        os.close(said)
        self._input, self._output = os.fdopen(go_on, "w"), os.fdopen(output)

    def wait_until_ready(self) -> None:
        assert self._output.readline() == "ready\n"

    def go_on(self) -> None:
        self._input.write("go\n")
        self._input.flush()

    def rest(self) -> str:
        """The output, once it has ended."""
        with self._input, self._output:
            said = self._output.read()
            assert self._process.wait(SECONDS) == 0
            return said


def alone(script: str, environment: dict[str, str]) -> None:
    Program(script, environment).rest()


def at_once(script: str, environment: dict[str, str]) -> Counter[object]:
    """Output of processes that begin at the same moment, counted together."""
    programs = [Program(_TOGETHER + script, environment) for _ in range(PROCESSES)]
    for program in programs:
        program.wait_until_ready()
    for program in programs:
        program.go_on()
    return Counter(item for program in programs for item in json.loads(program.rest()))


def test_all_processes_together_fill_the_slots_and_no_more(environment: dict[str, str]) -> None:
    limits = {"STORYTELLER_MAX_CONCURRENT_PER_FAMILY": "2"}
    emails = [name for name in ("alice", "charlie", "dora") for _ in range(4)]
    asked = [f"begin('{name}@example.org', {n}, 5)\n" for n, name in enumerate(emails)]
    alone(_BEGIN + "".join(asked), environment)
    claimed = at_once(_CLAIM, environment | limits)
    assert sorted(claimed.values()) == [1, 2, 2], "five slots, two at most for each family"


@pytest.fixture(params=["database", "redis"])
def counting(
    request: pytest.FixtureRequest, environment: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """The environment, with each place where a family's chapters may be counted."""
    if request.param == "database":
        yield environment
        return
    with redis.server(tmp_path) as url:
        yield environment | {"REDIS_URL": url}


def test_a_familys_limit_holds_whichever_process_it_asks(counting: dict[str, str]) -> None:
    begun = at_once(_BEGIN + _BEGIN_MANY, counting | {"STORYTELLER_CHAPTERS_PER_MINUTE": "7"})
    assert begun == {True: 7, "FamilyBusy": 5 * PROCESSES - 7}


def test_the_queue_has_its_bound_whichever_process_is_asked(environment: dict[str, str]) -> None:
    begun = at_once(_BEGIN + _FILL_QUEUE, environment | {"STORYTELLER_MAX_QUEUED": "6"})
    assert begun[True] == 2 + 6
    assert begun["QueueFull"] > 0


async def test_workers_share_the_slots_of_one_model_host(site: Site) -> None:
    """Each of two could write four; together they write two. The others hear their positions."""
    site.staff(0)
    limits = {"STORYTELLER_MAX_CONCURRENT": "2", "STORYTELLER_MAX_CONCURRENT_PER_FAMILY": "0"}
    limited = replace(site.near, settings={**site.near.settings, **limits})
    hold, before = Hold(after=20), len(site.host.calls)
    site.host.most_active = 0
    site.host.script(prose=lambda _: Reply(hold=hold), structured=[], judge=[])
    with ThreadPoolExecutor() as both:
        site.workers += both.map(Worker, [limited] * 2)
    asked = [await asyncio.to_thread(site.begin) for _ in range(5)]
    await site.host.called(before + 2).seen(30)
    positions = [await _queue_position(site, generation_id) for generation_id in asked[2:]]
    assert positions == [1, 2, 3]
    assert len(site.host.calls) == before + 2
    hold.release()
    for generation_id in asked:
        assert (await site.read(generation_id, site.far))[-1].type == "complete"
    assert site.host.most_active == 2
    site.staff(0)


async def _queue_position(site: Site, generation_id: str) -> int:
    async with site.follow(generation_id, site.far) as frames:
        told = await anext(frame async for frame in frames if frame.type == "queue")
    return int(told.data["position"])
