"""The page of figures: what members and recipients did stands in it, and each number leads to its list."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from importer import reading, uploading
from importer.actions import add_typed
from importer.models import Contact
from invites import outbox
from invites.actions import answering, cases, counting, drafting, responding, taking_back
from invites.desk import figures, listing
from invites.figure_models import EVENTS, RANGES, DailyFigure
from invites.models import Invitation
from invites.recipients.models import AnswerKind
from invites.tokens import token
from ledger import clock, sealing
from tests import people
from tests.page_rules import hold_to_rules, look, text_of, words
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, at_the_desk

pytestmark = pytest.mark.django_db

PAGE = f"{DESK}figures/"
SVG = "{http://www.w3.org/2000/svg}"
CARDS = "".join(
    f"BEGIN:VCARD\nVERSION:3.0\nFN:Bea {number}\nEMAIL:bea{number}@norte.example\nEND:VCARD\n"
    for number in range(6)
)
NOTE = "You fixed our contract in a weekend, and people ask me for exactly such a lawyer."


@pytest.fixture
def viewer(db: None) -> Client:
    return at_the_desk("viewer")


def seal_and_count() -> None:
    sealing.seal()
    counting.count()


def page_of(browser: Client, question: str = "") -> ElementTree.Element:
    return hold_to_rules(look(browser, f"{PAGE}?{question}").content.decode())


def totals(tree: ElementTree.Element) -> dict[str, int]:
    """The number above each chart."""
    said = {one.get("id"): words(one) for one in tree.iter("section")}
    return {event: int(said[event].split()[0].replace(",", "")) for event in said if event}


def a_little_journey() -> tuple[User, list[Invitation]]:
    """Ana reads a file of six, types a seventh, invites five and takes one back; four recipients answer."""
    ana = people.member("Ana Diaz")
    uploading.receive(member=ana, file=io.BytesIO(CARDS.encode()))
    for import_id in reading.due():
        reading.read_pages(import_id=import_id)
    add_typed(member=ana, name="Tom Berg", address="tom@firm.example")
    everybody = set(Contact.objects.filter(member=ana).values_list("pk", flat=True))
    assert len(everybody) == 7
    drafting.choose(member=ana, ticked=everybody, shown=everybody)
    drafting.write(member=ana, note=NOTE)
    draft = drafting.in_draft(ana)
    drafting.choose(member=ana, ticked=set(), shown={draft[6].contact_id or 0})
    drafting.set_aside(member=ana, uid=draft[5].uid, decision=drafting.SetAside.NOT_NOW)
    for invitation in draft[:5]:
        people.decided(ana, invitation)
    batch = people.confirm(ana)
    taking_back.take_back(member=ana, batch=batch, uid=draft[4].uid)
    outbox.send_due()
    dont_know, declined, complained = (token(one.uid) for one in draft[:3])
    answering.give(token=dont_know, kind=AnswerKind.DONT_KNOW)
    answering.give(token=declined, kind=AnswerKind.DECLINED)
    cases.report(token=complained, words="")
    address = Invitation.objects.get(uid=draft[3].uid).recipient_address
    responding.accept(member=people.member("Bea Three", address), address=address)
    return ana, draft


def test_after_a_little_journey_the_figures_say_what_happened(viewer: Client, post: Sink) -> None:
    ana, draft = a_little_journey()
    seal_and_count()
    expected = {
        "imported": 7, "chosen": 7, "confirmed": 5, "undone": 1, "sent": 4, "bounced": 0,
        "dont_know": 1, "declined": 1, "accepted": 1, "complained": 1,
    }  # fmt: skip
    assert set(expected) == set(EVENTS)

    tree = page_of(viewer)

    assert totals(tree) == expected
    said = words(tree)
    assert _row(tree, "Ana Diaz") == list(expected.values())
    by_chosen = page_of(viewer, "by=chosen")
    assert _row(by_chosen, "typed addresses")[:3] == [1, 1, 0]
    assert _row(by_chosen, "file-vcard")[:3] == [6, 6, 5]
    assert "“You fixed our contract in a weekend, and people…”" in said
    for step, numbers in {
        "brought people": "1 1 100 %", "chose somebody": "1 1 100 %", "wrote a note": "1 1 100 %",
        "decided on a card": "1 1 100 %", "confirmed": "1 1 100 %", "had a mail sent": "1",
    }.items():  # fmt: skip
        assert f"{step} {numbers}" in said
    assert "people taken out of a draft again 1 people set aside on their card" in said
    assert "Within a minute 1" in said
    assert "Who pressed “Later”" in said

    wording = Invitation.objects.get(uid=draft[0].uid).wording
    assert totals(page_of(viewer, f"sender={ana.pk}")) == expected
    assert totals(page_of(viewer, f"wording={wording}"))["complained"] == 1
    assert totals(page_of(viewer, "source=nothing")) == dict.fromkeys(EVENTS, 0)
    by_book = [totals(page_of(viewer, f"source={name}")) for name in ("file-vcard", "typed")]
    assert {event: sum(one[event] for one in by_book) for event in EVENTS} == expected

    overview = words(hold_to_rules(look(viewer, DESK).content.decode()))
    assert "The last 30 days 7 Imported" in overview
    assert "1 Complained" in overview


def _row(tree: ElementTree.Element, name: str) -> list[int]:
    """The numbers beside a name in the tables of the greatest."""
    for row in tree.iter("tr"):
        head = row.find("th")
        if head is not None and words(head) == name:
            return [int(words(cell).split()[-1].replace(",", "")) for cell in row.iter("td")]
    raise AssertionError(name)


def test_each_number_leads_to_a_list_with_as_many_lines(viewer: Client, post: Sink) -> None:
    a_little_journey()
    seal_and_count()
    followed = set()
    for path in (f"{PAGE}?days=30", f"{PAGE}?days=364", f"{PAGE}?by=imported", DESK):
        tree = hold_to_rules(look(viewer, path).content.decode())
        for link in tree.iter("a"):
            href, number = link.get("href") or "", words(link)
            if not number.isdigit() or href in followed:
                continue
            followed.add(href)
            answer = viewer.get(href)
            lines = list(hold_to_rules(answer.content.decode()).iter("li"))
            if href.startswith(f"{DESK}invitations/"):
                shown = [line for line in lines if "invitation/" in ElementTree.tostring(line, "unicode")
                         or "taken out of a draft" in words(line)]  # fmt: skip
                # Of whom was taken out again nothing is left but the ledger's entry.
                gone = "event=chosen" in href and ("source=typed" in href or "sender=" in href)
                assert len(shown) == int(number) - gone, href
            elif href.startswith(f"{DESK}members/"):
                shown = [line for line in lines if words(line).startswith("Ana Diaz")]
                assert len(shown) == int(number), href
            elif href.startswith("/admin/ledger/entry/?"):
                found = re.findall(r"/admin/ledger/entry/\d+/change/", answer.content.decode())
                assert len(set(found)) == int(number), href
            else:
                assert href.startswith("/admin/importer/import/?"), href
                found = re.findall(r"/admin/importer/import/\d+/change/", answer.content.decode())
                assert len(set(found)) == 1, href
    kinds = {re.sub(r"=[^&]*", "", href.partition("?")[2]) for href in followed}
    assert {"event&since&until", "event&since&until&source", "event&since&until&sender",
            "event&since&until&wording", "event&since&until&waited", "step&since&until",
            "step&since&until&went_on", "action&at__gte&at__lt"} <= kinds  # fmt: skip
    assert len(followed) > 40


@pytest.mark.parametrize("days", RANGES)
def test_the_bars_the_table_and_the_sum_have_the_same_numbers(viewer: Client, days: int) -> None:
    call_command("recount_figures")
    today = clock.now().date()
    for back, count in (
        (0, 3),
        (1, 120),
        (8, 1),
        (29, 40),
        (80, 7),
        (200, 60),
        (363, 9),
        (364, 500),
    ):
        DailyFigure.objects.create(
            kind="all", event="sent", day=today - timedelta(days=back), count=count
        )

    tree = page_of(viewer, f"days={days}")

    (section,) = (one for one in tree.iter("section") if one.get("id") == "sent")
    bars = {}
    for bar in section.iter(f"{SVG}rect"):
        name, _, number = words(bar).rpartition(": ")
        bars[name] = (int(number), float(bar.get("height") or 0))
    table = {}
    for row in section.iter("tr"):
        cells = [words(cell) for cell in row]
        if cells[-1].isdigit():
            table[cells[0].removesuffix(", so far")] = int(cells[-1])
    assert {name: number for name, (number, _) in bars.items()} == {
        name: number for name, number in table.items() if number
    }
    assert len(table) == (days if days < 100 else 52)
    within = {30: 164, 90: 171, 364: 240}[days]
    assert sum(table.values()) == totals(tree)["sent"] == within
    high = max(number for number, _ in bars.values())
    for number, height in bars.values():
        assert height == pytest.approx(max(1, 60 * number / high), abs=0.01)
    (drawing,) = section.iter(f"{SVG}svg")
    (title, description, *_) = drawing
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert drawing.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert f"{within} in {days} days; at most {high}" in words(description)


def test_what_nobody_counts_is_said_and_everything_is_shown(viewer: Client) -> None:
    seal_and_count()
    for question, sentence in {
        "days=31": "Figures are kept of 30, 90 and 364 days.",
        "by=sender": "Nothing of that name is counted.",
        "wording=Bea": "A wording is named by twelve characters",
        "sender=x": "A sender is named by the number of their account.",
        "source=google&sender=1": "one at a time",
    }.items():
        assert sentence in text_of(look(viewer, f"{PAGE}?{question}"))


def test_before_anything_is_counted_and_while_nothing_is_sealed_it_says_so(
    viewer: Client, settings: Any
) -> None:
    assert "Nothing was counted yet." in text_of(look(viewer, PAGE))
    assert "The last 30 days" not in text_of(look(viewer, DESK))
    settings.LEDGER_KEY = ""
    with_entries = people.member("Ana Diaz")
    people.chosen(with_entries)
    counting.count()
    later = clock.now() + timedelta(minutes=sealing.LATE_MINUTES + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        assert "LEDGER_KEY is not set" in text_of(look(viewer, PAGE))


def test_an_erased_sender_is_a_number_among_others(viewer: Client, post: Sink) -> None:
    ana, _ = a_little_journey()
    seal_and_count()
    call_command("personal_data", "ana@diaz.example", "--erase", "--yes", stdout=io.StringIO())
    seal_and_count()

    tree = page_of(viewer)

    assert _row(tree, "a closed account")[1] == 7
    assert "Ana" not in words(tree)
    assert f"sender={ana.pk}" not in ElementTree.tostring(tree, "unicode")
    assert totals(page_of(viewer, f"sender={ana.pk}")) == dict.fromkeys(EVENTS, 0)
    assert "Erased (" in words(tree)


def test_the_list_and_the_figures_call_the_same_things_the_same() -> None:
    for event in EVENTS[1:]:
        actions = {name for name, one in counting._ALWAYS.items() if one == event}
        answers = {name for name, one in counting._ANSWERS.items() if one == event}
        there = listing.EVENTS[event]
        assert set(there.actions) == (actions or {"invitation.answered"})
        assert (there.facts or {}) == ({"answer": answers.pop()} if answers else {})
    assert set(figures.LABELS) == set(EVENTS)


def test_a_day_is_one_of_utc(viewer: Client) -> None:
    people.chosen(people.member("Ana Diaz"))
    seal_and_count()
    figure = DailyFigure.objects.get(kind="all", event="chosen")
    assert figure.day == datetime.now(UTC).date()
    assert "by the days of UTC" in text_of(look(viewer, PAGE))
