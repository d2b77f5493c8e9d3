"""Cases: opened, claimed by one, decided once, and written into a log that nobody can edit."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from children.models import Child, User
from stories.controls import switches
from stories.controls.thresholds import threshold_of
from stories.generations import InvalidRequest, ModelMissing, Wish, next_chapter
from stories.generations.briefs import brief_for
from stories.models import (
    CONCERNS,
    Case,
    Chapter,
    Clearance,
    Generation,
    ReadingSession,
    Ruling,
    Story,
    Switch,
)
from stories.moderation import CannotRule, cases, open_report, rulings
from stories.moderation.cases import ShownText, open_for_held_back, risk_of
from stories.safety.verdict import Severity, Verdict
from stories.vocabulary.brief import AgeBand, Concern
from stories.workflow.prompts.request import avoid_note
from stories.workflow.steps import HeldBack
from tests.factories.callers import caller
from tests.factories.moderation import make_moderator
from tests.factories.stories import make_chapter, make_choice, make_run, make_story

WHY = "It frightened me, too."


@pytest.fixture
def mod(db: None) -> User:
    return make_moderator()


@pytest.fixture
def other(db: None) -> User:
    return make_moderator("other@example.org")


@pytest.fixture
def chapter(mia: Child) -> Chapter:
    """The second of three chapters; the reader is at the third."""
    first = make_chapter(make_story(mia), "The fox slept.")
    second = make_chapter(first.story, "The fox ran. The fox hid.", make_choice(first, "Run"))
    make_chapter(first.story, "The fox came home.", make_choice(second, "Home"), "Home")
    return second


def mine(generation: Generation, by: User) -> Case:
    return cases.open_by_staff(generation, by)


def held(
    severity: Severity = Severity.SOFT, text: str = "It bled.", field: str = "prose", seen: str = ""
) -> HeldBack:
    verdict = Verdict(severity, "rules", "en.gore", "violence", 0.7, 0.5)
    return HeldBack(1, field, text, "", verdict, seen=seen)


def before(chapter: Chapter) -> Chapter:
    assert chapter.parent is not None
    return chapter.parent


def session_of(chapter: Chapter) -> ReadingSession:
    return ReadingSession.objects.get(story=chapter.story)


# Opening ------------------------------------------------------------------------------------------


def test_each_text_that_is_held_back_opens_a_case(mia: Child) -> None:
    run = make_run(make_story(mia), status="running")
    for step in (held(), held(Severity.HARD), held(field="chapter")):
        open_for_held_back(run, step, AgeBand.MIDDLE, ShownText(0, "The fox ran."))
    assert [case.source for case in Case.objects.all()] == ["hard", "judged", "soft"]


def test_a_held_back_sentence_knows_what_stood_before_it_and_what_was_shown_instead(
    mia: Child,
) -> None:
    run = make_run(make_story(mia), status="running")
    finding = open_for_held_back(run, held(), AgeBand.MIDDLE, ShownText(0, "The fox ran."))
    after = ShownText(0, "The fox ran. Then it was tired. It slept.")
    cases.note_what_was_shown(run, after)
    finding.refresh_from_db()
    assert (finding.before, finding.replacement) == ("The fox ran.", "Then it was tired.")


def test_a_sentence_of_a_version_that_was_rewritten_keeps_what_that_version_showed(
    mia: Child,
) -> None:
    run = make_run(make_story(mia), status="running")
    finding = open_for_held_back(run, held(), AgeBand.MIDDLE, ShownText(0, "One."))
    cases.note_what_was_shown(run, ShownText(0, "One. Two."))
    cases.note_what_was_shown(run, ShownText(1, "Other. Words."))
    finding.refresh_from_db()
    assert finding.replacement == "Two."


@pytest.mark.parametrize(
    ("after", "shown"),
    [
        (" Then it was tired, said Dr. Mole. It slept.", "Then it was tired, said Dr. Mole."),
        ("… Then it slept.", "Then it slept."),
        (" Then it", "Then it"),
        ("", ""),
    ],
)
def test_what_was_shown_instead_is_the_whole_sentence_that_follows(
    mia: Child, after: str, shown: str
) -> None:
    run = make_run(make_story(mia), status="running")
    finding = open_for_held_back(run, held(), AgeBand.MIDDLE, ShownText(0, "The fox ran."))
    cases.note_what_was_shown(run, ShownText(0, f"The fox ran.{after}"))
    finding.refresh_from_db()
    assert finding.replacement == shown


def test_a_judged_chapter_was_seen_and_the_next_version_is_what_was_shown_instead(
    mia: Child,
) -> None:
    run = make_run(make_story(mia), status="running")
    texts = ("The fox ran.", "The fox hid.", "The fox slept.")
    found = []
    for version, text in enumerate(texts[:2]):
        shown = ShownText(version, text)
        step = held(text=text, field="chapter")
        found.append(open_for_held_back(run, step, AgeBand.MIDDLE, shown))
        cases.note_what_was_shown(run, shown)
    cases.note_what_was_shown(run, ShownText(2, texts[2]))
    for finding in found:
        finding.refresh_from_db()
    assert [f.replacement for f in found] == list(texts[1:])
    assert [f.text[: f.seen_length] for f in found] == list(texts[:2])


def test_only_what_was_glimpsed_counts_as_seen(mia: Child) -> None:
    run = make_run(make_story(mia), status="running")
    for seen in ("", "It"):
        finding = open_for_held_back(run, held(seen=seen), AgeBand.MIDDLE, ShownText())
        assert finding.text[: finding.seen_length] == seen


def test_risk_grows_with_the_source_the_score_and_the_childs_youth() -> None:
    hard, soft = risk_of("hard", AgeBand.OLDER, 1.0), risk_of("soft", AgeBand.OLDER, 1.0)
    assert soft < hard < risk_of("report", AgeBand.YOUNG, 1.0) <= 100
    assert risk_of("soft", AgeBand.OLDER, 0.7) < soft < risk_of("soft", AgeBand.YOUNG, 1.0)


def test_a_report_is_one_case_however_often_it_is_sent(alice: User, chapter: Chapter) -> None:
    first = open_report(alice, chapter, "The fox hid.", "Too sad.")
    assert open_report(alice, chapter, "The fox  hid.") == first
    assert (first.source, first.text, first.remark) == ("report", "The fox hid.", "Too sad.")


def test_a_report_names_a_sentence_of_the_chapter(alice: User, chapter: Chapter) -> None:
    for sentence in ("The wolf bit.", "", "x" * 2000):
        with pytest.raises(InvalidRequest):
            open_report(alice, chapter, sentence)


# Claiming -----------------------------------------------------------------------------------------


def test_only_one_claims_and_only_they_decide(chapter: Chapter, mod: User, other: User) -> None:
    case = Case.objects.create(source="soft", risk=30, generation=chapter.generation)
    with pytest.raises(CannotRule):
        rulings.approve(case.pk, mod, "fine")
    cases.claim(case.pk, mod)
    with pytest.raises(CannotRule):
        cases.claim(case.pk, other)
    with pytest.raises(CannotRule):
        cases.unclaim(case.pk, other)
    with pytest.raises(CannotRule):
        rulings.approve(case.pk, other, "fine")
    cases.unclaim(case.pk, mod)
    cases.claim(case.pk, other)
    rulings.approve(case.pk, other, "fine", "Fine.")
    with pytest.raises(CannotRule):
        rulings.reject(case.pk, other, "fear")
    actions = list(case.rulings.order_by("pk").values_list("action", "by_name"))
    assert actions == [
        ("claim", mod.email),
        ("release", mod.email),
        ("claim", other.email),
        ("approve", other.email),
    ]


# Deciding -----------------------------------------------------------------------------------------


def test_a_rejection_needs_a_reason_and_withdraws_the_chapter_with_all_after_it(
    chapter: Chapter, mod: User
) -> None:
    case = mine(chapter.generation, mod)
    with pytest.raises(CannotRule):
        rulings.reject(case.pk, mod, "")
    rulings.reject(case.pk, mod, "fear", WHY)
    assert list(Chapter.objects.readable().values_list("number", flat=True)) == [1]
    assert session_of(chapter).chapter == before(chapter)
    line = Ruling.objects.get(action="reject")
    assert (line.by, line.reason, line.note, line.case) == (mod, "fear", WHY, case)
    case.refresh_from_db()
    assert case.outcome == "rejected"


def test_the_child_goes_on_from_the_chapter_before_by_the_same_choice_or_another(
    chapter: Chapter, mod: User, alice: User
) -> None:
    rulings.reject(mine(chapter.generation, mod).pk, mod, "fear")
    session = session_of(chapter)
    for choice in (chapter.choice, make_choice(before(chapter), "Hide", 1)):
        requested = next_chapter(caller(alice), session, Wish(choice=choice))
        assert requested.is_new
        assert requested.generation.chapter_number == 2


def test_a_story_whose_first_chapter_was_withdrawn_begins_anew_as_the_same_story(
    chapter: Chapter, mod: User, alice: User
) -> None:
    story = chapter.story
    type(story).objects.filter(pk=story.pk).update(title=before(chapter).title)
    rulings.reject(mine(before(chapter).generation, mod).pk, mod, "fear")
    session = session_of(chapter)
    assert session.chapter is None
    assert session.story.title == "", "the title was the chapter's own"
    requested = next_chapter(caller(alice), session, Wish())
    assert (requested.is_new, requested.generation.story) == (True, story)


def test_a_withdrawal_leaves_the_case_open_and_approval_gives_the_chapters_back(
    chapter: Chapter, mod: User
) -> None:
    case = mine(chapter.generation, mod)
    rulings.withdraw_for(case.pk, mod, "fear")
    assert Chapter.objects.readable().count() == 1
    rulings.approve(case.pk, mod, "fine")
    assert Chapter.objects.readable().count() == 3
    assert not Generation.objects.filter(withdrawn_at__isnull=False).exists()


def test_approval_gives_nothing_back_that_another_case_rejected_or_that_was_replaced(
    chapter: Chapter, mod: User, alice: User
) -> None:
    rulings.reject(mine(chapter.generation, mod).pk, mod, "fear")
    rulings.approve(mine(chapter.generation, mod).pk, mod, "fine")
    assert Chapter.objects.readable().count() == 1
    first = mine(before(chapter).generation, mod)
    rulings.withdraw_for(first.pk, mod, "fear")
    next_chapter(caller(alice), session_of(chapter), Wish())
    rulings.approve(first.pk, mod, "fine")
    assert not Chapter.objects.readable().exists(), "its place is being written anew"


def test_approval_gives_nothing_back_while_another_case_that_took_it_away_is_open(
    chapter: Chapter, mod: User, other: User
) -> None:
    rulings.withdraw_for(mine(chapter.generation, mod).pk, mod, "fear")
    rulings.approve(mine(chapter.generation, other).pk, other, "fine")
    assert Chapter.objects.readable().count() == 1
    rulings.approve(Case.objects.get(decided_at=None).pk, mod, "fine")
    assert Chapter.objects.readable().count() == 3


def test_approval_of_a_chapter_gives_back_none_after_it_that_was_taken_away_itself(
    chapter: Chapter, mod: User, other: User
) -> None:
    first = mine(before(chapter).generation, mod)
    rulings.withdraw_for(first.pk, mod, "fear")
    rulings.reject(mine(chapter.generation, other).pk, other, "violence")
    rulings.approve(first.pk, mod, "fine")
    assert list(Chapter.objects.readable().values_list("number", flat=True)) == [1]
    given_back = Generation.objects.filter(withdrawn_at=None)
    assert list(given_back.values_list("chapter_number", flat=True)) == [1]


def test_an_approval_needs_a_reason_of_its_own_which_the_log_keeps(
    chapter: Chapter, mod: User
) -> None:
    case = mine(chapter.generation, mod)
    for decide, reason in (
        (rulings.approve, ""),
        (rulings.approve, "fear"),
        (rulings.reject, "fine"),
    ):
        with pytest.raises(CannotRule):
            decide(case.pk, mod, reason)
    rulings.approve(case.pk, mod, "held_wrongly", WHY)
    line = Ruling.objects.get(action="approve")
    assert (line.by, line.reason, line.note) == (mod, "held_wrongly", WHY)


def test_no_reason_to_approve_is_one_to_take_away() -> None:
    assert not {*Clearance.values} & {*Concern}


def test_to_send_back_withdraws_and_begins_the_chapter_anew_in_its_place(
    chapter: Chapter, mod: User, alice: User
) -> None:
    enqueued: list[Generation] = []
    case = mine(chapter.generation, mod)
    rulings.send_back(case.pk, caller(mod, enqueue=enqueued.append), "fear")
    anew = Generation.objects.get(status="queued")
    assert enqueued == [anew]
    assert (anew.choice, anew.chapter_number, anew.requested_by) == (chapter.choice, 2, alice)
    chapter.refresh_from_db()
    assert chapter.withdrawn_at is not None


def test_the_storyteller_is_told_which_kinds_of_things_staff_found_and_none_of_their_words(
    chapter: Chapter, mod: User
) -> None:
    case = mine(chapter.generation, mod)
    rulings.send_back(case.pk, caller(mod), "fear", WHY)
    stored = Generation.objects.get(status="queued").brief
    assert stored["concerns"] == ["fear"]
    assert WHY not in str(stored)


def test_whoever_writes_it_anew_later_is_told_what_was_wrong_each_time(
    chapter: Chapter, mod: User, alice: User
) -> None:
    rulings.reject(mine(chapter.generation, mod).pk, mod, "violence")
    again = make_run(chapter.story, 2, "failed", choice=chapter.choice)
    rulings.reject(mine(again, mod).pk, mod, "sadness")
    wish = Wish(choice=chapter.choice)
    anew = next_chapter(caller(alice), session_of(chapter), wish).generation
    assert anew.brief["concerns"] == ["violence", "sadness"]
    elsewhere = make_choice(before(chapter), "Elsewhere", 1)
    other = next_chapter(caller(alice), session_of(chapter), Wish(choice=elsewhere))
    assert other.generation.brief["concerns"] == []


def test_a_first_chapter_that_is_sent_back_is_told_by_other_cards(mia: Child, mod: User) -> None:
    first = make_chapter(make_story(mia, tile="forest"), "The fox slept.")
    brief_for(first.story, None)
    before_it = Story.objects.get(pk=first.story_id).plan
    rulings.send_back(mine(first.generation, mod).pk, caller(mod), "fear")
    anew = Story.objects.get(pk=first.story_id).plan
    assert anew["plot"]["key"] != before_it["plot"]["key"]
    assert anew["friend"]["key"] != before_it["friend"]["key"]


def test_what_was_approved_after_all_is_no_concern(chapter: Chapter, mod: User) -> None:
    case = mine(chapter.generation, mod)
    rulings.withdraw_for(case.pk, mod, "fear")
    assert brief_for(chapter.story, chapter.choice).concerns == (Concern.FEAR,)
    rulings.approve(case.pk, mod, "fine")
    assert brief_for(chapter.story, chapter.choice).concerns == ()


def test_every_reason_of_staff_is_one_that_a_storyteller_can_be_told() -> None:
    assert [value for value, _ in CONCERNS] == [*Concern]
    notes = [avoid_note([concern]) for concern in Concern]
    assert all(note.startswith("Keep it gentle and kind, without ") for note in notes)


def test_without_a_storyteller_nothing_is_sent_back_and_nothing_withdrawn(
    chapter: Chapter, mod: User
) -> None:
    case = mine(chapter.generation, mod)
    with pytest.raises(ModelMissing):
        rulings.send_back(case.pk, caller(mod, has_model=False), "fear")
    assert Chapter.objects.readable().count() == 3
    assert Case.objects.get().is_open


def test_a_chapter_that_follows_a_withdrawn_one_is_not_written_to_its_end(
    chapter: Chapter, mod: User
) -> None:
    choice = make_choice(chapter, "Elsewhere", 2)
    run = make_run(chapter.story, 3, "running", choice=choice)
    rulings.reject(mine(chapter.generation, mod).pk, mod, "fear")
    run.refresh_from_db()
    assert run.stop_requested_at is not None


# The log ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stories_ruling SET note = 'It was somebody else'",
        "UPDATE stories_ruling SET made_at = '2020-01-01'",
        "DELETE FROM stories_ruling",
    ],
)
def test_nobody_edits_the_log_not_even_by_sql(chapter: Chapter, mod: User, statement: str) -> None:
    mine(chapter.generation, mod)
    before = list(Ruling.objects.values())
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(Ruling.objects.values()) == before


@pytest.mark.skipif(connection.vendor != "sqlite", reason="REPLACE is SQLite's own")
def test_nobody_replaces_a_line_of_the_log(chapter: Chapter, mod: User) -> None:
    mine(chapter.generation, mod)
    before = list(Ruling.objects.values())
    columns = "id, subject, action, reason, note, by_name, made_at"
    values = f"{before[0]['id']}, 'case', 'approve', '', '', 'nobody', '2020-01-01'"
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"INSERT OR REPLACE INTO stories_ruling ({columns}) VALUES ({values})")
    assert list(Ruling.objects.values()) == before


def test_the_log_outlives_the_story_and_the_account(chapter: Chapter, mod: User) -> None:
    case = mine(chapter.generation, mod)
    rulings.reject(case.pk, mod, "fear", WHY)
    chapter.story.delete()
    mod.delete()
    line = Ruling.objects.get(action="reject")
    assert (line.by_name, line.note, line.case_id) == ("mod@example.org", WHY, case.pk)


# Switches and thresholds --------------------------------------------------------------------------


def test_writing_that_is_turned_off_stops_what_runs_and_begins_nothing(
    chapter: Chapter, mod: User, alice: User
) -> None:
    run = make_run(chapter.story, 3, "running", choice=make_choice(chapter, "Elsewhere", 2))
    rulings.turn_off("writing", mod, WHY)
    run.refresh_from_db()
    assert run.stop_requested_at is not None
    choice = make_choice(chapter, "Up", 3)
    with pytest.raises(ModelMissing):
        next_chapter(caller(alice), session_of(chapter), Wish(choice=choice))
    rulings.turn_on("writing", mod, WHY)
    assert next_chapter(caller(alice), session_of(chapter), Wish(choice=choice)).is_new


def test_a_model_that_is_turned_off_stops_its_own_runs_only(chapter: Chapter, mod: User) -> None:
    choices = [make_choice(chapter, str(number), number) for number in (2, 3)]
    mine_, other = (
        make_run(chapter.story, 3, "running", choice=choice, model=model)
        for choice, model in zip(choices, ("bad", "good"), strict=True)
    )
    rulings.turn_off("model:bad", mod, WHY)
    mine_.refresh_from_db()
    assert mine_.stop_requested_at is not None
    assert not switches.may_write_with("bad")
    assert switches.may_write_with("good")
    other.refresh_from_db()
    assert other.stop_requested_at is None


def test_own_ideas_can_be_turned_off_and_offered_choices_stay(
    chapter: Chapter, mod: User, alice: User
) -> None:
    rulings.turn_off("own_ideas", mod, WHY)
    session = session_of(chapter)
    with pytest.raises(InvalidRequest):
        next_chapter(caller(alice), session, Wish(own_idea="We fly to the moon"))
    assert session.chapter is not None
    offered = make_choice(session.chapter, "On")
    assert next_chapter(caller(alice), session, Wish(choice=offered)).is_new


def test_a_switch_needs_a_name_that_there_is_and_a_why(mod: User) -> None:
    for name, why in (("gravity", WHY), ("model:", WHY), ("writing", " ")):
        with pytest.raises(CannotRule):
            rulings.turn_off(name, mod, why)
    assert not Switch.objects.exists()
    assert not Ruling.objects.exists()


def test_a_threshold_holds_for_its_ages(mod: User) -> None:
    rulings.set_threshold(AgeBand.YOUNG, 0.4, mod, WHY)
    assert (threshold_of(AgeBand.YOUNG), threshold_of(AgeBand.OLDER)) == (0.4, 0.7)
    rulings.set_threshold(AgeBand.YOUNG, 0.5, mod, WHY)
    latest = Ruling.objects.first()
    assert latest is not None
    assert latest.note == f"0.40 → 0.50. {WHY}"


@pytest.mark.parametrize("value", [0.0, 1.0, 7.0])
def test_a_threshold_is_between_0_and_1(mod: User, value: float) -> None:
    with pytest.raises(CannotRule):
        rulings.set_threshold(AgeBand.YOUNG, value, mod, WHY)


def test_the_gravest_case_comes_first_and_of_equals_the_oldest(chapter: Chapter) -> None:
    now = timezone.now()
    for risk, hours in ((30, 9), (80, 1), (80, 5)):
        opened_at = now - dt.timedelta(hours=hours)
        Case.objects.create(
            source="soft", risk=risk, generation=chapter.generation, opened_at=opened_at
        )
    order = [
        (case.risk, round((now - case.opened_at).seconds / 3600)) for case in Case.objects.all()
    ]
    assert order == [(80, 5), (80, 1), (30, 9)]
