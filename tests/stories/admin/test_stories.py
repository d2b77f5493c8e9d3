"""The staff desk for stories: what a moderator sees, finds, and cannot touch."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from children.models import Child, User
from stories.generations.briefs import brief_for
from stories.models import (
    Generation,
    GenerationEvent,
    ReadingSession,
    Story,
)
from tests.desk import get, page_of, queries_of
from tests.factories.stories import (
    HELD,
    SHOWN,
    add_events,
    make_chapter,
    make_choice,
    make_finding,
    make_run,
    make_story,
)

LISTS = ["stories_story", "stories_generation", "stories_safetyfinding", "children_child"]
HEBREW = "החתול טיפס אל הגג."


@pytest.fixture
def moderator(db: None) -> User:
    user = User.objects.create_user("mod@example.org", is_staff=True)
    names = ["view_story", "view_generation", "view_safetyfinding", "view_child"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


@pytest.fixture
def desk(client: Client, moderator: User) -> Client:
    client.force_login(moderator)
    return client


@pytest.fixture
def superuser_client(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("ada@example.org"))
    return client


def grow(child: Child, count: int) -> None:
    """`count` more stories, each with two chapters, findings and events."""
    for number in range(count):
        story = make_story(child, f"A theme {number}")
        first = make_chapter(story, "One.\n\nTwo.")
        make_chapter(story, "Three.", make_choice(first, "Go on"))
        make_finding(first.generation)
        add_events(first.generation, ["One.", "\n\nTwo."])
        make_run(story, 3, "failed", error_code="MODEL_TIMEOUT")


def story_list(client: Client, **query: str) -> str:
    return get(client, reverse("admin:stories_story_changelist"), **query)


# Reading a story ----------------------------------------------------------------------------------


def test_a_story_page_reads_like_the_story(desk: Client, mia: Child) -> None:
    story = make_story(mia)
    chapter = make_chapter(story, "A wolf stood there.\n\nHe smelled bread.")
    html = get(desk, page_of(story))
    assert "<p>A wolf stood there.</p>" in html
    assert "<p>He smelled bread.</p>" in html
    assert "a shop that smells of bread" in html
    assert page_of(chapter.generation) in html


def test_a_story_page_marks_the_choice_that_was_taken_and_where_it_led(
    desk: Client, mia: Child
) -> None:
    story = make_story(mia)
    first = make_chapter(story, "One.")
    taken, other = make_choice(first, "Feed him"), make_choice(first, "Run away", 1)
    second = make_chapter(story, "Two.", taken)
    items = re.findall(r"<li[^>]*>\s*<strong>.*?</li>", get(desk, page_of(story)), re.DOTALL)
    marked = next(item for item in items if taken.text in item)
    plain = next(item for item in items if other.text in item)
    assert "is-taken" in marked
    assert f"#chapter-{second.pk}" in marked
    assert "is-taken" not in plain


def test_chapters_off_the_readers_path_come_after_the_path(desk: Client, mia: Child) -> None:
    story = make_story(mia)
    first = make_chapter(story, "Start.")
    make_chapter(story, "Left behind.", make_choice(first, "Left"), "Left")
    right = make_chapter(story, "Being read.", make_choice(first, "Right", 1), "Right")
    make_chapter(story, "The end of the path.", make_choice(right, "On"), "End")
    text = get(desk, page_of(story))
    order = [text.index(line) for line in ("Start.", "Being read.", "The end of", "Left behind.")]
    assert order == sorted(order)


def test_text_that_was_held_back_stands_with_its_chapter_and_says_why(
    desk: Client, mia: Child
) -> None:
    story = make_story(mia)
    finding = make_finding(make_chapter(story, "One.").generation)
    html = get(desk, page_of(story))
    shown = html[html.index(f'id="finding-{finding.pk}"') :]
    for fact in (HELD, SHOWN, "rules", "en.violence.gore", "violence", "0.91", "0.55"):
        assert fact in shown


def test_text_held_back_in_a_run_without_a_chapter_is_on_the_story_page(
    desk: Client, mia: Child
) -> None:
    story = make_story(mia, title="")
    make_finding(make_run(story, status="failed", error_code="SAFETY_REJECTED"))
    html = get(desk, page_of(story))
    assert HELD in html
    assert "SAFETY_REJECTED" in html


def test_hebrew_reads_from_right_to_left_on_a_left_to_right_page(desk: Client, mia: Child) -> None:
    story = make_story(mia, language="he")
    make_chapter(story, HEBREW)
    html = get(desk, page_of(story))
    assert '<div class="prose" lang="he" dir="rtl">' in html
    assert re.search(r'<html lang="en[^"]*" dir="ltr">', html)


def test_the_level_asked_for_is_named_where_another_was_measured(desk: Client, mia: Child) -> None:
    same, other = make_story(mia), make_story(mia)
    make_chapter(same, "One.", measured_level="beginner")
    make_chapter(other, "One.", measured_level="advanced")
    assert "asked: Beginner" not in get(desk, page_of(same))
    assert "asked: Beginner" in get(desk, page_of(other))


def test_markup_in_a_story_is_shown_as_text(desk: Client, mia: Child) -> None:
    story = make_story(mia, "<script>theme</script>", title="<b>title</b>")
    chapter = make_chapter(story, "<script>text</script>", title="<i>chapter</i>")
    make_finding(chapter.generation, "<script>held</script>")
    add_events(chapter.generation, ["<script>chunk</script>"])
    finding_list = reverse("admin:stories_safetyfinding_changelist")
    for url in (page_of(story), page_of(chapter.generation), finding_list):
        html = get(desk, url)
        assert "&lt;script&gt;" in html
        assert not re.search(r"<script>|<b>title|<i>chapter", html)


# Finding ------------------------------------------------------------------------------------------


def test_a_story_is_found_by_words_of_a_chapter(desk: Client, mia: Child) -> None:
    make_chapter(make_story(mia, title="Found"), "The wolf loved marzipan.")
    make_chapter(make_story(mia, title="Other"), "The wolf loved bread.")
    html = story_list(desk, q="marzipan")
    assert "Found" in html
    assert "Other" not in html


def test_a_story_found_in_several_chapters_is_listed_once(desk: Client, mia: Child) -> None:
    story = make_story(mia)
    first = make_chapter(story, "Marzipan.")
    make_chapter(story, "More marzipan.", make_choice(first, "Eat"))
    assert story_list(desk, q="marzipan").count(page_of(story)) == 1


@pytest.fixture
def stories_by_state(mia: Child) -> dict[str, Story]:
    stories = {
        state: make_story(mia, title=f"Story {state}")
        for state in ("writing", "finished", "failed", "stopped", "open")
    }
    make_run(stories["writing"], status="running")
    make_chapter(stories["finished"], "The end.", is_ending=True)
    ReadingSession.objects.filter(story=stories["finished"]).update(finished_at=timezone.now())
    make_run(stories["failed"], status="failed", error_code="MODEL_TIMEOUT")
    make_run(stories["stopped"], status="stopped", error_code="CANCELLED")
    make_chapter(stories["open"], "One.")
    return stories


@pytest.mark.parametrize("state", ["writing", "finished", "failed", "stopped", "open"])
def test_stories_are_filtered_by_state(
    desk: Client, stories_by_state: dict[str, Story], state: str
) -> None:
    html = story_list(desk, state=state)
    listed = {name for name, story in stories_by_state.items() if page_of(story) in html}
    assert listed == {state}


def test_stories_are_filtered_by_held_back_text_and_by_child(
    desk: Client, mia: Child, stories_by_state: dict[str, Story]
) -> None:
    marked = stories_by_state["open"]
    make_finding(marked.generations.get())
    assert page_of(marked) in story_list(desk, held_back="yes")
    assert page_of(marked) not in story_list(desk, held_back="no")
    assert page_of(marked) in story_list(desk, child__exact=str(mia.pk))


def test_the_list_counts_chapters_and_held_back_text_apart(desk: Client, mia: Child) -> None:
    story = make_story(mia)
    first = make_chapter(story, "One.")
    make_chapter(story, "Two.", make_choice(first, "Left"))
    make_chapter(story, "Also two.", make_choice(first, "Right", 1))
    for _ in range(3):
        make_finding(first.generation)
    html = story_list(desk)
    assert "2 / 5 (+1)" in html
    assert '<span class="badge badge-held">3</span>' in html


def test_findings_are_filtered_by_the_language_of_their_story(desk: Client, mia: Child) -> None:
    make_finding(make_run(make_story(mia)), "English words.")
    make_finding(make_run(make_story(mia, language="he")), "מילים בעברית")
    url = reverse("admin:stories_safetyfinding_changelist")
    html = get(desk, url, generation__story__language="he")
    assert "מילים בעברית" in html
    assert "English words." not in html


def test_a_run_is_found_by_the_first_part_of_its_id(desk: Client, mia: Child) -> None:
    run, other = make_run(make_story(mia)), make_run(make_story(mia))
    html = get(desk, reverse("admin:stories_generation_changelist"), q=str(run.pk)[:13])
    assert page_of(run) in html
    assert page_of(other) not in html


@pytest.mark.parametrize("name", LISTS)
def test_every_column_sorts_and_every_filter_counts(desk: Client, mia: Child, name: str) -> None:
    grow(mia, 2)
    url = reverse(f"admin:{name}_changelist")
    for column in range(8):
        get(desk, url, o=str(column), _facets="True")


# Explaining a run ---------------------------------------------------------------------------------


def test_a_failed_run_shows_its_error_and_what_the_reader_saw(desk: Client, mia: Child) -> None:
    run = make_run(
        make_story(mia),
        status="failed",
        error_code="MODEL_TIMEOUT",
        error_detail="httpx.ReadTimeout",
    )
    add_events(run, ["The wolf", " sat down.", "\n\nHe waited."])
    html = get(desk, page_of(run))
    assert "MODEL_TIMEOUT" in html
    assert "httpx.ReadTimeout" in html
    assert "<p>The wolf sat down.</p>" in html
    assert "<p>He waited.</p>" in html


def test_a_run_says_what_the_model_was_told_and_how_long_each_step_took(
    desk: Client, mia: Child
) -> None:
    html = get(desk, page_of(make_run(make_story(mia))))
    for fact in ("A wolf at the bakery", "Robin", "generate content", "8.4 s"):
        assert fact in html


def test_a_long_event_log_is_cut_and_says_so(desk: Client, mia: Child) -> None:
    run = make_run(make_story(mia))
    add_events(run, ["word "] * 503)
    html = get(desk, page_of(run))
    assert "500 of 503 events" in html
    assert html.count('<tr class="event-content">') == 500


# Speed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_a_list_makes_as_many_queries_for_many_rows_as_for_few(
    superuser_client: Client,
    mia: Child,
    name: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    url = reverse(f"admin:{name}_changelist")
    grow(mia, 2)
    few = queries_of(superuser_client, url)
    grow(mia, 12)
    for number in range(12):
        Child.objects.create(
            family=mia.family, name=f"Kid {number}", birth_year=2019, birth_month=1
        )
    with django_assert_max_num_queries(few):
        get(superuser_client, url)
    assert few <= 16


def test_pages_make_as_many_queries_for_a_long_story_as_for_a_short_one(
    superuser_client: Client, mia: Child, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    story = make_story(mia, total_chapters=12)
    chapter = make_chapter(story, "One.")
    make_finding(chapter.generation)
    add_events(chapter.generation, ["One."])
    urls = [page_of(story), page_of(chapter.generation)]
    few = [queries_of(superuser_client, url) for url in urls]
    GenerationEvent.objects.all().delete()
    add_events(chapter.generation, ["word "] * 200)
    for number in range(8):
        make_finding(chapter.generation)
        chapter = make_chapter(story, "More.", make_choice(chapter, f"Choice {number}"))
        make_finding(make_run(story, chapter.number, "failed", choice=chapter.choice))
    for url, count in zip(urls, few, strict=True):
        with django_assert_max_num_queries(count):
            get(superuser_client, url)
        assert count <= 16


# Who may ------------------------------------------------------------------------------------------


@pytest.fixture
def rows(mia: Child) -> dict[str, Any]:
    story = make_story(mia)
    chapter = make_chapter(story, "One.")
    add_events(chapter.generation, ["One."])
    return {
        "stories_story": story,
        "stories_generation": chapter.generation,
        "stories_safetyfinding": make_finding(chapter.generation),
        "children_child": mia,
    }


def every_page(rows: dict[str, Any]) -> Iterator[str]:
    for name, row in rows.items():
        yield reverse(f"admin:{name}_changelist")
        yield page_of(row)


def test_a_moderator_sees_no_parents_account(
    desk: Client, alice: User, rows: dict[str, Any]
) -> None:
    for url in [reverse("admin:index"), *every_page(rows)]:
        html = get(desk, url)
        assert alice.email not in html
        assert str(alice.family_id) not in html


@pytest.mark.parametrize("name", ["children_user", "children_family", "children_apitoken"])
def test_a_moderator_may_not_open_accounts(desk: Client, name: str) -> None:
    assert desk.get(reverse(f"admin:{name}_changelist")).status_code == 403


def test_staff_without_permissions_see_nothing(client: Client, rows: dict[str, Any]) -> None:
    client.force_login(User.objects.create_user("new@example.org", is_staff=True))
    for url in every_page(rows):
        assert client.get(url).status_code == 403, url


def test_parents_are_sent_to_log_in(client: Client, alice: User, rows: dict[str, Any]) -> None:
    client.force_login(alice)
    for url in every_page(rows):
        assert client.get(url).status_code == 302, url


def test_what_was_held_back_needs_its_own_permission(client: Client, rows: dict[str, Any]) -> None:
    reader = User.objects.create_user("reader@example.org", is_staff=True)
    names = ["view_story", "view_generation"]
    reader.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(reader)
    for name in ("stories_story", "stories_generation"):
        assert HELD not in get(client, page_of(rows[name]))


@pytest.mark.parametrize("name", LISTS)
def test_nobody_adds_or_edits(superuser_client: Client, rows: dict[str, Any], name: str) -> None:
    row = rows[name]
    before = type(row).objects.filter(pk=row.pk).values().get()
    posted = dict.fromkeys(before, "changed")
    assert superuser_client.get(reverse(f"admin:{name}_add")).status_code == 403
    assert superuser_client.post(page_of(row), posted).status_code == 403
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize("name", LISTS)
def test_a_moderator_deletes_nothing_whatever_permissions_say(
    desk: Client, moderator: User, rows: dict[str, Any], name: str
) -> None:
    moderator.user_permissions.set(Permission.objects.all())
    url = reverse(f"admin:{name}_delete", args=[rows[name].pk])
    assert desk.post(url, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", ["stories_generation", "stories_safetyfinding"])
def test_not_even_superusers_delete_the_record_of_what_happened(
    superuser_client: Client, rows: dict[str, Any], name: str
) -> None:
    url = reverse(f"admin:{name}_delete", args=[rows[name].pk])
    assert superuser_client.post(url, {"post": "yes"}).status_code == 403


def test_a_superuser_deletes_a_story_and_is_told_what_goes_with_it(
    superuser_client: Client, rows: dict[str, Any]
) -> None:
    story = rows["stories_story"]
    url = reverse("admin:stories_story_delete", args=[story.pk])
    html = get(superuser_client, url)
    for line in ("Chapters: 1", "Generations: 1", "Generation events: 1", "Safety findings: 1"):
        assert line in html
    superuser_client.post(url, {"post": "yes"})
    assert not Story.objects.filter(pk=story.pk).exists()
    assert not GenerationEvent.objects.exists()


def test_no_staff_page_needs_an_inline_script_or_style(
    superuser_client: Client, rows: dict[str, Any]
) -> None:
    for url in [reverse("admin:index"), *every_page(rows)]:
        response = superuser_client.get(url)
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        html = response.content.decode()
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", html), url


def test_what_is_not_as_it_was_asked_for_is_on_the_runs_page(desk: Client, mia: Child) -> None:
    found = [
        {"kind": "pronoun", "sentence": "Robin shook his head."},
        {"kind": "short", "sentence": ""},
    ]
    story = make_story(mia, stand_in="Robin")
    chapter = make_chapter(story, "Mia shook his head.", outcome_findings=found)
    page = get(desk, page_of(chapter.generation))
    assert "another pronoun than the profile&#x27;s" in page
    assert "far shorter than it was asked to be" in page
    assert "Mia shook his head." in page


# A chapter's report on its run's page -------------------------------------------------------------

FACT = {"kind": "has", "who": "Robin", "what": "a bent lid", "sentence": "Robin took a bent lid."}


def reported(mia: Child, brief: dict[str, Any], **chapter: Any) -> Generation:
    """The run of a chapter, told by a brief with these fields."""
    story = make_story(mia, stand_in="Robin")
    made = make_chapter(story, "Mia took a bent lid.", source="Robin took a bent lid.", **chapter)
    Generation.objects.filter(chapter=made).update(brief=made.generation.brief | brief)
    return Generation.objects.get(chapter=made)


def rows_of(html: str) -> dict[str, str]:
    """The table of measures: each row's cells behind its name."""
    table = html.partition('class="measures"')[2].partition("</table>")[0]
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table, re.DOTALL)
    return {name: " ".join(re.sub(r"<[^>]+>", " ", cells).split()) for name, cells in rows}


def test_a_chapters_measures_stand_beside_their_targets(desk: Client, mia: Child) -> None:
    path = [{"number": 1, "title": "A", "summary": "B.", "text": "C."}]
    knock = {"text": "Show the bent lid", "description": "It may fit."}
    brief = {"path": [path[0] | {"choice": knock}], "chapter_number": 5, "total_chapters": 5}
    html = get(desk, page_of(reported(mia, brief, word_count=400, measured_level="advanced")))
    rows = rows_of(html)
    assert re.fullmatch(r"\d+ 400 missed", rows["Words"])
    assert rows["Level"] == "Beginner Advanced missed"
    choice = "Choice honoured in the first 80 words"
    assert rows[choice] == "Show the bent lid met"
    other = {"path": [path[0] | {"choice": knock | {"text": "Sail away", "description": ""}}]}
    assert rows_of(get(desk, page_of(reported(mia, brief | other))))[choice].endswith("missed")


def test_the_find_of_an_ending_is_measured_where_it_was_told_of_one(
    desk: Client, mia: Child
) -> None:
    drawn = brief_for(make_story(mia, "a fox"), None).model_dump(mode="json")["plan"]
    ending = {"chapter_number": 5, "total_chapters": 5}
    own = {"want": "Robin wants light.", "find": "the bent lid", "first": 2, "turns": []}
    html = get(desk, page_of(reported(mia, ending | {"plan": drawn | {"own": own}})))
    assert rows_of(html)["Find used"] == "the bent lid met"
    assert "The model's own plan, told in its place" in html
    without = get(desk, page_of(reported(mia, ending | {"plan": drawn})))
    assert "Find used" not in rows_of(without)


def test_what_a_chapter_leaves_to_the_next_ones_is_shown_with_the_familys_names(
    desk: Client, mia: Child
) -> None:
    run = reported(
        mia,
        {"memory": {"facts": [FACT | {"what": "an old map"}], "threads": ["where Robin lives"]}},
        facts=[FACT],
        threads={"opened": ["who bent the lid"], "closed": ["where Robin lives"]},
        scene={"place": "mill", "time": "night", "weather": "", "who": ["hero", "owl"]},
        plan={"want": "Robin wants rest.", "first": 2, "turns": ["They ask the wind.", ""]},
    )
    html = get(desk, page_of(run))
    remembered = html.partition('id="remembered"')[2].partition("</section>")[0]
    assert "Mia: a bent lid" in remembered
    assert "Mia took a bent lid." in remembered
    assert "who bent the lid" in remembered
    assert "where Mia lives" in remembered
    assert "mill, night, hero + owl" in remembered
    assert "Mia wants rest." in remembered
    assert "They ask the wind." in remembered
    assert "an old map" in html.partition("What it was to remember")[2]


def test_a_run_whose_brief_and_memory_cannot_be_read_has_its_page_all_the_same(
    desk: Client, mia: Child
) -> None:
    run = reported(mia, {"age": "old"}, facts="odd", threads=[], scene=["odd"], plan="odd")
    html = get(desk, page_of(run))
    assert 'id="remembered"' in html
    assert rows_of(html) == {}
