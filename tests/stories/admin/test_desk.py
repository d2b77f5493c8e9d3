"""The moderators' pages: the queue, a case from its page alone, the numbers, switches, a replay."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from children.models import Child, User
from stories.admin.charts import numbers
from stories.controls.thresholds import threshold_of
from stories.models import Case, Chapter, Generation, Ruling, SafetyFinding, Switch, Threshold
from stories.moderation import cases, open_report, rulings
from stories.vocabulary.brief import AgeBand
from testkit.ollama.server import OllamaServer
from tests.desk import get, page_of, queries_of
from tests.factories.moderation import make_moderator
from tests.factories.stories import (
    HELD,
    make_chapter,
    make_choice,
    make_finding,
    make_run,
    make_story,
)

QUEUE = "admin:stories_case_changelist"
SHOWN_INSTEAD = "Then the sun came out."
RUDE = "Shut up, you whore."


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
    rulings.approve(done.pk, mod, "fine")
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
    ("index", "stands"),
    [(0, "held one two"), (1, "one held two"), (2, "one two held")],
)
def test_a_paragraph_that_was_held_back_is_marked_as_one_between_those_that_were_shown(
    desk: Client, mia: Child, index: int, stands: str
) -> None:
    shown = ["Robin sat down.", "Robin slept."]
    chapter = make_chapter(
        make_story(mia), "Mia sat down.\n\nMia slept.", source="\n\n".join(shown)
    )
    before = "".join(f"{paragraph}\n\n" for paragraph in shown[:index])
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
    assert f"sat down. <mark>{SHOWN_INSTEAD}</mark></p>" in get(desk, page_of(case))


SEEN = {"seen_length": len("The wolf")}
ALL: dict[str, Any] = {"seen_length": len(HELD)}


@pytest.mark.parametrize(
    ("fields", "said", "unsaid"),
    [
        ({}, "no reader saw this", "<mark>"),
        (SEEN, "readers saw the marked words", "no reader saw"),
        (SEEN, "<mark>The wolf</mark>", "no reader saw"),
        (ALL, "readers saw this until it was taken back", "no reader saw"),
        ({**ALL, "field": "chapter"}, "readers saw it as it was written", "no reader saw"),
    ],
)
def test_a_cases_page_says_whether_a_reader_saw_what_was_held_back(
    desk: Client, chapter: Chapter, fields: dict[str, Any], said: str, unsaid: str
) -> None:
    for url in (page_of(make_case(chapter, **fields)), page_of(SafetyFinding.objects.get())):
        html = get(desk, url)
        assert said in html
        assert unsaid not in html


def test_a_chapter_that_a_parent_looks_at_first_was_not_seen_by_the_child(
    desk: Client, chapter: Chapter
) -> None:
    Generation.objects.update(is_previewed=True)
    Chapter.objects.update(released_at=None)
    html = get(desk, page_of(make_case(chapter, field="chapter", **ALL)))
    assert "the child did not" in html
    assert "so far for a parent's eyes only" in html
    assert "The child saw instead" not in html


@pytest.mark.parametrize(
    ("status", "fields", "said"),
    [
        ("completed", {"field": "prose"}, "Nothing was shown in its place: the text ended there"),
        ("completed", {"field": "vocabulary"}, "Nothing was shown in its place."),
        ("running", {"field": "prose"}, "is still being written"),
        ("completed", {"field": "title", "replacement": "Home"}, "The child saw instead"),
        ("completed", {"field": "choice", "replacement": "Home"}, "All that the child saw there"),
        ("completed", {"field": "summary", "replacement": "Home"}, "memory only"),
    ],
)
def test_what_is_said_to_stand_in_its_place_is_what_stands_there(
    desk: Client, mia: Child, status: str, fields: dict[str, Any], said: str
) -> None:
    run = make_run(make_story(mia), status=status)
    finding = make_finding(run, **{"replacement": ""} | fields)
    case = Case.objects.create(source="soft", risk=40, generation=run, finding=finding)
    assert said in get(desk, page_of(case))


def test_every_page_shows_held_back_text_by_the_names_that_the_family_reads(
    desk: Client, mia: Child
) -> None:
    chapter = make_chapter(make_story(mia), "Mia ran.", source="Robin ran.")
    texts = {"text": "Robin bled.", "before": "Robin fell.", "replacement": "Robin ran."}
    finding = make_finding(chapter.generation, **texts)
    case = Case.objects.create(
        source="soft", risk=40, generation=finding.generation, finding=finding
    )
    finding_list = reverse("admin:stories_safetyfinding_changelist")
    rows = (case, finding, chapter.story)
    for url in (*map(page_of, rows), finding_list, reverse(QUEUE)):
        html = get(desk, url)
        assert "Mia bled." in html, url
        assert "Robin" not in html, url
    told = get(desk, page_of(chapter.generation))
    assert "Mia bled." in told
    assert "Robin bled." not in told


# Deciding -----------------------------------------------------------------------------------------


def test_a_decision_leads_to_the_next_case_that_is_free_and_back_to_the_one_it_was_made_in(
    desk: Client, chapter: Chapter, mod: User
) -> None:
    case, taken, following = (make_case(chapter, risk=risk) for risk in (90, 80, 70))
    cases.claim(taken.pk, make_moderator("other@example.org"))
    for number, (decided, led_to) in enumerate(((case, page_of(following)), (following, QUEUE))):
        cases.claim(decided.pk, mod)
        url = reverse("admin:stories_case_decide", args=[decided.pk])
        answer = desk.post(url, {"action": "approve", "reason": "held_rightly"}, follow=True)
        assert answer.redirect_chain == [(led_to if number == 0 else reverse(led_to), 302)]
        html = answer.content.decode()
        told = html[html.index('class="messagelist"') :]
        told = told[: told.index("</ul>")]
        assert "Approved, and written into the log" in told
        assert page_of(decided) in told


def test_what_leaves_a_case_open_stays_with_it(desk: Client, chapter: Chapter) -> None:
    case = make_case(chapter)
    make_case(chapter, risk=90)
    for action in ("claim", "withdraw", "release"):
        url = reverse("admin:stories_case_decide", args=[case.pk])
        answer = desk.post(url, {"action": action, "reason": "fear"})
        assert answer["Location"] == page_of(case), action


def test_a_case_names_the_other_open_ones_about_its_chapter(desk: Client, chapter: Chapter) -> None:
    case, other = make_case(chapter), make_case(chapter, rule="en.weapons.gun")
    html = get(desk, page_of(case))
    told = html[html.index('id="others"') : html.index('id="held"')]
    assert page_of(other) in told
    assert "en.weapons.gun" in told
    alone = make_case(make_chapter(make_story(chapter.story.child), "One."))
    assert 'id="others"' not in get(desk, page_of(alone))


def test_a_moderator_is_told_that_an_approved_chapter_stays_withdrawn_for_another_case(
    desk: Client, chapter: Chapter, mod: User
) -> None:
    first, second = make_case(chapter), make_case(chapter)
    cases.claim(first.pk, mod)
    rulings.withdraw_for(first.pk, mod, "fear")
    cases.claim(second.pk, mod)
    decide(desk, second, "approve", reason="fine")
    assert second.outcome == "approved"
    html = get(desk, page_of(first))
    assert "It stays withdrawn" in html
    assert not Chapter.objects.readable().exists()


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
    rulings.approve(case.pk, mod, "held_wrongly")
    html = get(desk, reverse("admin:stories_case_numbers"))
    for fact in ("3 (75 %)", "1 (25 %)", "1 / 1 (100 %)", "under an hour", "<svg"):
        assert fact in html
    assert re.search(r'is-large">3<', html), "three are waiting"


def test_the_first_day_of_the_numbers_is_a_whole_one(desk: Client, chapter: Chapter) -> None:
    first = timezone.localdate() - dt.timedelta(days=29)
    midnight = timezone.make_aware(dt.datetime.combine(first, dt.time.min))
    for opened_at in (midnight, midnight - dt.timedelta(seconds=1)):
        Case.objects.create(
            source="staff", risk=50, generation=chapter.generation, opened_at=opened_at
        )
    days = numbers().days
    assert (days[0].value, len(days)) == ("1", 30)


def test_of_each_layer_the_share_of_decided_cases_that_it_held_back_wrongly_is_counted(
    chapter: Chapter, mod: User
) -> None:
    for layer, reason in (
        ("rules", "held_wrongly"),
        ("rules", "held_rightly"),
        ("rules", "fine"),
        ("rules", "held_wrongly"),
        ("guard", "held_rightly"),
        ("judge", ""),
    ):
        case = make_case(chapter, layer=layer)
        cases.claim(case.pk, mod)
        if reason:
            rulings.approve(case.pk, mod, reason)
    told = [(bar.label, bar.value, bar.percent) for bar in numbers().wrongly]
    assert told == [("rules", "2 / 4 (50 %)", 50), ("guard", "0 / 1 (0 %)", 0)]


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


def test_what_another_layer_holds_as_well_would_not_be_let_through(
    superuser: Client, mia: Child
) -> None:
    run = make_run(make_story(mia))
    brief = {**run.brief, "avoid": ["spiders"]}
    Generation.objects.update(brief=brief)
    texts = ("You fool.", "You fool, he had a gun and blood was everywhere.", "You fool spider.")
    for text in texts:
        make_finding(run, text, layer="classifier", score=0.71, threshold=0.7)
    page = reverse("admin:stories_threshold_change", args=[AgeBand.MIDDLE.value])
    html = get(superuser, page, value="0.9")
    assert "Would have been let through: 1" in html
    assert [text in html for text in texts] == [True, False, False]


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
    superuser: Client,
    chapter: Chapter,
    mod: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
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
