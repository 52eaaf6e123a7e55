"""Choosing people, writing the note, deciding on one person at a time. Nothing here can send."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from importer.actions import touch
from importer.models import Contact
from invites import tokens, words
from invites.actions.people import must_not_be_invited, why_not_choosable
from invites.addresses import NORMALISERS, address_hash, domain_hash, key_id
from invites.consent import DRAFT_STATES, State
from invites.models import Draft, Invitation, PreparedMail, Relationship, SetAside, Suppression
from invites.rendering import Letter, Rendered, letter_for, render
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member

MOST_CHOSEN = 40  # people in one draft: about four minutes of review


class DraftError(Exception):
    """The base of what keeps a draft from changing; str() is the sentence for the page."""


class WordsRefused(DraftError):
    """These words can't stand in a mail, and why."""


class NotInDraft(DraftError):
    """The person is not in this member's draft (any more)."""


class CardChanged(DraftError):
    """The mail is not the one that was on the posted card; the card comes back with the new one."""


@dataclass(frozen=True, slots=True)
class Card:
    """One person's card: the mails that can result, one per relationship, and its place in the draft.

    `mails` maps each relationship to its whole mail; OTHER is there once its words are known.
    """

    invitation: Invitation
    mails: dict[Relationship, Rendered]
    position: int
    total: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What a page of ticks did. `refusals` says for each person who can't be chosen why."""

    added: int
    removed: int
    refusals: list[str]


def draft_of(member: User) -> Draft | None:
    """The member's open draft; None before the first choice. Reads only."""
    return Draft.objects.filter(sender=member).first()


def in_draft(member: User) -> list[Invitation]:
    """Everybody in the draft, in the order of choosing."""
    return list(
        Invitation.objects.filter(sender=member, state__in=DRAFT_STATES)
        .select_related("sender")
        .order_by("id")
    )


def lock_draft(member: User) -> Draft:
    """The member's draft, locked, and kept for DRAFT_DAYS from now. Call it inside a transaction.

    Whatever changes a draft or confirms it comes through here first, so only one does at a time. It
    counts as a click: the member's people are not forgotten under their hands.
    """
    touch(member)
    kept_until = clock.now() + timedelta(days=settings.DRAFT_DAYS)
    draft, _ = Draft.objects.select_for_update().get_or_create(
        sender=member, defaults={"kept_until": kept_until}
    )
    draft.kept_until = kept_until
    draft.save(update_fields=["kept_until"])
    return draft


@transaction.atomic
def choose(*, member: User, ticked: Collection[int], shown: Collection[int]) -> Saved:
    """Saves the ticks of one page: `ticked` contacts are in, the rest of `shown` is out.

    Contacts of other members are ignored. Nobody is ever chosen who was not ticked by itself.
    """
    lock_draft(member)
    here = {
        invitation.contact_id: invitation
        for invitation in Invitation.objects.filter(
            sender=member, state__in=DRAFT_STATES, contact_id__in=shown
        )
    }
    gone = [invitation for key, invitation in here.items() if key not in ticked]
    for invitation in gone:
        invitation.delete()
    wanted = set(ticked) & set(shown) - here.keys()
    room = MOST_CHOSEN - Invitation.objects.filter(sender=member, state__in=DRAFT_STATES).count()
    added: list[Invitation] = []
    refusals: list[str] = []
    for contact in Contact.objects.filter(member=member, id__in=wanted).order_by("id"):
        # One at a time: two of them may have the same address.
        reason = why_not_choosable(member, [contact]).get(contact.pk)
        if reason is None and len(added) >= room:
            reason = f"A draft holds {MOST_CHOSEN} people; confirm or remove some first."
        if reason is None:
            added.append(_invitation_from(member, contact))
        else:
            refusals.append(f"{contact.display_name}: {reason}")
    actor = of_member(member.pk)
    append(
        [
            Event("invitation.chosen", invitation.uid, actor, {"source": invitation.source})
            for invitation in added
        ]
        + [Event("invitation.unchosen", invitation.uid, actor) for invitation in gone]
    )
    return Saved(added=len(added), removed=len(gone), refusals=refusals)


def _invitation_from(member: User, contact: Contact) -> Invitation:
    uid, now = uuid.uuid4(), clock.now()
    return Invitation.objects.create(
        uid=uid,
        sender=member,
        contact=contact,
        recipient_name=words.clean_line(contact.name),
        recipient_address=contact.best_address,
        recipient_hash=address_hash(contact.best_address),
        domain_hash=domain_hash(contact.best_address),
        source=contact.source,
        source_label=contact.source_label,
        token_hash=tokens.hash_of(tokens.token(uid)),
        chosen_at=now,
        stopped_at=now if must_not_be_invited(member, contact) else None,
    )


@transaction.atomic
def write(*, member: User, note: str) -> int:
    """Saves the note. Returns how many cards must be looked at again because their mail changed.

    Raises WordsRefused, with nothing saved, for words that can't stand in a mail.
    """
    note = words.clean_text(note)
    if not note:
        raise WordsRefused("The note is empty. Write why you invite them, in your own words.")
    if len(note) > words.NOTE_LENGTH:
        raise WordsRefused(
            f"The note has {len(note):,} characters; {words.NOTE_LENGTH:,} fit. Shorten it."
        )
    if sentence := words.refusal(note):
        raise WordsRefused(sentence)
    draft = lock_draft(member)
    if draft.note == note:
        return 0
    draft.note = note
    draft.save(update_fields=["note"])
    again = [item for item in in_draft(member) if item.state == State.REVIEWED]
    for invitation in again:
        send_back(invitation)
    append([Event("note.written", of_member(member.pk), facts={"length": len(note)})])
    return len(again)


def send_back(invitation: Invitation) -> None:
    """reviewed → chosen: something on the card changed, so the decision on it is void.

    Saves what the caller has changed on it too: `own_line`, `relationship_words`, `set_aside`.
    """
    PreparedMail.objects.filter(invitation=invitation).delete()
    invitation.state = State.CHOSEN
    invitation.reviewed_digest = None
    invitation.save(
        update_fields=["state", "reviewed_digest", "own_line", "set_aside", "relationship_words"]
    )


def card(*, member: User, uid: uuid.UUID) -> Card:
    """One person's card. Reads only. Raises NotInDraft."""
    everybody = in_draft(member)
    for position, invitation in enumerate(everybody, start=1):
        if invitation.uid == uid:
            draft = draft_of(member)
            return Card(
                invitation=invitation,
                mails=_mails(invitation, draft.note if draft else ""),
                position=position,
                total=len(everybody),
            )
    raise NotInDraft("This person is not in your draft any more.")


def _mails(invitation: Invitation, note: str) -> dict[Relationship, Rendered]:
    return {
        relationship: render(_letter(invitation, note, relationship))
        for relationship in Relationship
        if relationship is not Relationship.OTHER or invitation.relationship_words
    }


def _letter(invitation: Invitation, note: str, relationship: str) -> Letter:
    return letter_for(
        invitation,
        note,
        relationship=relationship,
        relationship_words=invitation.relationship_words,
    )


def current_mail(invitation: Invitation, note: str) -> Rendered:
    """The mail of a reviewed invitation as it would be rendered now."""
    return render(_letter(invitation, note, invitation.relationship))


def decide(
    *,
    member: User,
    uid: uuid.UUID,
    relationship: Relationship,
    digest: str,
    own_line: str = "",
    relationship_words: str = "",
) -> Invitation:
    """Invites one person: states the relationship, on the card that showed the mail with `digest`.

    Words typed on the card are saved first. Raises CardChanged when the mail is not (or no longer) the
    one that was shown, WordsRefused for words that can't be sent, NotInDraft.
    """
    if relationship is Relationship.OTHER and not words.clean_line(relationship_words):
        raise WordsRefused("Say in a few words how you know each other.")
    other = relationship_words if relationship is Relationship.OTHER else None
    if save_words(member=member, uid=uid, own_line=own_line, relationship_words=other):
        raise CardChanged("Your words are in the mail now. Look at it once more.")
    with transaction.atomic():
        draft = lock_draft(member)
        invitation = _locked(member, uid)
        if not draft.note:
            raise CardChanged("The note is empty. Write it first.")
        mail = render(_letter(invitation, draft.note, relationship))
        if mail.digest != digest:
            raise CardChanged("This mail changed while the card was open. Look at it once more.")
        PreparedMail.objects.filter(invitation=invitation).delete()
        PreparedMail.objects.create(invitation=invitation, raw=mail.raw)
        invitation.set_aside = ""
        invitation.relationship = relationship
        invitation.reviewed_digest = mail.digest
        invitation.state = State.REVIEWED
        invitation.save(update_fields=["set_aside", "relationship", "reviewed_digest", "state"])
        _forget_never(invitation)
        append(
            [
                Event(
                    "invitation.reviewed",
                    invitation.uid,
                    of_member(member.pk),
                    {"digest": mail.digest, "relationship": relationship.value},
                )
            ]
        )
    return invitation


@transaction.atomic
def save_words(
    *, member: User, uid: uuid.UUID, own_line: str, relationship_words: str | None = None
) -> bool:
    """Stores words typed on a card; True when they change its mail, which must be looked at again.

    `relationship_words` None leaves those as they are. Raises WordsRefused, NotInDraft.
    """
    own_line, other = words.clean_line(own_line), words.clean_line(relationship_words or "")
    for text, most, name in (
        (own_line, words.LINE_LENGTH, "The line for this person"),
        (other, words.RELATIONSHIP_LENGTH, "How you know each other"),
    ):
        if len(text) > most:
            raise WordsRefused(f"{name} has {len(text)} characters; {most} fit. Shorten it.")
        if sentence := words.refusal(text):
            raise WordsRefused(sentence)
    lock_draft(member)
    invitation = _locked(member, uid)
    if relationship_words is None:
        other = invitation.relationship_words
    if (own_line, other) == (invitation.own_line, invitation.relationship_words):
        return False
    invitation.own_line, invitation.relationship_words = own_line, other
    send_back(invitation)
    return True


@transaction.atomic
def set_aside(*, member: User, uid: uuid.UUID, decision: SetAside) -> Invitation:
    """Not now, don't know, never: the person stays in the draft, set aside; nobody is told.

    Raises NotInDraft.
    """
    lock_draft(member)
    invitation = _locked(member, uid)
    invitation.set_aside = decision
    send_back(invitation)
    if decision is SetAside.NEVER:
        Suppression.objects.get_or_create(
            address_hash=invitation.recipient_hash,
            sender=member,
            reason=SetAside.NEVER,
            defaults={
                "key_id": key_id(),
                "normaliser": max(NORMALISERS),
                "created_at": clock.now(),
            },
        )
    else:
        _forget_never(invitation)
    append(
        [
            Event(
                "invitation.set_aside",
                invitation.uid,
                of_member(member.pk),
                {"decision": decision.value},
            )
        ]
    )
    return invitation


@transaction.atomic
def reconsider(*, member: User, uid: uuid.UUID) -> Invitation:
    """Undoes a decision of any kind: the card is open again. Raises NotInDraft."""
    lock_draft(member)
    invitation = _locked(member, uid)
    invitation.set_aside = ""
    send_back(invitation)
    _forget_never(invitation)
    append([Event("invitation.reconsidered", invitation.uid, of_member(member.pk))])
    return invitation


def _forget_never(invitation: Invitation) -> None:
    Suppression.objects.filter(
        address_hash=invitation.recipient_hash, sender=invitation.sender, reason=SetAside.NEVER
    ).delete()


def _locked(member: User, uid: uuid.UUID) -> Invitation:
    invitation = (
        Invitation.objects.select_related("sender")
        .select_for_update(of=("self",))
        .filter(sender=member, uid=uid, state__in=DRAFT_STATES)
        .first()
    )
    if invitation is None:
        raise NotInDraft("This person is not in your draft any more.")
    return invitation
