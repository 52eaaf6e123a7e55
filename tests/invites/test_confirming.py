"""Confirming: exactly what stood on the page, once, or nothing and a page that says why."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db import connection

from importer.models import Contact
from invites.actions import confirming, drafting, taking_back
from invites.consent import ConsentMissing, StaleConfirmation
from invites.models import Batch, ConsentRecord, Invitation, Relationship, SetAside
from tests import people

pytestmark = pytest.mark.django_db


def confirm(owner: User, fingerprint: str) -> confirming.Confirmed:
    return confirming.confirm(member=owner, fingerprint=fingerprint, nudge=lambda batch: None)


def test_confirming_writes_one_record_per_mail_and_queues_exactly_those() -> None:
    owner = people.member()
    people.chosen(owner, "Not Reviewed", "not@norte.example")
    invitation = people.reviewed(owner)
    page = confirming.check(member=owner)
    batch = confirm(owner, page.fingerprint).batch
    record = ConsentRecord.objects.get()
    invitation.refresh_from_db()
    assert record.invitation_uid == invitation.uid
    assert record.digest == invitation.confirmed_digest == invitation.reviewed_digest
    assert (batch.count, batch.fingerprint) == (1, page.fingerprint)
    assert list(batch.invitations.all()) == [invitation]
    assert Invitation.objects.filter(state="chosen").count() == 1


def test_people_who_were_not_chosen_are_forgotten_when_the_member_confirms() -> None:
    owner = people.member()
    people.contact(owner, "Never Looked At", "nobody@norte.example")
    waiting = people.chosen(owner, "Chosen Too", "too@norte.example")
    people.reviewed(owner)
    done = confirm(owner, confirming.check(member=owner).fingerprint)
    assert done.forgotten == 1
    assert list(Contact.objects.all()) == [waiting.contact]


@pytest.mark.parametrize("others", [True, False])
def test_the_note_for_these_people_is_not_there_for_the_next(others: bool) -> None:
    owner = people.member()
    if others:
        people.chosen(owner, "Carlos Rui", "carlos@sul.example")
    people.reviewed(owner)
    people.confirm(owner)
    draft = drafting.draft_of(owner)
    assert draft is not None
    assert draft.note == (people.NOTE if others else "")


def test_confirming_the_same_page_twice_leads_to_the_same_batch() -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint
    first, second = confirm(owner, fingerprint), confirm(owner, fingerprint)
    assert (first.batch, first.already) == (second.batch, False)
    assert second.already
    assert Batch.objects.count() == ConsentRecord.objects.count() == 1


@pytest.mark.parametrize("field", ["first_name", "last_name", "email"])
def test_a_name_changed_in_another_tab_queues_nothing_and_brings_the_cards_back(field: str) -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint
    setattr(owner, field, "changed@diaz.example" if field == "email" else "Changed")
    owner.save()
    EmailAddress.objects.filter(user=owner).update(email=owner.email)
    with pytest.raises(StaleConfirmation) as caught:
        confirm(owner, fingerprint)
    assert caught.value.changes == ["Bea Sousa"]
    assert Invitation.objects.get().state == "chosen"
    assert not Batch.objects.exists()


@pytest.mark.parametrize("lacking", ["name", "checked address"])
def test_a_sender_whom_the_mail_could_not_name_truly_confirms_nothing(lacking: str) -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint
    if lacking == "name":
        owner.first_name = owner.last_name = ""
        owner.save()
    else:
        EmailAddress.objects.update(verified=False)
    with pytest.raises(ConsentMissing, match="full name and a checked e-mail address"):
        confirm(owner, fingerprint)


def test_a_note_changed_in_another_tab_queues_nothing() -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint
    assert drafting.write(member=owner, note="Something else entirely, written later.") == 1
    with pytest.raises(ConsentMissing):
        confirm(owner, fingerprint)
    assert not Batch.objects.exists()


def test_a_new_version_of_the_site_changes_the_mail_and_so_voids_the_review(settings: Any) -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint
    settings.SITE_NAME = "Another Name"
    with pytest.raises(StaleConfirmation):
        confirm(owner, fingerprint)


def test_a_person_added_in_another_tab_is_not_confirmed_by_the_old_page() -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint
    people.reviewed(owner, "Carlos Rui", "carlos@sul.example")
    with pytest.raises(StaleConfirmation):
        confirm(owner, fingerprint)
    assert not Batch.objects.exists()


@pytest.mark.parametrize("fingerprint", ["", "0" * 64, "'; DROP TABLE"])
def test_a_made_up_fingerprint_confirms_nobody(fingerprint: str) -> None:
    owner = people.member()
    people.reviewed(owner)
    with pytest.raises(StaleConfirmation):
        confirm(owner, fingerprint)
    assert not Batch.objects.exists()


def test_another_members_fingerprint_confirms_nobody() -> None:
    ana, bruno = people.member("Ana Diaz"), people.member("Bruno Costa")
    people.reviewed(ana)
    people.reviewed(bruno)
    with pytest.raises(StaleConfirmation):
        confirm(bruno, confirming.check(member=ana).fingerprint)


def test_a_new_member_confirms_five_and_the_others_wait_in_sight(settings: Any) -> None:
    settings.INVITATIONS_PER_PERIOD = 5
    owner = people.member()
    people.confirmed(owner, 4)
    for number in range(3):
        people.reviewed(owner, f"Late {number}", f"late{number}@sul.example")
    page = confirming.check(member=owner)
    assert (page.room, page.count, len(page.waiting)) == (1, 1, 2)
    confirm(owner, page.fingerprint)
    page = confirming.check(member=owner)
    assert (page.count, len(page.waiting), page.fingerprint) == (0, 2, "")
    with pytest.raises(ConsentMissing):
        confirm(owner, page.fingerprint)


def test_taking_back_makes_room_again_and_lets_the_person_be_invited_later(settings: Any) -> None:
    owner = people.member()
    batch = people.confirmed(owner)
    assert confirming.room_for(owner) == settings.INVITATIONS_PER_PERIOD - 1
    assert taking_back.take_back(member=owner, batch=batch).taken_back == 1
    assert confirming.room_for(owner) == settings.INVITATIONS_PER_PERIOD
    assert people.reviewed(owner, "Bea 0", "bea0@norte.example").state == "reviewed"


def test_nobody_takes_back_what_another_member_confirmed() -> None:
    batch = people.confirmed(people.member("Ana Diaz"))
    done = taking_back.take_back(member=people.member("Bruno Costa"), batch=batch)
    assert done.taken_back == 0
    assert batch.invitations.get().state == "confirmed"


def test_this_was_not_me_takes_everything_back_and_holds_the_sender() -> None:
    owner = people.member()
    batch = people.confirmed(owner, 3)
    assert taking_back.disown(member=owner, batch=batch).taken_back == 3
    assert taking_back.disown(member=owner, batch=batch).taken_back == 0
    assert set(batch.invitations.values_list("state", flat=True)) == {"cancelled"}


def test_an_action_whose_ledger_entry_fails_did_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = people.member()
    people.reviewed(owner)
    fingerprint = confirming.check(member=owner).fingerprint

    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the ledger is full")

    monkeypatch.setattr(confirming, "append", broken)
    with pytest.raises(RuntimeError, match="ledger is full"):
        confirm(owner, fingerprint)
    assert not Batch.objects.exists()
    assert not ConsentRecord.objects.exists()
    assert Invitation.objects.get().state == "reviewed"


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_the_same_moment_make_one_batch_in_fifty_rounds(settings: Any) -> None:
    settings.INVITATIONS_PER_PERIOD = 1000
    owner = people.member()
    for number in range(50):
        people.reviewed(owner, f"Bea {number}", f"bea{number}@norte.example")
        fingerprint = confirming.check(member=owner).fingerprint
        barrier = threading.Barrier(2)
        results: list[confirming.Confirmed] = []

        def press(
            barrier: threading.Barrier = barrier,
            fingerprint: str = fingerprint,
            results: list[confirming.Confirmed] = results,
        ) -> None:
            try:
                barrier.wait(timeout=10)
                results.append(confirm(User.objects.get(pk=owner.pk), fingerprint))
            finally:
                connection.close()

        threads = [threading.Thread(target=press) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert sorted(result.already for result in results) == [False, True]
        assert len({result.batch.pk for result in results}) == 1
    assert Batch.objects.count() == ConsentRecord.objects.count() == 50


# --- one decision per person -----------------------------------------------------------------------


def test_a_card_that_changed_after_it_was_opened_is_not_decided() -> None:
    owner = people.member()
    invitation = people.chosen(owner)
    drafting.write(member=owner, note=people.NOTE)
    card = drafting.card(member=owner, uid=invitation.uid)
    drafting.write(member=owner, note="A different note, from another tab.")
    with pytest.raises(drafting.CardChanged):
        drafting.decide(
            member=owner,
            uid=invitation.uid,
            relationship=Relationship.WORKED,
            digest=card.mails[Relationship.WORKED].digest,
        )
    assert Invitation.objects.get().state == "chosen"


def test_the_digest_of_one_relationship_does_not_decide_another() -> None:
    owner = people.member()
    invitation = people.chosen(owner)
    drafting.write(member=owner, note=people.NOTE)
    card = drafting.card(member=owner, uid=invitation.uid)
    with pytest.raises(drafting.CardChanged):
        drafting.decide(
            member=owner,
            uid=invitation.uid,
            relationship=Relationship.FRIEND,
            digest=card.mails[Relationship.WORKED].digest,
        )


def test_a_line_for_one_person_must_be_seen_in_the_mail_before_it_counts() -> None:
    owner = people.member()
    invitation = people.chosen(owner)
    drafting.write(member=owner, note=people.NOTE)
    words = {"own_line": "Bea, remember the lemon cake?"}
    card = drafting.card(member=owner, uid=invitation.uid)
    shown = card.mails[Relationship.FRIEND].digest
    ask: dict[str, Any] = {
        "member": owner, "uid": invitation.uid, "relationship": Relationship.FRIEND, **words,
    }  # fmt: skip
    with pytest.raises(drafting.CardChanged):
        drafting.decide(digest=shown, **ask)
    mail = drafting.card(member=owner, uid=invitation.uid).mails[Relationship.FRIEND]
    assert "lemon cake" in mail.words
    assert drafting.decide(digest=mail.digest, **ask).state == "reviewed"


def test_another_members_person_is_not_in_my_draft() -> None:
    invitation = people.reviewed(people.member("Ana Diaz"))
    with pytest.raises(drafting.NotInDraft):
        drafting.set_aside(
            member=people.member("Bruno Costa"), uid=invitation.uid, decision=SetAside.NOT_NOW
        )
    invitation.refresh_from_db()
    assert invitation.state == "reviewed"


def test_choosing_ignores_other_members_contacts_and_what_was_not_on_the_page() -> None:
    ana, bruno = people.member("Ana Diaz"), people.member("Bruno Costa")
    theirs, mine, hidden = (
        people.contact(bruno, "Theirs", "theirs@x.example"),
        people.contact(ana, "Mine", "mine@x.example"),
        people.contact(ana, "Hidden", "hidden@x.example"),
    )
    saved = drafting.choose(
        member=ana, ticked={theirs.pk, mine.pk, hidden.pk}, shown={theirs.pk, mine.pk}
    )
    assert saved.added == 1
    assert [item.contact for item in Invitation.objects.all()] == [mine]


def test_changing_the_note_brings_every_card_back() -> None:
    owner = people.member()
    for number in range(3):
        people.reviewed(owner, f"Bea {number}", f"bea{number}@norte.example")
    assert drafting.write(member=owner, note="A new note, for all of them.") == 3
    assert set(Invitation.objects.values_list("state", flat=True)) == {"chosen"}
    assert drafting.write(member=owner, note="A new note, for all of them.") == 0


def test_never_is_remembered_without_the_person_and_can_be_undone() -> None:
    owner = people.member()
    invitation = people.chosen(owner)
    contact = invitation.contact
    assert contact is not None
    drafting.set_aside(member=owner, uid=invitation.uid, decision=SetAside.NEVER)
    Invitation.objects.get().delete()
    saved = drafting.choose(member=owner, ticked={contact.pk}, shown={contact.pk})
    assert saved.added == 0
    assert saved.refusals == ["Bea Sousa: You said never."]


@pytest.mark.parametrize(
    ("note", "sentence"),
    [
        ("", "empty"),
        ("  \u200b ", "empty"),
        ("x" * 1001, "1,001 characters"),
        ("See https://evil.example/login now", "would become a link"),
        ("Look at norte.com", "would become a link"),
        ("Look at norte．com", "would become a link"),
    ],
)
def test_words_that_can_not_stand_in_a_mail_are_refused_with_a_sentence(
    note: str, sentence: str
) -> None:
    with pytest.raises(drafting.WordsRefused, match=sentence):
        drafting.write(member=people.member(), note=note)


@pytest.mark.parametrize(
    "note", ["e.g. this, at 5 p.m.", "Dr. No, v2.0 and 3.14", "Write to ana@diaz.example"]
)
def test_honest_words_pass(note: str) -> None:
    assert drafting.write(member=people.member(), note=note) == 0
