"""Who owns norte.example proves it by a DNS record, and no invitation reaches any address there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from invites import outbox
from invites.actions import domains
from invites.actions.suppressing import suppress_domain
from invites.addresses import domain_hash
from invites.models import Invitation, Suppression
from ledger.models import Entry
from tests import people
from tests.dns_server import SILENT, Zone, dns_server
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db

RECORD = "_no-invitations.norte.example"
STOP = {"domain": "norte.example", "stop": "domain"}


@pytest.fixture
def zone(settings: Any) -> Iterator[Zone]:
    cache.clear()
    with dns_server() as zone:
        host, _, port = zone.address.partition(":")
        settings.DNS_SERVER = (host, int(port))
        yield zone


def test_the_page_shows_the_record_for_a_domain_however_it_is_typed(bea: Client, db: None) -> None:
    assert text_of(look(bea, "/stop/domain/")).startswith("Stop invitations to a domain")
    values = set()
    for typed in ("norte.example", " @Norte.Example. ", "NORTE.EXAMPLE"):
        said = text_of(look(bea, "/stop/domain/", data={"domain": typed}))
        assert f"Type TXT Name {RECORD} Value localhost=" in said
        values.add(said.partition("Value ")[2].split()[0])

    assert values == {domains.record_for("norte.example").value}
    assert domains.record_for("b.norte.example").value not in values


@pytest.mark.parametrize(
    "typed", ["", "norte", "norte .example", "bea@norte.example", "x\x00.example"]
)
def test_what_is_no_domain_gets_a_sentence_and_stays_in_the_field(
    bea: Client, db: None, typed: str
) -> None:
    answer = bea.post("/stop/domain/", {"domain": typed})

    assert "This is not a domain. One looks like example.org." in text_of(answer)
    assert f'value="{typed.replace(chr(0), "")}"' in answer.content.decode()


def test_with_the_record_in_place_the_button_stops_the_domain_once(bea: Client, zone: Zone) -> None:
    zone.text(RECORD, "v=spf1 -all", domains.record_for("norte.example").value)
    look(bea, "/stop/domain/?domain=norte.example")
    assert not Suppression.objects.exists()

    answer = bea.post("/stop/domain/", STOP)
    once = every_row()
    bea.post("/stop/domain/", STOP)

    said = text_of(answer)
    assert said.startswith("Done. No member of this site can send an invitation to any address of")
    assert not answer.cookies
    assert every_row() == once
    assert Suppression.objects.get().address_hash == domain_hash("anybody@Norte.example")
    assert Entry.objects.get(action="address.suppressed").facts["reason"] == "domain"
    assert "norte" not in repr(every_row())


@pytest.mark.parametrize("there", ["nothing", "of another domain", "elsewhere", "silence"])
def test_without_it_nothing_is_stopped_and_the_page_says_what_is_there(
    bea: Client, zone: Zone, there: str
) -> None:
    other = domains.record_for("other.example").value
    if there == "of another domain":
        zone.text(RECORD, other)
    elif there == "elsewhere":
        zone.text("norte.example", domains.record_for("norte.example").value)
    elif there == "silence":
        zone.records[RECORD, "TXT"] = SILENT

    said = text_of(bea.post("/stop/domain/", STOP))

    assert "Nothing was changed." in said
    assert (f"There is: {other}" in said) == (there == "of another domain")
    assert ("gave no answer" in said) == (there == "silence")
    assert not Suppression.objects.exists()


def test_one_network_can_not_have_the_dns_asked_for_ever(bea: Client, zone: Zone) -> None:
    for _ in range(domains.LOOKUPS_A_DAY_PER_NETWORK):
        bea.post("/stop/domain/", STOP)
    zone.text(RECORD, domains.record_for("norte.example").value)

    assert "try again tomorrow" in text_of(bea.post("/stop/domain/", STOP))

    assert not Suppression.objects.exists()
    bea.post("/stop/domain/", STOP, REMOTE_ADDR="203.0.113.9")
    assert Suppression.objects.exists()


@pytest.mark.parametrize("when", ["before choosing", "after choosing", "after confirming"])
def test_nothing_leaves_to_a_stopped_domain_and_the_sender_sees_no_difference(
    post: Sink, ana: User, when: str
) -> None:
    if when == "before choosing":
        suppress_domain("norte.example")
    invitation = people.reviewed(ana)
    people.reviewed(ana, "Carl Maes", "carl@b.norte.example")  # somebody else's, for all we know
    if when == "after choosing":
        suppress_domain("norte.example")
    people.confirm(ana)
    if when == "after confirming":
        suppress_domain("norte.example")

    outbox.send_due()

    assert post.recipients == ["carl@b.norte.example"]
    invitation.refresh_from_db()
    assert invitation.state == "blocked"


@pytest.mark.parametrize("when", ["choosing", "confirming"])
def test_each_of_the_earlier_looks_finds_it_by_itself(ana: User, when: str) -> None:
    if when == "choosing":
        suppress_domain("norte.example")
        people.chosen(ana)
    else:
        people.reviewed(ana)
        suppress_domain("norte.example")
        Invitation.objects.update(stopped_at=None)  # as if it had not been noted
        people.confirm(ana)

    assert Invitation.objects.get().stopped_at


def test_the_last_look_and_the_database_find_it_by_themselves(post: Sink, ana: User) -> None:
    from django.db import IntegrityError, transaction

    people.reviewed(ana)
    people.confirm(ana)
    suppress_domain("norte.example")
    Invitation.objects.update(stopped_at=None)
    claim = outbox.Claim.objects.create(lease_until="2099-01-01T00:00:00Z")
    Invitation.objects.update(state="claimed", claim=claim.uid)
    with pytest.raises(IntegrityError, match="stopped or on hold"), transaction.atomic():
        Invitation.objects.update(state="sending")
    claim.delete()
    outbox.recover()

    outbox.send_due()

    assert post.recipients == []
    assert Invitation.objects.get().state == "blocked"


def test_a_new_address_key_forgets_no_domain(post: Sink, ana: User, settings: Any) -> None:
    suppress_domain("norte.example")
    settings.OLD_ADDRESS_KEYS = [settings.ADDRESS_KEY]
    settings.ADDRESS_KEY = b"another key of at least 32 characters"
    people.reviewed(ana)
    Invitation.objects.update(stopped_at=None)
    people.confirm(ana)

    outbox.send_due()

    assert post.recipients == []


def test_staff_who_look_for_an_address_find_its_domain_and_can_lift_it(ana: User) -> None:
    suppress_domain("norte.example")
    ana.is_staff = ana.is_superuser = True
    ana.save()
    desk = Client()
    desk.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")

    found = desk.post("/admin/audit/search/", {"term": "anybody@norte.example"})
    assert "The owner of its domain stopped invitations to all of it" in found.content.decode()
    row = Suppression.objects.get()
    page = desk.get(f"/admin/invites/suppression/{row.pk}/change/").content.decode()
    assert "on the list (domain)" in page
    other = desk.post("/admin/audit/search/", {"term": "anybody@b.norte.example"})
    assert "The owner of its domain" not in other.content.decode()
