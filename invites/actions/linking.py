"""Personal links: an invitation that the member hands over, to people of whom we know no address.

Nothing here can send. A link is that person's one invitation from this member and counts as one. The
member sees it, since they pass it on; the token is derived like any other, and its hash is stored.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from importer.actions import touch
from importer.models import Contact
from invites import tokens, words
from invites.actions import confirming, outcomes, weighing
from invites.actions.links import NO_ADDRESS, link_of, person_hash
from invites.addresses import keys
from invites.consent import Missing
from invites.models import PersonalLink, Relationship
from invites.rendering import relationship_sentence
from ledger import clock
from ledger.entries import Event, append
from ledger.subjects import of_member

AT_ONCE = 500  # rows a transaction, where nobody waits for all of them


class LinkRefused(Exception):
    """Why there can be no link (like this); str() is the sentence for the page."""


class PageChanged(LinkRefused):
    """The page behind the link is not the one that was shown; the new one comes back."""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """All that the page behind a link says of who gave it and why. The same for member and person."""

    recipient_name: str
    sender_name: str
    sender_first_name: str
    sender_address: str
    source_label: str
    relationship: str
    relationship_words: str
    words: str
    accepted_at: datetime | None = None
    confirmed_at: datetime | None = None
    kept_until: datetime | None = None
    paused: bool = False  # its sender is on hold

    @property
    def relationship_sentence(self) -> str:
        """What the sender states."""
        return relationship_sentence(
            self.sender_first_name, self.relationship, self.relationship_words
        )

    @property
    def digest(self) -> str:
        """Over every word that is somebody's, in hex: what was shown is what is confirmed."""
        said = {name: value for name, value in asdict(self).items() if isinstance(value, str)}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def contact_for(*, member: User, contact: int) -> Contact | None:
    """A person in the member's address books who has no address and no link yet."""
    found = Contact.objects.filter(member=member, pk=contact, refusal=NO_ADDRESS).first()
    return found if found is not None and found.name and link_of(member, found) is None else None


def preview(
    *, member: User, contact: Contact, relationship: str, relationship_words: str, text: str
) -> LinkPage:
    """The page that the link would lead to. Reads only. Raises LinkRefused."""
    if relationship not in Relationship.values:
        raise LinkRefused("Say how you know each other.")
    own = words.without_quotes(words.clean_line(relationship_words))
    if relationship == Relationship.OTHER and not own:
        raise LinkRefused("Say in a few words how you know each other.")
    text = words.clean_text(text)
    if not text:
        raise LinkRefused("The note is empty. Write why you invite this person, in your own words.")
    for said, most, name in (
        (text, words.NOTE_LENGTH, "The note"),
        (own, words.RELATIONSHIP_LENGTH, "How you know each other"),
    ):
        if len(said) > most:
            raise LinkRefused(f"{name} has {len(said):,} characters; {most:,} fit. Shorten it.")
        if sentence := words.refusal(said):
            raise LinkRefused(sentence)
    return LinkPage(
        recipient_name=words.clean_line(contact.name),
        sender_name=words.clean_line(member.get_full_name()),
        sender_first_name=words.clean_line(member.first_name or member.get_full_name()),
        sender_address=member.email,
        source_label=contact.source_label,
        relationship=relationship,
        relationship_words=own if relationship == Relationship.OTHER else "",
        words=text,
    )


@transaction.atomic
def confirm(*, member: User, contact: int, page: LinkPage, digest: str) -> PersonalLink:
    """Makes the link to exactly the page that was shown (`digest`). Twice gives the same link.

    Raises PageChanged, and LinkRefused when this member can't invite this person (now).
    """
    touch(member)
    User.objects.select_for_update().get(pk=member.pk)  # two at once would both find room
    person = Contact.objects.filter(member=member, pk=contact, refusal=NO_ADDRESS).first()
    if person is None:
        raise LinkRefused("This person is not in your address books any more.")
    if made := link_of(member, person):
        return made
    if not confirming.is_complete(member):
        raise LinkRefused(Missing.SENDER_INCOMPLETE.value)
    if outcomes.is_held(member):
        raise LinkRefused(Missing.HELD.value)
    if not confirming.room_for(member):
        raise LinkRefused(
            "A link counts as an invitation, and you have confirmed as many as you can for now: "
            f"{weighing.allowance(member)} in {settings.INVITATION_PERIOD_DAYS} days."
        )
    if page.digest != digest:
        raise PageChanged("The page is another one now. Look at it once more.")
    uid = uuid.uuid4()
    link = PersonalLink.objects.create(
        uid=uid,
        sender=member,
        contact=person,
        person_hash=person_hash(member, person, keys()[0]),
        token_hash=tokens.hash_of(tokens.token(uid)),
        recipient_name=page.recipient_name,
        sender_name=page.sender_name,
        sender_first_name=page.sender_first_name,
        sender_address=page.sender_address,
        source_label=page.source_label,
        relationship=page.relationship,
        relationship_words=page.relationship_words,
        words=page.words,
        digest=page.digest,
        confirmed_at=clock.now(),
    )
    facts = {"digest": link.digest, "relationship": link.relationship}
    append([Event("link.confirmed", link.uid, of_member(member.pk), {**facts})])
    return link


def address_of(link: PersonalLink) -> str:
    """The whole link, for the member to pass on. Derived each time; stored nowhere."""
    secret = tokens.token(link.uid)
    return str(settings.SITE_URL) + reverse("recipients:invitation", args=[secret])


def is_open(link: PersonalLink) -> bool:
    """Whether it still leads somewhere."""
    return _open().filter(pk=link.pk).exists()


@transaction.atomic
def withdraw(*, member: User, uid: uuid.UUID) -> bool:
    """The page behind the link goes dark, for good. False: there was nothing to withdraw."""
    changed = PersonalLink.objects.filter(sender=member, uid=uid, withdrawn_at=None).update(
        withdrawn_at=Now()
    )
    if changed:
        append([Event("link.withdrawn", uid, of_member(member.pk))])
    return bool(changed)


# --- by the person who was given the link: the token is the authority ---------------------------------


def link_page(token: str) -> LinkPage | None:
    """What the page behind a link says; None: unknown, withdrawn, erased or too old. Reads only."""
    link = _open().select_related("sender").filter(token_hash=tokens.hash_of(token)).first()
    if link is None:
        return None
    return replace(_page(link), paused=outcomes.is_held(link.sender))


def page_of(link: PersonalLink) -> LinkPage:
    """The same for the member who made it."""
    return _page(link)


@transaction.atomic
def accept(*, token: str) -> bool:
    """The sender sees "Accepted". False: the link leads nowhere, or its sender is on hold."""
    link = _open().select_for_update(of=("self",)).filter(token_hash=tokens.hash_of(token)).first()
    if link is None or outcomes.is_held(link.sender):
        return False
    if link.accepted_at is None:
        PersonalLink.objects.filter(pk=link.pk).update(accepted_at=Now())
        append([Event("link.accepted", link.uid)])
    return True


@transaction.atomic
def erase(*, token: str) -> bool:
    """Name, words and link are gone. False: it leads to nobody."""
    return bool(_empty(Q(token_hash=tokens.hash_of(token))))


def is_erased(token: str) -> bool:
    """Whether this link was erased. Reads only."""
    erased = PersonalLink.objects.filter(erased_at__isnull=False)
    return erased.filter(token_hash=tokens.hash_of(token)).exists()


@transaction.atomic
def forget_old() -> int:
    """As `erase`, for links made RECIPIENT_DAYS ago; returns how many."""
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    return _empty(Q(confirmed_at__lte=since), AT_ONCE)


def erase_all(which: Q) -> int:
    """As `erase`, for several. Call it inside a transaction."""
    return _empty(which)


def _empty(which: Q, most: int | None = None) -> int:
    """Of all these, or of the oldest so many."""
    found = PersonalLink.objects.filter(which, erased_at=None).order_by("id")
    some = dict(found.values_list("pk", "uid")[:most])
    PersonalLink.objects.filter(pk__in=some).update(
        recipient_name="",
        sender_name="",
        sender_first_name="",
        sender_address="",
        relationship_words="",
        words="",
        contact=None,
        erased_at=Now(),
    )
    append(Event("link.erased", uid) for uid in some.values())
    return len(some)


def _open() -> QuerySet[PersonalLink]:
    since = clock.now() - timedelta(days=settings.RECIPIENT_DAYS)
    return PersonalLink.objects.filter(
        withdrawn_at=None, erased_at=None, confirmed_at__gt=since, sender__is_active=True
    )


def _page(link: PersonalLink) -> LinkPage:
    return LinkPage(
        recipient_name=link.recipient_name,
        sender_name=link.sender_name,
        sender_first_name=link.sender_first_name,
        sender_address=link.sender_address,
        source_label=link.source_label,
        relationship=link.relationship,
        relationship_words=link.relationship_words,
        words=link.words,
        accepted_at=link.accepted_at,
        confirmed_at=link.confirmed_at,
        kept_until=link.confirmed_at + timedelta(days=settings.RECIPIENT_DAYS),
    )
