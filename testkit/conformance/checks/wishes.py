"""R15, R16 and R17: one wish is one story, chapters by number, and choices."""

import datetime as dt
import uuid
from typing import Any

from testkit.conformance.log import check_log, check_same, text_of
from testkit.conformance.requirements import requirement
from testkit.conformance.stage import THEME, Run, Stage, run_of
from testkit.conformance.wire import Api, Frame, must

_STREAM = "/stories/generate/stream"


@requirement("R15", "the same wish joins the run that is written; another wish is another story")
async def a_wish_is_one_story(stage: Stage) -> None:
    api, wish = stage.api, {"child_id": await stage.child(), "theme": THEME}
    status, run = await _asked(api, wish)
    must(status == 201, f"a new wish was answered with {status}")
    bare = {"child_id": run.child_id, "session_id": run.session_id}
    for same in (wish, bare):
        status, joined = await _asked(api, same)
        must((status, joined.id) == (200, run.id), f"{same}: {status}, and another run")
    async with api.open(_STREAM, wish) as connection:
        [first] = await connection.until("workflow started")
    must(first.data["generation_id"] == run.id, "a GET for the same wish started another run")
    must((await run.state())["is_active"], "the chapter was finished too soon to be joined")
    status, other = await _asked(api, {**wish, "title": "The Paper Moon"})
    must((status, other.id != run.id) == (201, True), "another wish was taken for the first one")
    await other.ended()
    await run.ended()
    status, later = await _asked(api, wish)
    must((status, later.id != run.id) == (201, True), "a wish joined a run that had ended")
    await later.ended()


async def _asked(api: Api, wish: dict[str, str]) -> tuple[int, Run]:
    answer = await api.send("POST", "/generations", wish, Idempotency_Key=uuid.uuid4().hex)
    must(answer.is_success, f"{wish}: {answer.status_code} {answer.text[:200]}")
    return answer.status_code, run_of(api, wish["child_id"], answer.json())


@requirement("R16", "chapters by number are replayed, written or refused; a cursor starts nothing")
async def chapters_come_by_number(stage: Stage) -> None:
    api, wish = stage.api, {"child_id": await stage.child(), "theme": THEME}

    async def chapter(number: int, cursor: str = "") -> list[Frame]:
        asked = {**wish, "chapter_number": str(number)}
        async with api.open(_STREAM, asked, cursor=cursor) as connection:
            must(connection.status == 200, f"chapter {number}: {connection.status}")
            return await connection.rest()

    await _check_status(api, _STREAM, 409, {**wish, "chapter_number": "2"})
    first = await chapter(1)
    resumed = await chapter(1, cursor="nonsense")
    must(text_of(resumed) == text_of(first), "an unknown cursor was answered with another story")
    must(resumed[-1].id == first[-1].id, "an unknown cursor started a story")
    second = await chapter(2)
    check_log(second)
    for name, expected in (("session_id", first[-1].data["session_id"]), ("currentChapter", 2)):
        must(second[-1].data[name] == expected, f"`{name}` of chapter 2 is not {expected!r}")
    check_same(await chapter(2), second, "chapter 2, asked for again")
    await _check_status(api, _STREAM, 409, {**wish, "chapter_number": "4"})


@requirement("R17", "a choice sent twice is one choice, and another option there is a branch")
async def a_choice_is_one_choice(stage: Stage) -> None:
    run = await stage.start()
    end = (await run.after())[-1]
    must(end.type == "complete", f"the chapter ended with {end.raw!r}")
    _check_names(run, end)
    options = end.data["choices"]
    left, right = (option["id"] for option in options[:2])
    once = await _chosen(run, choice_id=left, option_index="0")
    check_same(await _chosen(run, choice_id=left), once, "the same choice again")
    branch = await _chosen(run, choice_id=right)
    must(branch[-1].data["currentChapter"] == 2, "another option there is not chapter 2")
    must(branch[-1].id != once[-1].id, "another option there led to the first one's chapter")
    check_same(await _chosen(run, choice_id=left), once, "the first choice, after a branch")
    own = await _chosen(run, choice_id="custom-choice", custom_text="they bake a cake")
    must(
        own[-1].data["currentChapter"] == 3, "an own idea did not go on from the session's position"
    )
    for field, asked in {
        "choice_id": {"choice_id": "1_0"},
        "option_index": {"choice_id": right, "option_index": "0"},
        "custom_text": {"choice_id": "custom-choice"},
    }.items():
        said = await _check_status(run.api, _choices_of(run), 422, asked)
        must(field in said, f"{asked} was refused without naming {field}: {said}")


def _check_names(run: Run, end: Frame) -> None:
    must(end.data["id"] == run.story_id, f"`id` is {end.data['id']!r}, not the story's")
    made_at = dt.datetime.fromisoformat(end.data["createdAt"])
    must(made_at.utcoffset() == dt.timedelta(), f"`createdAt` is {end.data['createdAt']!r}")


def _choices_of(run: Run) -> str:
    return f"/stories/sessions/{run.session_id}/choices/stream"


async def _chosen(run: Run, **asked: str) -> list[Frame]:
    async with run.api.open(_choices_of(run), asked) as connection:
        must(connection.status == 200, f"{asked}: {connection.status}")
        frames = await connection.rest()
    must(frames[-1].type == "complete", f"{asked}: it ended with {frames[-1].raw!r}")
    return frames


async def _check_status(api: Api, path: str, status: int, asked: dict[str, Any]) -> str:
    """The body of the refusal."""
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    answer = await api.send("GET", f"{path}?{query}")
    must(answer.status_code == status, f"{path}, {asked}: {answer.status_code}, not {status}")
    return answer.text
