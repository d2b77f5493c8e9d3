"""A sentence that should not be there: picked on a page or named to the API, and passed on."""

import pytest
from django.test import Client
from django.urls import reverse

from children.models import Child, User
from stories.generations import InvalidRequest
from stories.models import Case, Chapter
from stories.moderation import MAX_REMARK_CHARACTERS, open_report
from stories.moderation.cases import MAX_REPORTS
from stories.safety.prose import sentences_of
from tests import clients
from tests.factories.moderation import make_moderator
from tests.factories.stories import make_chapter, make_choice, make_story

TEXT = "The fox ran. “Stop!” said the owl.\n\nIt bled. It hid."


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def chapter(mia: Child) -> Chapter:
    return make_chapter(make_story(mia), TEXT)


def report_page(chapter: Chapter) -> str:
    return reverse("stories:report", args=[chapter.pk])


def story_page(chapter: Chapter) -> str:
    return reverse("stories:story", args=[chapter.story_id])


# On the pages -------------------------------------------------------------------------------------


def test_each_sentence_can_be_picked_where_it_stands(page: Client, chapter: Chapter) -> None:
    body = page.get(report_page(chapter)).content.decode()
    form = page.get(report_page(chapter)).context["form"]
    lines = [[line.text for line in paragraph] for paragraph in form.paragraphs]
    assert lines == [["The fox ran.", "“Stop!” said the owl."], ["It bled.", "It hid."]]
    assert body.count('type="radio"') == 4


def test_a_reported_sentence_reaches_the_desk_and_the_parent_is_thanked(
    page: Client, alice: User, chapter: Chapter
) -> None:
    data = {"sentence": "2", "remark": "Too  frightening\nfor her."}
    answer = page.post(report_page(chapter), data, follow=True)
    case = Case.objects.get()
    assert (case.source, case.text, case.reported_by) == ("report", "It bled.", alice)
    assert case.remark == "Too frightening for her."
    assert "Thank you for telling us." in answer.content.decode()


def test_whoever_comes_from_the_reader_goes_back_to_it(page: Client, chapter: Chapter) -> None:
    answer = page.post(f"{report_page(chapter)}?from=reader", {"sentence": "0"})
    reader = reverse("stories:read", args=[chapter.story.session.pk])
    assert answer["Location"] == f"{reader}#chapter-1"


def test_the_story_page_goes_back_to_the_way_that_was_being_read(
    page: Client, chapter: Chapter
) -> None:
    second = make_chapter(chapter.story, TEXT, make_choice(chapter, "Run"))
    other = make_chapter(chapter.story, TEXT, make_choice(chapter, "Hide", 1), "Hidden")
    assert other.story.session.chapter != second
    answer = page.post(report_page(second), {"sentence": "0"}, follow=True)
    assert [leaf.chapter for leaf in answer.context["pages"]] == [chapter, second]


def test_both_parents_see_what_was_reported_and_that_it_was_looked_at(
    client: Client, alice: User, bob: User, chapter: Chapter
) -> None:
    case = open_report(alice, chapter, "It bled.")
    client.force_login(bob)
    assert "Somebody will look at it." in client.get(story_page(chapter)).content.decode()
    assert "reported already" in client.get(report_page(chapter)).content.decode()
    Case.objects.filter(pk=case.pk).update(outcome="approved", decided_at=case.opened_at)
    assert "Somebody has looked at it." in client.get(story_page(chapter)).content.decode()


def test_what_staff_or_the_checks_found_is_not_shown_as_the_familys_report(
    page: Client, chapter: Chapter
) -> None:
    staff = make_moderator()
    run = chapter.generation
    Case.objects.create(source="staff", risk=50, generation=run, text="It bled.")
    Case.objects.create(
        source="report", risk=80, generation=run, text="It bled.", reported_by=staff
    )
    assert "Reported on" not in page.get(story_page(chapter)).content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "sentence"),
        ({"sentence": "4"}, "sentence"),
        ({"sentence": "-1"}, "sentence"),
        ({"sentence": "It bled."}, "sentence"),
        ({"sentence": "2", "remark": "x" * (MAX_REMARK_CHARACTERS + 1)}, "remark"),
    ],
)
def test_what_cannot_be_reported_is_said_at_its_place_and_what_was_typed_stays(
    page: Client, chapter: Chapter, data: dict[str, str], field: str
) -> None:
    answer = page.post(report_page(chapter), {"remark": "Sad."} | data)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert {"remark": "Sad."} | data == {
        key: answer.context["form"].data[key] for key in ({"remark": "Sad."} | data)
    }
    assert not Case.objects.exists()


def test_a_reason_given_later_is_added_and_the_first_one_stays(
    alice: User, chapter: Chapter
) -> None:
    for remark in ("", "Sad.", "Very sad."):
        open_report(alice, chapter, "It bled.", remark)
    assert Case.objects.get().remark == "Sad."


def test_nobody_fills_the_desk_with_one_chapter(
    page: Client, alice: User, bob: User, mia: Child
) -> None:
    sentences = [f"The fox counted to {number}." for number in range(MAX_REPORTS + 1)]
    chapter = make_chapter(make_story(mia), " ".join(sentences))
    for index in range(MAX_REPORTS):
        page.post(report_page(chapter), {"sentence": str(index)})
    answer = page.post(report_page(chapter), {"sentence": str(MAX_REPORTS)})
    assert answer.status_code == 422
    assert "You have reported a lot of this chapter already." in answer.content.decode()
    with pytest.raises(InvalidRequest):
        open_report(alice, chapter, sentences[-1])
    assert open_report(alice, chapter, sentences[0]), "what is reported stays one case"
    assert open_report(bob, chapter, sentences[-1])
    Case.objects.update(outcome="approved", decided_at=chapter.created_at)
    assert open_report(alice, chapter, sentences[-1]), "what was decided makes room"


def test_a_remark_that_grows_in_normal_form_is_kept_as_far_as_there_is_room(
    page: Client, chapter: Chapter
) -> None:
    page.post(report_page(chapter), {"sentence": "0", "remark": "\u0958" * MAX_REMARK_CHARACTERS})
    assert len(Case.objects.get().remark) == MAX_REMARK_CHARACTERS


def test_text_that_is_not_in_normal_form_can_be_reported(page: Client, mia: Child) -> None:
    chapter = make_chapter(make_story(mia), "The cafe\u0301 shut. It rained.")
    page.post(report_page(chapter), {"sentence": "0"})
    assert Case.objects.get().text == "The café shut."


def test_a_withdrawn_chapter_has_no_page_to_report_it(page: Client, chapter: Chapter) -> None:
    Chapter.objects.filter(pk=chapter.pk).update(withdrawn_at=chapter.created_at)
    assert page.get(report_page(chapter)).status_code == 404
    assert page.post(report_page(chapter), {"sentence": "0"}).status_code == 404


def test_another_family_reports_nothing(client: Client, charlie: User, chapter: Chapter) -> None:
    client.force_login(charlie)
    assert client.post(report_page(chapter), {"sentence": "0"}).status_code == 404
    assert not Case.objects.exists()


def test_a_report_from_another_site_is_refused(alice: User, chapter: Chapter) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(report_page(chapter), {"sentence": "0"}).status_code == 403
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Mr. Fox ran. “Stop!” said the owl. “Why?”\n\nIt hid… and hid. Good night!"),
        ("es", "¿Quién eres? —dijo la zorra—. Soy yo.\n\n¡Qué bien! Y se durmió."),
        ("he", "השועל רץ. ״עצור!״ אמרה הינשופה. הוא התחבא. לילה טוב!"),
    ],
)
def test_the_sentences_to_pick_from_are_the_whole_chapter(language: str, text: str) -> None:
    assert "".join(sentences_of(text, language)) == text


# By the API ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
async def test_the_api_takes_a_report_once_and_tells_the_family(
    api: clients.Client, bob: User, chapter: Chapter
) -> None:
    path, body = f"/chapters/{chapter.pk}/reports", {"sentence": "It bled.", "remark": "Sad."}
    status, first, _ = await api.call("POST", path, body)
    _, again, _ = await api.call("POST", path, {"sentence": "It  bled."})
    assert status == 201
    assert again == first
    assert (first["sentence"], first["remark"], first["is_looked_at"]) == (
        "It bled.",
        "Sad.",
        False,
    )
    assert (await clients.Client(bob).call("GET", path))[1] == [first]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sentence": "The wolf bit."}, "sentence"),
        ({"sentence": ""}, "sentence"),
        ({"sentence": " \u200b "}, "sentence"),
        ({"sentence": "x" * 1001}, "sentence"),
        ({"sentence": "It bled.", "remark": "x" * (MAX_REMARK_CHARACTERS + 1)}, "remark"),
        ({"remark": "Sad."}, "sentence"),
    ],
)
async def test_the_api_names_what_is_wrong_with_a_report(
    api: clients.Client, chapter: Chapter, body: dict[str, str], field: str
) -> None:
    status, problem, _ = await api.call("POST", f"/chapters/{chapter.pk}/reports", body)
    assert (status, problem["field"]) == (422, field)
    assert not await Case.objects.aexists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("It", " This is a part of: It bled."),
        ("“Stop!”", " This is a part of: “Stop!” said the owl."),
        ("The fox ran. “Stop!” said the owl.", ""),
        ("bled. It hid.", ""),
    ],
)
async def test_the_api_takes_one_whole_sentence_and_says_so(
    api: clients.Client, chapter: Chapter, typed: str, hint: str
) -> None:
    status, problem, _ = await api.call(
        "POST", f"/chapters/{chapter.pk}/reports", {"sentence": typed}
    )
    allowed = "sentence: allowed is one whole sentence of this chapter, as its text has it."
    assert (status, problem["detail"]) == (422, allowed + hint)
    assert not await Case.objects.aexists()


@pytest.mark.django_db(transaction=True)
async def test_all_that_the_page_offers_the_api_takes(
    api: clients.Client, chapter: Chapter
) -> None:
    for sentence in sentences_of(chapter.text, "en"):
        body = {"sentence": sentence.strip()}
        assert (await api.call("POST", f"/chapters/{chapter.pk}/reports", body))[0] == 201


@pytest.mark.django_db(transaction=True)
async def test_the_api_keeps_families_apart(charlie: User, chapter: Chapter) -> None:
    path = f"/chapters/{chapter.pk}/reports"
    stranger = clients.Client(charlie)
    assert (await stranger.call("POST", path, {"sentence": "It bled."}))[0] == 403
    assert (await stranger.call("GET", path))[0] == 403
