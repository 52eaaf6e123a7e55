"""Invented people and their invitations, made by the product's own actions."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User

from importer.models import Contact
from invites.actions import confirming, drafting, linking
from invites.models import Batch, Invitation, PersonalLink, Relationship
from ledger import clock

NOTE = "You fixed our contract in a weekend. People ask me for such a lawyer; may I send them?"


def member(name: str = "Ana Diaz", email: str = "") -> User:
    """A member whose address counts as verified."""
    first, _, last = name.partition(" ")
    email = email or f"{first}@{last}.example".lower()
    user = User.objects.create_user(username=email, email=email, first_name=first, last_name=last)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def contact(owner: User, name: str = "Bea Sousa", address: str = "bea@norte.example") -> Contact:
    """Somebody in the member's address book."""
    return Contact.objects.create(
        member=owner,
        source="google",
        source_label="Google contacts",
        name=name,
        best_address=address,
        best_kind="work",
        sort_name=name.lower()[:80],
        search=f"{name} {address}".lower(),
        created_at=clock.now(),
    )


def chosen(owner: User, name: str = "Bea Sousa", address: str = "bea@norte.example") -> Invitation:
    """Somebody in the member's draft; nothing is decided."""
    person = contact(owner, name, address)
    saved = drafting.choose(member=owner, ticked={person.pk}, shown={person.pk})
    assert saved.added == 1, saved.refusals
    return Invitation.objects.get(sender=owner, contact=person)


def reviewed(
    owner: User, name: str = "Bea Sousa", address: str = "bea@norte.example"
) -> Invitation:
    """Somebody whose card was looked at and decided on."""
    invitation = chosen(owner, name, address)
    drafting.write(member=owner, note=NOTE)
    return decided(owner, invitation)


def decided(
    owner: User, invitation: Invitation, relationship: Relationship = Relationship.WORKED
) -> Invitation:
    """The member opens the card and presses one of its buttons."""
    card = drafting.card(member=owner, uid=invitation.uid)
    return drafting.decide(
        member=owner,
        uid=invitation.uid,
        relationship=relationship,
        digest=card.mails[relationship].digest,
        own_line=invitation.own_line,
        relationship_words=invitation.relationship_words,
    )


def confirmed(owner: User, count: int = 1, *, domain: str = "norte.example") -> Batch:
    """A batch of `count` people, as confirmed on the check page; the undo window is open."""
    for number in range(count):
        chosen(owner, f"Bea {number}", f"bea{number}@{domain}")
    drafting.write(member=owner, note=NOTE)
    for invitation in drafting.in_draft(owner):
        decided(owner, invitation)
    return confirm(owner)


def confirm(owner: User) -> Batch:
    """The member opens the check page and presses its button."""
    page = confirming.check(member=owner)
    return confirming.confirm(
        member=owner, fingerprint=page.fingerprint, nudge=lambda batch: None
    ).batch


def due(batch: Batch) -> list[Invitation]:
    """The undo window of a batch is over. Needs UNDO_SECONDS=0 when the batch was confirmed."""
    assert batch.not_before <= clock.now()
    return list(batch.invitations.order_by("id"))


def without_address(owner: User, name: str = "Bea Sousa") -> Contact:
    """Somebody in the member's address book of whom there is no address."""
    return Contact.objects.create(
        member=owner,
        source="linkedin",
        source_label="LinkedIn connections",
        name=name,
        refusal="no_address",
        sort_name=name.lower()[:80],
        search=name.lower(),
        created_at=clock.now(),
    )


def handed_over(
    owner: User, name: str = "Bea Sousa", text: str = "Bea, come and join us here, it is worth it."
) -> PersonalLink:
    """A personal link, as the member makes it: looks at the page behind it, then confirms that."""
    person = without_address(owner, name)
    page = linking.preview(
        member=owner, contact=person, relationship="worked", relationship_words="", text=text
    )
    return linking.confirm(member=owner, contact=person.pk, page=page, digest=page.digest)
