"""`manage.py personal_data`: a person stands in every table, and afterwards in none."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.fernet import InvalidToken
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from importer import ciphering, grants, reading, uploading
from importer.models import (
    AwaitedFile,
    Contact,
    ContactAddress,
    DirectoryPage,
    Import,
    ImportState,
    LeftOut,
    MergedEntry,
    Upload,
    UploadPage,
)
from invites import outbox, scopes
from invites.actions import account_mails, drafting, holding, linking, suppressing, taking_back
from invites.delivery import ACCOUNT_TEMPLATES
from invites.models import Hold, Invitation, PersonalLink, PreparedMail, Suppression
from invites.personal import register
from invites.recipients.models import Answer, Case, Standing
from invites.staff_models import CaseNote, Reopening
from ledger import clock
from ledger.models import Entry, Subject
from ledger.personal import undeclared
from tests import people
from tests.arrivals import arrived, mail_server
from tests.people import handed_over

pytestmark = pytest.mark.django_db

MARK = "zmarker"  # in all that is filled in below, and in nothing else
ADDRESS = f"marta@{MARK}.example"


def test_of_every_table_it_is_said_which_rows_concern_a_person() -> None:
    labels = undeclared(register.TABLES, register.NOBODY)
    assert labels == [], register.TablesUndeclared(labels)


def command(*arguments: str) -> str:
    said = io.StringIO()
    call_command("personal_data", *arguments, stdout=said)
    return said.getvalue()


# --- a person in every table ----------------------------------------------------------------------
def the_world(settings: Any) -> tuple[User, User]:
    """Marta, a member who invites and is invited, and Ana, who knows her. All tables are filled."""
    with mail_server(settings):
        ana = people.member("Ana Diaz")
        invited_by(ana)  # which empties the address book that is filled after it
        in_anas_book(ana)
        marta = people.member(f"Marta {MARK.title()}", ADDRESS)
        her_account(marta, staff=ana)
        her_invitations(marta)
        her_address_book(marta)
    return marta, ana


def in_anas_book(ana: User) -> None:
    run = Import.objects.create(
        member=ana, source="google", source_label="Google contacts",
        state=ImportState.DONE, created_at=clock.now(),
    )  # fmt: skip
    person = people.contact(ana, f"M. {MARK}", f"m@{MARK}.example")
    ContactAddress.objects.create(
        contact=person, member=ana, address=f"Marta@{MARK}.example", normalised=ADDRESS
    )
    LeftOut.objects.create(
        member=ana, import_run=run, number=1, reason="not_an_address", raw=f"<{ADDRESS}>, bad"
    )
    MergedEntry.objects.create(
        member=ana, import_run=run, contact=person, number=2, name=f"M {MARK}", address=ADDRESS
    )
    DirectoryPage.objects.create(
        member=ana, number=0, people=1, choosable=1, lines=f"{ADDRESS} m. {MARK}\t+{person.pk}\n"
    )
    rows = f"Who;Where\nOtto Berg;otto@berg.example\nMarta {MARK};{ADDRESS}\n"
    uploading.receive(member=ana, file=io.BytesIO(rows.encode()))


def invited_by(ana: User) -> None:
    chosen = people.chosen(ana, f"Marta {MARK}", ADDRESS)
    drafting.write(member=ana, note=people.NOTE)
    drafting.save_words(
        member=ana, uid=chosen.uid, own_line=f"Hello {MARK}", relationship_words=f"As {MARK}"
    )
    chosen.refresh_from_db()
    people.decided(ana, chosen, people.Relationship.OTHER)
    people.confirm(ana)
    outbox.send_due()
    Invitation.objects.filter(state="sent").update(server_reply=f"250 {ADDRESS} ok")
    sent = Invitation.objects.get(state="sent")
    Answer.objects.create(invitation=sent, kind="dont_know", given_at=clock.now())
    case = Case.objects.create(
        invitation=sent, words=f"I am {MARK}", decision=f"{MARK} is right", what_changed=MARK,
        opened_at=clock.now(), owner=ana,
    )  # fmt: skip
    CaseNote.objects.create(case=case, words=f"Talked to {MARK}.", author=ana, at=clock.now())
    suppressing.suppress(ADDRESS, reason=suppressing.Reason.RECIPIENT)


def her_account(marta: User, staff: User) -> None:
    also = EmailAddress.objects.create(user=marta, email=f"me@{MARK}.example", verified=False)
    EmailConfirmation.objects.create(email_address=also, key=f"key-{MARK}", sent=clock.now())
    social = SocialAccount.objects.create(
        user=marta, provider="sign-in", uid=f"uid-{MARK}", extra_data={"name": f"Marta {MARK}"}
    )
    SocialToken.objects.create(account=social, token=f"token-{MARK}", token_secret=MARK)
    LogEntry.objects.create(
        user=staff, content_type=ContentType.objects.get_for_model(User), object_id=str(marta.pk),
        object_repr=ADDRESS, action_flag=CHANGE, change_message=f"name of {MARK}",
    )  # fmt: skip
    browser = Client()
    browser.force_login(marta, backend="django.contrib.auth.backends.ModelBackend")
    session = browser.session
    session["account_login"] = {"email": ADDRESS}
    session.save()
    account_mails.write(
        template=min(ACCOUNT_TEMPLATES), to=ADDRESS, subject=f"Hello {MARK}", text=f"Code {MARK}"
    )


def her_address_book(marta: User) -> None:
    run = Import.objects.create(
        member=marta, source="google", source_label="Google contacts", state=ImportState.FAILED,
        created_at=clock.now(), cursor=f"cursor-{MARK}",
    )  # fmt: skip
    grants.keep(run, {"access_token": f"token-{MARK}"}, clock.now())
    AwaitedFile.objects.create(member=marta, since=clock.now())
    pat = people.contact(marta, f"Pat of {MARK}", "pat@sul.example")
    LeftOut.objects.create(
        member=marta, import_run=run, number=1, reason="not_an_address", raw=f"{MARK} at sul"
    )
    MergedEntry.objects.create(
        member=marta, import_run=run, contact=pat, number=2, name=f"P {MARK}", address=""
    )
    uploading.receive(member=marta, file=io.BytesIO(b"Who;Where\nPat;pat@zmarker.example\n"))


def her_invitations(marta: User) -> None:
    arrived(marta, f"Carlos {MARK}", "carlos@sul.example")
    people.reviewed(marta, f"Dora {MARK}", "dora@sul.example")
    people.confirm(marta)  # and waits to leave
    aside = people.chosen(marta, f"Emil {MARK}", "emil@sul.example")
    drafting.set_aside(member=marta, uid=aside.uid, decision=drafting.SetAside.NEVER)
    people.chosen(marta, f"Fay {MARK}", "fay@sul.example")
    drafting.write(member=marta, note=f"I am {MARK}, and I have a word for you all.")
    handed_over(marta, f"Gus {MARK}", f"Gus, I am {MARK}.")
    Standing.objects.create(sender=marta, allowance=1, since=clock.now())
    holding.hold(scopes.of_sender(marta.pk), reason="A person looks at it.")
    Reopening.objects.create(
        hold=Hold.objects.get(), reason="They talked.", proposed_by=marta, proposed_at=clock.now()
    )


# --- looking for what is left -----------------------------------------------------------------------
def traces() -> list[str]:
    """Table and column of every cell that holds the mark, opened where it is encrypted or packed."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, cell in zip(names, row, strict=True):
                    if any(MARK in text.lower() for text in readings(cell)):
                        found.append(f"{table}.{name}: {cell!r:.80}")
    sessions = [one.session_key for one in Session.objects.all() if MARK in str(one.get_decoded())]
    return found + [f"django_session.session_data of {key}" for key in sessions]


def readings(cell: Any) -> Iterator[str]:
    """A cell as text, and what it says once decrypted and unpacked."""
    raw = bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
    yield raw.decode("latin-1")
    if raw.startswith(b"gAAAA"):
        try:
            plain = ciphering.cipher().decrypt(raw)
        except InvalidToken:
            return
        yield plain.decode("latin-1")
        if plain[:1] == b"x":
            yield zlib.decompress(plain).decode()


@pytest.mark.parametrize("named", [ADDRESS, "the member's number"])
def test_a_person_in_every_table_leaves_no_trace_but_keyed_hashes(
    settings: Any, named: str, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    marta, ana = the_world(settings)
    who = named if "@" in named else str(marta.pk)
    shown = json.loads(command(who, "--json"))
    empty = {table.label for table in register.TABLES} - shown.keys()
    assert empty == set(), (
        f"Nobody is in {empty}. Fill these tables in the_world() with rows that concern Marta, and "
        f"“{MARK}” in every column that could say something about her: docs/personal-data.md."
    )
    assert len(traces()) > 30
    kept = Suppression.objects.exclude(reason="never").count()

    with django_capture_on_commit_callbacks(execute=True):
        said = command(who, "--erase", "--yes")
    for import_id in reading.due():  # a worker ends the access
        reading.read_pages(import_id=import_id)

    assert traces() == []
    assert Suppression.objects.count() == kept
    assert "Stays in invites.Suppression: “Never again”, for good, as a keyed hash" in said
    assert "Stays in the ledger: what was done, under random ids." in said
    assert not Subject.objects.filter(keyed_hash__in=register.find(ADDRESS).hashes).exists()
    facts = Entry.objects.get(action="person.erased").facts
    assert facts["importer.Contact"] >= 1
    assert json.loads(command(ADDRESS, "--json")).keys() <= {
        table.label for table in register.TABLES if table.stays
    }
    # She is out, nothing of hers leaves, and others keep what is theirs.
    marta.refresh_from_db()
    assert not marta.is_active
    assert not Invitation.objects.filter(state__in=("confirmed", "chosen", "reviewed")).exists()
    assert PreparedMail.objects.count() == 0
    page = UploadPage.objects.get(upload__member=ana)
    assert list(Upload.objects.values_list("member", flat=True)) == [ana.pk]
    assert "otto@berg.example" in " ".join(readings(page.ciphertext))
    assert User.objects.get(pk=ana.pk).email == "ana@diaz.example"


def test_no_link_is_left_to_be_erased_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking, "AT_ONCE", 1)
    owner = people.member()
    handed_over(owner, "Bea Sousa")
    handed_over(owner, "Carlos Rui")
    command("ana@diaz.example", "--erase", "--yes")
    assert set(PersonalLink.objects.values_list("recipient_name", flat=True)) == {""}


def test_it_shows_in_words_where_somebody_stands(settings: Any) -> None:
    owner = people.member()
    people.contact(owner, "Bea Sousa", "bea@norte.example")
    said = command("Bea@norte.example")
    assert "importer.Contact: 1" in said
    assert "name: Bea Sousa" in said
    assert command("nobody@norte.example") == "Nothing is held about this person.\n"


def test_it_asks_first_and_a_no_erases_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    people.contact(people.member(), "Bea Sousa", "bea@norte.example")
    monkeypatch.setattr("builtins.input", lambda question: "y")
    with pytest.raises(CommandError, match="Nothing was erased"):
        command("bea@norte.example", "--erase")
    assert Contact.objects.count() == 1
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert "importer.Contact: 1 erased" in command("bea@norte.example", "--erase")
    assert not Contact.objects.exists()


def test_who_is_no_address_and_no_member_gets_a_sentence() -> None:
    with pytest.raises(CommandError, match="neither an e-mail address nor a member"):
        command("12345")
    with pytest.raises(CommandError, match="no e-mail address"):
        command("a@b@c")


def test_who_is_erased_before_a_mail_left_looks_to_its_sender_like_who_has_not_answered(
    settings: Any, client: Client
) -> None:
    owner = people.member()
    with mail_server(settings):
        settings.UNDO_SECONDS = 1800
        taken_back = people.confirmed(owner, domain="sul.example")
        taking_back.take_back(member=owner, batch=taken_back)
        people.reviewed(owner, "Bea Sousa", "bea@norte.example")
        batch = people.confirm(owner)
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    for address in ("bea@norte.example", "bea0@sul.example"):
        command(address, "--erase", "--yes")

    page = client.get(f"/invitations/sent/{batch.uid}/").content.decode()
    assert "No answer" in page
    assert "Taken back" not in page
    assert "Withdraw" in page
    gone = Invitation.objects.get(batch=batch)
    withdraw = f"/invitations/withdraw/{gone.uid}/"
    assert client.get(withdraw).status_code == 200
    assert client.post(withdraw).status_code == 302
    assert "Withdrawn by you" in client.get(f"/invitations/sent/{batch.uid}/").content.decode()
    # What its sender took back stays taken back.
    assert "Taken back" in client.get(f"/invitations/sent/{taken_back.uid}/").content.decode()
    assert client.get("/invitations/").content.decode().count("1 taken back") == 1
