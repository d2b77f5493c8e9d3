"""The moderators' pages: the queue, a case from its page alone, the numbers, switches, a replay."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from children.models import Child, User
from stories.brief import AgeBand
from stories.generations import cases, open_report, rulings
from stories.models import Case, Chapter, Generation, Ruling, SafetyFinding, Switch, Threshold
from stories.thresholds import threshold_of
from tests.moderators import make_moderator
from tests.ollama_server import OllamaServer
from tests.stories.test_admin import (
    HELD,
    MaxQueries,
    get,
    make_chapter,
    make_choice,
    make_finding,
    make_run,
    make_story,
    page_of,
    queries_of,
)

QUEUE = "admin:stories_case_changelist"
SHOWN_INSTEAD = "Then the sun came out."
RUDE = "Shut up, you whore."


@pytest.fixture
def mod(db: None) -> User:
    return make_moderator()


@pytest.fixture
def desk(client: Client, mod: User) -> Client:
    client.force_login(mod)
    return client


@pytest.fixture
def chapter(mia: Child) -> Chapter:
    return make_chapter(make_story(mia), f"The wolf sat down. {SHOWN_INSTEAD}\n\nHe slept.")


def make_case(chapter: Chapter, source: str = "soft", risk: int = 40, **fields: Any) -> Case:
    finding = make_finding(
        chapter.generation,
        replacement=SHOWN_INSTEAD,
        before="The wolf sat down.",
        offset=len("The wolf sat down."),
        **fields,
    )
    return Case.objects.create(
        source=source, risk=risk, generation=chapter.generation, finding=finding
    )


def decide(client: Client, case: Case, action: str, **fields: str) -> None:
    url = reverse("admin:stories_case_decide", args=[case.pk])
    answer = client.post(url, {"action": action, **fields})
    assert answer.status_code == 302
    case.refresh_from_db()


# The queue ----------------------------------------------------------------------------------------


def test_the_queue_is_sorted_by_risk_and_then_age(desk: Client, chapter: Chapter) -> None:
    order = [make_case(chapter, risk=risk) for risk in (40, 90, 40, 70)]
    html = get(desk, reverse(QUEUE))
    listed = re.findall(r"stories/case/([0-9a-f-]{36})/change", html)
    assert listed == [str(order[number].pk) for number in (1, 3, 0, 2)]


def test_the_queue_holds_what_waits_and_shows_the_rest_when_asked(
    desk: Client, chapter: Chapter, mod: User
) -> None:
    waiting, taken, done = (make_case(chapter) for _ in range(3))
    for case in (taken, done):
        cases.claim(case.pk, mod)
    rulings.approve(done.pk, mod)
    listed = {
        state: {case for case in (waiting, taken, done) if page_of(case) in html}
        for state in ("", "mine", "decided", "all")
        if (html := get(desk, reverse(QUEUE), **({"state": state} if state else {})))
    }
    assert listed == {
        "": {waiting, taken},
        "mine": {taken},
        "decided": {done},
        "all": {waiting, taken, done},
    }


def test_every_column_of_the_queue_sorts_and_its_words_are_found(
    desk: Client, chapter: Chapter
) -> None:
    make_case(chapter)
    for column in range(7):
        get(desk, reverse(QUEUE), o=str(column), _facets="True")
    assert HELD in get(desk, reverse(QUEUE), q="bled")
    assert HELD not in get(desk, reverse(QUEUE), q="marzipan")


# A case, from its page alone ----------------------------------------------------------------------


def test_a_cases_page_says_which_rule_held_it_back_and_what_the_child_saw_instead(
    desk: Client, chapter: Chapter
) -> None:
    html = get(desk, page_of(make_case(chapter)))
    told = html[html.index('id="held"') : html.index('id="shown"')]
    facts = ("en.violence.gore", "rules", "violence", "0.91", "0.55", HELD, SHOWN_INSTEAD)
    for fact in (*facts, "The wolf sat down."):
        assert fact in told, fact


def test_the_story_is_marked_where_the_sentence_would_have_stood(
    desk: Client, chapter: Chapter
) -> None:
    case = make_case(chapter)
    for url in (page_of(case), page_of(chapter.story)):
        html = get(desk, url)
        prose = html[html.index('class="prose"') :]
        order = [prose.index(text) for text in ("The wolf sat down.", HELD, SHOWN_INSTEAD)]
        assert order == sorted(order)
        assert f"#finding-{case.finding_id}" in prose


@pytest.mark.parametrize(
    ("place", "stands"),
    [(0, "held one two"), (1, "one held two"), (2, "one two held")],
)
def test_a_paragraph_that_was_held_back_is_marked_as_one_between_those_that_were_shown(
    desk: Client, mia: Child, place: int, stands: str
) -> None:
    shown = ["Robin sat down.", "Robin slept."]
    chapter = make_chapter(
        make_story(mia), "Mia sat down.\n\nMia slept.", source="\n\n".join(shown)
    )
    before = "".join(f"{paragraph}\n\n" for paragraph in shown[:place])
    make_finding(chapter.generation, layer="guard", before=before, offset=len(before.rstrip("\n")))
    case = cases.open_by_staff(chapter.generation, make_moderator("ada@example.org"))
    for url in (page_of(chapter.story), page_of(case)):
        html = get(desk, url)
        prose = html[html.index('class="prose"') :]
        paragraphs = re.findall(r"(?s)<p>(.*?)</p>", prose[: prose.index("</div>")])
        words = {"Mia sat down.": "one", "Mia slept.": "two"}
        told = [words.get(p.strip(), "held" if HELD in p else "") for p in paragraphs]
        assert " ".join(told) == stands


def test_a_sentence_of_a_version_that_was_rewritten_has_no_place_in_the_new_one(
    desk: Client, chapter: Chapter
) -> None:
    case = make_case(chapter)
    SafetyFinding.objects.update(before="Another beginning.")
    html = get(desk, page_of(chapter.story))
    assert "<del" not in html
    assert f'id="finding-{case.finding_id}"' in html


def test_the_childs_name_stands_where_the_child_saw_it(desk: Client, mia: Child) -> None:
    chapter = make_chapter(
        make_story(mia), "Mia sat down. Mia ran.", source="Robin sat down. Robin ran."
    )
    make_finding(chapter.generation, before="Robin sat down.", offset=len("Robin sat down."))
    html = get(desk, page_of(chapter.story))
    assert re.search(r"Mia sat down\..*<del.*</del>\s*Mia ran\.", html, re.DOTALL)


def test_a_familys_report_shows_the_sentence_and_not_who_sent_it(
    desk: Client, chapter: Chapter, alice: User
) -> None:
    case = open_report(alice, chapter, SHOWN_INSTEAD, "My child cried.")
    for url in (page_of(case), reverse(QUEUE)):
        html = get(desk, url)
        assert SHOWN_INSTEAD in html
        assert "My child cried." in html
        assert alice.email not in html


# Deciding -----------------------------------------------------------------------------------------


def test_a_case_is_worked_from_claim_to_decision(desk: Client, chapter: Chapter, mod: User) -> None:
    case = make_case(chapter)
    assert 'value="reject"' not in get(desk, page_of(case))
    decide(desk, case, "claim")
    assert 'value="reject"' in get(desk, page_of(case))
    decide(desk, case, "reject", reason="violence", note="Blood.")
    assert case.outcome == "rejected"
    html = get(desk, page_of(case))
    for fact in (mod.email, "rejected", "violence", "Blood.", "withdrawn"):
        assert fact in html
    assert 'value="reject"' not in html


def test_what_cannot_be_done_is_said_and_changes_nothing(desk: Client, chapter: Chapter) -> None:
    case = make_case(chapter)
    decide(desk, case, "approve")
    assert case.is_open
    assert "Claim this case before you decide it." in get(desk, page_of(case))


@pytest.mark.usefixtures("ollama")
def test_a_chapter_is_sent_back(desk: Client, chapter: Chapter, mod: User) -> None:
    case = cases.open_by_staff(chapter.generation, mod)
    decide(desk, case, "send_back", reason="fear")
    assert case.outcome == "sent_back"
    assert Generation.objects.filter(status="queued", story=chapter.story).count() == 1


def test_a_moderator_makes_a_case_of_what_they_read(
    desk: Client, chapter: Chapter, mod: User
) -> None:
    url = reverse("admin:stories_case_open", args=[chapter.generation.pk])
    assert f'formaction="{url}"' in get(desk, page_of(chapter.story))
    desk.post(url)
    case = Case.objects.get()
    assert (case.source, case.claimed_by) == ("staff", mod)


# The log and the numbers --------------------------------------------------------------------------


def test_the_log_says_who_did_what_when_and_why_and_offers_no_change(
    superuser: Client, chapter: Chapter, mod: User
) -> None:
    case = make_case(chapter)
    cases.claim(case.pk, mod)
    rulings.reject(case.pk, mod, "fear", "Too dark.")
    line = Ruling.objects.get(action="reject")
    html = get(superuser, reverse("admin:stories_ruling_changelist"))
    for fact in (mod.email, "too frightening", "Too dark.", page_of(case)):
        assert fact in html
    for url in (page_of(line), page_of(line).replace("change", "delete")):
        assert superuser.post(url, {"note": "Nothing.", "post": "yes"}).status_code == 403
    assert Ruling.objects.get(pk=line.pk).note == "Too dark."


def test_the_numbers_count_cases_layers_and_times(
    desk: Client, chapter: Chapter, mod: User
) -> None:
    for layer in ("rules", "rules", "rules", "classifier"):
        case = make_case(chapter, layer=layer)
    cases.claim(case.pk, mod)
    rulings.approve(case.pk, mod)
    html = get(desk, reverse("admin:stories_case_numbers"))
    for fact in ("3 (75 %)", "1 (25 %)", "under an hour", "<svg"):
        assert fact in html
    assert re.search(r'is-large">3<', html), "three are waiting"


def test_the_numbers_bear_an_empty_desk(desk: Client) -> None:
    assert "Nothing yet." in get(desk, reverse("admin:stories_case_numbers"))


# Switches and thresholds --------------------------------------------------------------------------


@pytest.mark.usefixtures("ollama")
def test_a_feature_and_a_model_are_turned_off_and_on(
    desk: Client, mod: User, ollama: OllamaServer
) -> None:
    page = reverse("admin:stories_switch_changelist")
    assert f"model:{ollama.model}" in get(desk, page)
    turn = reverse("admin:stories_switch_turn")
    for name in ("read_aloud", f"model:{ollama.model}"):
        desk.post(turn, {"name": name, "to": "off", "note": "It rambles."})
        assert Switch.objects.filter(name=name).exists()
        desk.post(turn, {"name": name, "to": "on", "note": "Better now."})
        assert not Switch.objects.filter(name=name).exists()
    assert Ruling.objects.filter(by=mod).count() == 4


def test_a_threshold_is_tried_on_what_was_written_before_it_is_set(
    superuser: Client, mia: Child
) -> None:
    chapter = make_chapter(make_story(mia), "One.", source=f"The fox slept. {RUDE} He woke up.")
    make_finding(chapter.generation, "You fool.", layer="classifier", score=0.71, threshold=0.7)
    band = AgeBand.MIDDLE.value
    page = reverse("admin:stories_threshold_change", args=[band])
    Threshold.objects.create(band=band, value=0.999)
    lower = get(superuser, page, value="0.3")
    assert "Would have been held back: 1" in lower
    assert "whore" in lower
    assert "The fox slept." not in lower
    higher = get(superuser, page, value="0.9")
    assert "Would have been let through: 1" in higher
    assert "You fool." in higher
    assert threshold_of(AgeBand.MIDDLE) == 0.999, "to try is not to set"


def test_only_a_threshold_that_was_tried_can_be_set(superuser: Client, chapter: Chapter) -> None:
    page = reverse("admin:stories_threshold_change", args=["6-8"])
    superuser.post(page, {"value": "0.5", "note": "Softer."})
    assert threshold_of(AgeBand.MIDDLE) == 0.7
    proof = re.search(r'name="proof" value="([^"]+)"', get(superuser, page, value="0.5"))
    assert proof is not None
    superuser.post(page, {"value": "0.4", "note": "Softer.", "proof": proof[1]})
    assert threshold_of(AgeBand.MIDDLE) == 0.7
    superuser.post(page, {"value": "0.5", "note": "Softer.", "proof": proof[1]})
    assert threshold_of(AgeBand.MIDDLE) == 0.5
    assert threshold_of(AgeBand.YOUNG) == 0.7


def test_the_replay_looks_at_the_childs_own_age_only(superuser: Client, mia: Child) -> None:
    make_chapter(make_story(mia), "One.", source=RUDE)
    Threshold.objects.create(band="9-12", value=0.99)
    page = reverse("admin:stories_threshold_change", args=["9-12"])
    assert "Would have been held back: 0" in get(superuser, page, value="0.1")


# Who may ------------------------------------------------------------------------------------------


@pytest.fixture
def superuser(client: Client, db: None) -> Client:
    client.force_login(User.objects.create_superuser("ada@example.org"))
    return client


@pytest.fixture
def urls(chapter: Chapter) -> list[str]:
    names = ("case", "ruling", "switch", "threshold", "story", "generation", "safetyfinding")
    lists = [reverse(f"admin:stories_{name}_changelist") for name in names]
    rows = [make_case(chapter), chapter.story, chapter.generation, SafetyFinding.objects.get()]
    own = [
        reverse("admin:stories_case_numbers"),
        reverse("admin:stories_threshold_change", args=["3-5"]),
    ]
    return [reverse("admin:index"), *lists, *map(page_of, rows), *own]


@pytest.mark.usefixtures("ollama")
def test_the_moderators_group_sees_all_of_the_desk_and_no_account(
    desk: Client, urls: list[str], alice: User
) -> None:
    for url in urls:
        html = get(desk, url)
        assert alice.email not in html, url
        assert str(alice.family_id) not in html, url
    for name in ("user", "family", "apitoken", "child"):
        assert desk.get(reverse(f"admin:children_{name}_changelist")).status_code == 403


def test_a_parent_sees_nothing_of_the_desk(client: Client, urls: list[str], alice: User) -> None:
    client.force_login(alice)
    for url in urls:
        assert client.get(url).status_code == 302, url
    case = Case.objects.get()
    client.post(reverse("admin:stories_case_decide", args=[case.pk]), {"action": "claim"})
    client.post(reverse("admin:stories_switch_turn"), {"name": "writing", "note": "No."})
    assert not Ruling.objects.exists()


def test_staff_without_permissions_decide_and_turn_nothing(
    client: Client, urls: list[str], chapter: Chapter
) -> None:
    client.force_login(User.objects.create_user("new@example.org", is_staff=True))
    for url in urls[1:]:
        assert client.get(url).status_code == 403, url
    case = Case.objects.get()
    posts = {
        reverse("admin:stories_case_decide", args=[case.pk]): {"action": "claim"},
        reverse("admin:stories_case_open", args=[chapter.generation.pk]): {},
        reverse("admin:stories_switch_turn"): {"name": "writing", "note": "No."},
        reverse("admin:stories_threshold_change", args=["3-5"]): {"value": "0.9", "note": "No."},
    }
    for url, body in posts.items():
        assert client.post(url, body).status_code == 403, url


def test_moderators_turn_things_off_and_leave_thresholds_to_others(desk: Client) -> None:
    turn = reverse("admin:stories_switch_turn")
    assert desk.post(turn, {"name": "writing", "note": "Now."}).status_code == 302
    page = reverse("admin:stories_threshold_change", args=["3-5"])
    assert desk.post(page, {"value": "0.9", "note": "No."}).status_code == 403


def test_links_do_not_decide(desk: Client, chapter: Chapter) -> None:
    case = make_case(chapter)
    for name, key in (("decide", case.pk), ("open", chapter.generation.pk)):
        assert desk.get(reverse(f"admin:stories_case_{name}", args=[key])).status_code == 403
    assert desk.get(reverse("admin:stories_switch_turn")).status_code == 403


@pytest.mark.usefixtures("ollama")
def test_no_page_of_the_desk_needs_an_inline_script_or_style(
    superuser: Client, urls: list[str]
) -> None:
    for url in [*urls, f"{urls[-1]}?value=0.5"]:
        html = get(superuser, url)
        assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", html), url


# Speed --------------------------------------------------------------------------------------------


def test_pages_make_as_many_queries_for_many_cases_as_for_few(
    superuser: Client, chapter: Chapter, mod: User, django_assert_max_num_queries: MaxQueries
) -> None:
    case = make_case(chapter)
    cases.claim(case.pk, mod)
    urls = [
        reverse(QUEUE),
        page_of(case),
        reverse("admin:stories_case_numbers"),
        reverse("admin:stories_ruling_changelist"),
    ]
    few = [queries_of(superuser, url) for url in urls]
    for number in range(12):
        more = make_chapter(make_story(chapter.story.child), "One.")
        cases.claim(make_case(more).pk, mod)
        make_case(chapter)
        make_run(chapter.story, 2, "failed", choice=make_choice(chapter, str(number), number))
    for url, count in zip(urls, few, strict=True):
        with django_assert_max_num_queries(count):
            get(superuser, url)
        assert count <= 16
