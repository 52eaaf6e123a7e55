"""Which rows of drafts, invitations and mails concern a person, and how they go."""

from __future__ import annotations

import json

from cryptography.fernet import InvalidToken
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from importer import ciphering
from invites import scopes
from invites.actions import erasing, linking
from invites.actions.taking_back import cancel_waiting
from invites.consent import DRAFT_STATES, State
from invites.mail_models import AccountMail
from invites.models import (
    Batch,
    ConsentRecord,
    Draft,
    Hold,
    Invitation,
    MemberAddress,
    PersonalLink,
    PreparedMail,
    Reservation,
    SetAside,
    Suppression,
)
from invites.personal import sent
from invites.recipients.models import Answer, Case, Standing
from invites.staff_models import CaseNote, Reopening
from ledger.personal import Mine, Person, Table, columns


def erase(person: Person) -> None:
    """Takes back what waits, and erases names, addresses, words and mails. In the caller's transaction.

    The rows of confirmed invitations stay without them: nobody can be told apart by what is left.
    """
    either = Q(pk__in=_invitations(person).values("pk"))
    ended = list(_invitations(person).filter(state=State.CANCELLED).values_list("pk", flat=True))
    cancel_waiting(either, actor=None, why="erased")
    # Their senders see "No answer", as for everybody who can't be invited: outcomes.WITHDRAWABLE.
    unsent = Invitation.objects.filter(recipient_hash__in=person.hashes, state=State.CANCELLED)
    unsent.exclude(pk__in=ended).update(finished_at=None)
    _invitations(person).filter(state__in=DRAFT_STATES).delete()
    confirmed = list(_invitations(person).values_list("pk", flat=True))
    erasing.empty(confirmed)
    Invitation.objects.filter(pk__in=confirmed).update(contact=None)
    Invitation.objects.filter(pk__in=confirmed, stopped_at=None).update(stopped_at=Now())
    erasing.empty_cases(Case.objects.filter(invitation_id__in=confirmed))
    Case.objects.filter(owner_id__in=_staff(person)).update(owner=None)
    CaseNote.objects.filter(author_id__in=_staff(person)).update(author=None)
    linking.erase_all(Q(sender_id=person.member_id))
    Draft.objects.filter(sender_id=person.member_id).delete()
    Standing.objects.filter(sender_id=person.member_id).delete()
    MemberAddress.objects.filter(member_id=person.member_id).delete()
    _nevers(person).delete()
    _account_mails(person).delete()


def _invitations(person: Person) -> QuerySet[Invitation]:
    return Invitation.objects.filter(
        Q(sender_id=person.member_id) | Q(recipient_hash__in=person.hashes)
    )


def _staff(person: Person) -> list[int]:
    return [person.member_id] if person.member_id else []


def _nevers(person: Person) -> QuerySet[Suppression]:
    return Suppression.objects.filter(
        Q(sender_id=person.member_id) | Q(address_hash__in=person.hashes), reason=SetAside.NEVER
    )


def _account_mails(person: Person) -> QuerySet[AccountMail]:
    theirs = [mail.pk for mail in AccountMail.objects.all() if _addressee(mail) in person.addresses]
    return AccountMail.objects.filter(pk__in=theirs)


def _addressee(mail: AccountMail) -> str:
    try:
        words: dict[str, str] = json.loads(ciphering.cipher().decrypt(bytes(mail.ciphertext)))
    except InvalidToken:
        return ""  # nobody can read it any more, us included
    return words["to"].lower()


TABLES = (
    Table(
        "invites.Draft",
        lambda who: Draft.objects.filter(sender_id=who.member_id),
        Mine(
            "draft",
            "your note, and until when it is kept",
            lambda me: columns(Draft.objects.filter(sender_id=me), "note", "kept_until"),
        ),
    ),
    Table(
        "invites.Invitation",
        _invitations,
        Mine(
            "invitations",
            "whom you chose, decided on and invited, in whose words",
            sent.invitations,
        ),
        stays="State, times and a keyed hash of the address, without names, words or mail: by it "
        "nobody gets a second invitation from the same sender, and the link to stop goes on working.",
        hidden=("token_hash", "claim"),
    ),
    Table(
        "invites.PreparedMail",
        lambda who: PreparedMail.objects.filter(invitation__in=_invitations(who)),
        "Each mail as its card showed it, once more: it is in mails/.",
    ),
    Table(
        "invites.Answer",
        lambda who: Answer.objects.filter(invitation__in=_invitations(who)),
        "What recipients answer is theirs; you read “Accepted” or “No answer”, as on the pages.",
        stays="What was answered to an invitation without names, as a number among others.",
    ),
    Table(
        "invites.Case",
        lambda who: Case.objects.filter(
            Q(invitation__in=_invitations(who)) | Q(owner_id__in=_staff(who))
        ),
        "What recipients report is between them and the staff. Your own reports are in requests.json.",
        stays="That an invitation without names was reported and how that ended, without anybody's "
        "words.",
    ),
    Table(
        "invites.CaseNote",
        lambda who: CaseNote.objects.filter(
            Q(case__invitation__in=_invitations(who)) | Q(author_id__in=_staff(who))
        ),
        "What staff noted for each other about a report is between them and who reported.",
    ),
    Table(
        "invites.Reopening",
        lambda who: Reopening.objects.filter(
            Q(proposed_by_id__in=_staff(who))
            | Q(decided_by_id__in=_staff(who))
            | Q(hold__scope__in=map(scopes.of_sender, _staff(who)))
        ),
        "What two of the staff decided about a hold; it would tell of a report.",
        stays="That two of the staff decided on a hold, of accounts that are nobody's now. The reason "
        "names nobody.",
    ),
    Table(
        "invites.Standing",
        lambda who: Standing.objects.filter(sender_id=who.member_id),
        Mine("limit", "whether you can invite fewer people for now", sent.limit),
    ),
    Table(
        "invites.ConsentRecord",
        lambda who: ConsentRecord.objects.filter(
            invitation_uid__in=_invitations(who).values("uid")
        ),
        "The records of what you agreed to, by themselves: they are in receipts/.",
        stays="Random ids and digests of what was confirmed. It has no personal data, and the "
        "database lets nobody change it.",
    ),
    Table(
        "invites.Batch",
        lambda who: Batch.objects.filter(sender_id=who.member_id),
        Mine(
            "confirmations",
            "what you confirmed at once, and when",
            lambda me: columns(
                Batch.objects.filter(sender_id=me),
                *("uid", "count", "fingerprint", "confirmed_at", "not_before", "disowned_at"),
            ),
        ),
        stays="Count, time and fingerprint of a confirmation, of an account that is nobody's now.",
    ),
    Table(
        "invites.MemberAddress",
        lambda who: MemberAddress.objects.filter(member_id=who.member_id),
        "The code by which we find your own addresses: it says no more than email-addresses.json.",
    ),
    Table(
        "invites.PersonalLink",
        lambda who: PersonalLink.objects.filter(sender_id=who.member_id),
        Mine("personal-links", "the links that you made to hand over yourself", sent.links),
        stays="When a link was made, accepted and erased, without names or words, and a keyed hash.",
        hidden=("token_hash",),
    ),
    Table(
        "invites.AccountMail",
        _account_mails,
        "Mails about your account, encrypted, for the minutes until they leave: there are codes in them.",
        hidden=("ciphertext",),
    ),
    Table(
        "invites.Suppression",
        lambda who: Suppression.objects.filter(
            Q(sender_id=who.member_id) | Q(address_hash__in=who.hashes)
        ),
        Mine("never-again", "every “never” of yours, and stops of your own addresses", sent.nevers),
        stays="“Never again”, for good, as a keyed hash: without it somebody could invite this "
        "address again. Only what a member said of others (“never”) goes.",
    ),
    Table(
        "invites.Reservation",
        lambda who: Reservation.objects.filter(recipient_hash__in=who.hashes),
        "Whether somebody else has invited you this year: it would tell you about them.",
        stays="A keyed hash: nobody else invites this address within the same year.",
    ),
    Table(
        "invites.Hold",
        lambda who: Hold.objects.filter(scope__in=map(scopes.of_sender, _staff(who))),
        Mine("hold", "whether a person is looking at what you send", sent.hold),
        stays="That a person of the staff looked at this sender. It names nobody.",
    ),
)
NOBODY = {
    "invites.AddressKey": "Names of the keys under which hashes are made.",
    "invites.Claim": "Workers and their leases.",
    "invites.Counted": "How much of the ledger stands in the figures.",
    "invites.DailyFigure": "Counts of a day, kept for good. A sender in it is a random id, as in the "
    "ledger: once the account is erased, nobody knows whose.",
    "invites.FirstTime": "When a member did a step for the first time, by the same random id.",
    "invites.RecentFigure": "The same counts for the newest days.",
    "invites.MonthlyFigures": "Counts of a month.",
    "invites.ReportsMailbox": "How far the site's own mailbox was read.",
    "invites.ReturnedReport": "Digests of reports, so that each counts once; of whom, nobody can tell.",
    "invites.StaffEvent": "What happened, by numbers of complaints and kinds of holds; nobody's name.",
    "invites.Trouble": "What of the site itself is not well.",
    "invites.Incident": "What staff tell everybody; the form says: no names or addresses.",
}
