"""Who has no invitation at hand types an address and gets a link by mail. It is the same for everybody."""

from __future__ import annotations

import re
import statistics
import time
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from invites import outbox
from invites.actions import account_mails, stopping
from invites.mail_models import AccountMail
from invites.models import Suppression
from tests import people
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

BEA = "bea@norte.example"


@pytest.fixture(autouse=True)
def _nobody_asked_lately() -> None:
    cache.clear()


def ask(browser: Client, address: str, **extra: Any) -> Any:
    return browser.post("/stop/", {"address": address}, **extra)


def link_for(post: Sink, address: str) -> str:
    account_mails.send_pending()
    (*_, raw) = [mail for to, mail in post.taken if to == address]
    text = raw.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    found = re.search(r"http://localhost:8000(/stop/[\w=-]+/)", text)
    assert found, text
    return found.group(1)


def test_the_page_says_what_is_kept_and_that_it_is_a_hash(bea: Client, db: None) -> None:
    said = text_of(look(bea, "/stop/"))

    assert said.startswith("Stop invitations to your address")
    assert "A code made from your address with a secret key (a keyed hash)." in said
    assert "It can’t be read back into an address by anybody who doesn’t have the key." in said


def test_the_link_shows_first_acts_on_the_button_and_is_its_own_receipt(
    bea: Client, post: Sink
) -> None:
    answer = ask(bea, " Bea@Norte.example ")
    assert text_of(answer).startswith("Look into your mailbox")
    assert not answer.cookies
    assert not Suppression.objects.exists()
    link = link_for(post, "Bea@norte.example")

    before = text_of(look(bea, link))
    assert before.startswith("Stop all invitations to you?")
    assert "can send an invitation to B•••@n•••.example." in before
    assert not Suppression.objects.exists()
    for body in ({}, {"stop": "me"}, {"List-Unsubscribe": "One-Click"}):
        bea.post(link, body)
    assert not Suppression.objects.exists()

    receipt = bea.post(link, {"stop": "everyone"}, follow=True)
    once = every_row()
    bea.post(link, {"stop": "everyone"})

    assert text_of(receipt).startswith(
        "Done. No member of this site can send you an invitation again."
    )
    assert text_of(look(bea, link)) == text_of(receipt)
    assert every_row() == once
    assert Suppression.objects.get().reason == "owner"
    people.reviewed(people.member("Tom Berg"), address=BEA)
    people.confirm(people.User.objects.get(first_name="Tom"))
    outbox.send_due()
    assert BEA not in post.recipients


def test_the_mail_says_nothing_that_a_stranger_typed_and_its_link_names_nobody(
    bea: Client, post: Sink
) -> None:
    ask(bea, BEA)

    link = link_for(post, BEA)

    assert "bea" not in link.lower()
    text = post.taken[-1][1].decode()
    assert "If it was not you, delete this mail: nothing has changed." in text


def test_a_link_gets_old_and_a_broken_one_is_as_old(
    bea: Client, post: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(bea, BEA)
    link = link_for(post, BEA)
    broken = link[:-12] + ("A" if link[-12] != "A" else "B") + link[-11:]
    dead = text_of(look(bea, broken, status=404))
    assert dead.startswith("This link is too old")

    monkeypatch.setattr(stopping, "LINK_HOURS", 0)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 2)
    assert text_of(look(bea, link, status=404)).startswith("This link is too old")
    assert bea.post(link, {"stop": "everyone"}).status_code == 404
    assert not Suppression.objects.exists()


def test_what_else_is_sealed_with_the_same_keys_stops_nobody(bea: Client, db: None) -> None:
    from importer import ciphering

    other = ciphering.cipher().encrypt(BEA.encode()).decode()

    assert bea.post(f"/stop/{other}/", {"stop": "everyone"}).status_code == 404
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Type your address."),
        ("bea at norte", "An e-mail address must have an @-sign. One looks like name@example.org."),
        ("bea@norte.example\x00", "Look into"),
        ("bé@norte.example", "No mail from here can reach this address. Write to us instead."),
    ],
)
def test_what_is_no_address_gets_a_sentence_and_stays_in_the_field(
    bea: Client, db: None, typed: str, says: str
) -> None:
    answer = ask(bea, typed)

    assert says in text_of(answer)
    if "Look into" not in says:
        assert f'value="{typed}"' in answer.content.decode()
        assert not AccountMail.objects.exists()


def test_too_many_for_one_address_or_from_one_network_are_not_sent_and_nobody_is_told(
    bea: Client, post: Sink
) -> None:
    # All of these reach one mailbox at the large providers.
    spelled = [BEA, "Bea+1@norte.example", "b.e.a@norte.example", "bea+two@norte.example", BEA]
    pages = {
        text_of(ask(bea, address, REMOTE_ADDR=f"192.0.{n}.9")) for n, address in enumerate(spelled)
    }
    assert len(pages) == 1
    assert AccountMail.objects.count() == 5
    account_mails.send_pending()
    assert len(post.recipients) == stopping.MAILS_A_DAY_PER_ADDRESS

    for n in range(stopping.MAILS_A_DAY_PER_NETWORK + 3):
        ask(bea, f"person{n}@norte.example", REMOTE_ADDR=f"203.0.113.{n}")
    account_mails.send_pending()
    assert (
        len(post.recipients) == stopping.MAILS_A_DAY_PER_ADDRESS + stopping.MAILS_A_DAY_PER_NETWORK
    )
    for n in range(stopping.MAILS_A_DAY_PER_NETWORK + 3):
        ask(bea, f"other{n}@norte.example", REMOTE_ADDR=f"2001:db8:1:{n:x}::9")
    account_mails.send_pending()
    assert (
        len(post.recipients)
        == stopping.MAILS_A_DAY_PER_ADDRESS + 2 * stopping.MAILS_A_DAY_PER_NETWORK
    )
    ask(bea, "dora@lind.example", REMOTE_ADDR="198.51.100.7")
    account_mails.send_pending()
    assert post.recipients[-1] == "dora@lind.example"


def test_member_invited_stopped_or_unknown_the_answer_has_the_same_bytes_and_takes_as_long(
    bea: Client, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "MAILS_A_DAY_PER_NETWORK", 10_000)
    monkeypatch.setattr(stopping, "MAILS_A_DAY_PER_ADDRESS", 20)  # half of them are above it
    people.member("Mia Berg", "known0@norte.example")
    bea.post(f"{link}stop/", {"stop": "everyone"})
    kinds = ("known0@norte.example", BEA, "nobody@norte.example")
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    answers = set()
    for _ in range(40):
        for kind in kinds:
            begun = time.perf_counter()
            answer = ask(bea, kind)
            times[kind].append(time.perf_counter() - begun)
            answers.add((answer.status_code, answer.content, str(sorted(answer.headers.items()))))

    assert len(answers) == 1
    medians = [statistics.median(taken) for taken in times.values()]
    assert max(medians) < 1.5 * min(medians)


def test_nothing_of_who_asked_is_left_but_two_counters_under_hashes(
    bea: Client, post: Sink
) -> None:
    ask(bea, BEA, REMOTE_ADDR="203.0.113.77")
    account_mails.send_pending()

    assert "norte" not in repr(every_row())
    assert "203.0.113" not in repr(every_row())
