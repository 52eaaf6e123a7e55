"""Every invitation, its state, its exact mail, its consent and its steps, for staff to look at."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from invites import case_admin as _cases  # noqa: F401 (so that Django finds it)
from invites import stored_mail
from invites import suppression_admin as _suppressions  # noqa: F401 (so that Django finds it)
from invites.consent import MAY_HAVE_LEFT
from invites.desk.searching import batches_called, uid_in
from invites.models import (
    Batch,
    ConsentRecord,
    Hold,
    Invitation,
    PersonalLink,
    PreparedMail,
    Reservation,
)
from invites.steps import steps_of
from ledger.admin import ReadOnlyAdmin


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """The list answers "who invited whom, and what became of it"; the page shows all there is."""

    list_display = (
        "recipient", "sent_by", "state", "relationship_label", "source_label", "confirmed",
        "left", "fingerprint",
    )  # fmt: skip
    list_select_related = ("sender", "batch")
    search_fields = ("uid",)
    search_help_text = (
        "An invitation’s id, a Message-ID or a fingerprint, in full. The desk searches by address, and "
        "has a list by day, state, source and reason."
    )
    fieldsets = (
        (None, {"fields": ("state", "recipient", "sent_by", "relationship_label",
                           "relationship_words", "source_label", "uid", "fingerprint")}),
        ("Times", {"fields": ("chosen_at", "confirmed", "send_after", "left", "finished_at",
                              "attempts", "server_reply", "stopped_at", "withdrawn_at",
                              "accepted_at")}),
        ("The mail", {"fields": ("headers", "text", "reviewed_digest", "confirmed_digest")}),
        ("The consent", {"fields": ("consent",)}),
        ("What happened", {"fields": ("steps",)}),
    )  # fmt: skip

    def named(self, term: str) -> Q:
        """An id, alone or in a Message-ID; a fingerprint."""
        bare = term.strip("<>").lower()
        if uid := uid_in(bare):
            return Q(uid=uid)
        return Q(batch__in=[batch.pk for batch in batches_called(bare)])

    @admin.display(description="recipient")
    def recipient(self, invitation: Invitation) -> SafeString:
        """Name and address; erased after a year or at the recipient's word."""
        address = invitation.recipient_address or "(erased)"
        return _two_lines(invitation.recipient_name or "(no name)", address)

    @admin.display(description="sender")
    def sent_by(self, invitation: Invitation) -> SafeString:
        """Full name and address."""
        return _two_lines(invitation.sender.get_full_name(), invitation.sender.email)

    @admin.display(description="relationship")
    def relationship_label(self, invitation: Invitation) -> str:
        """How the sender says they know each other."""
        return invitation.get_relationship_display() or "–"

    @admin.display(description="confirmed")
    def confirmed(self, invitation: Invitation) -> str:
        """When the sender confirmed."""
        return _moment(invitation.batch.confirmed_at) if invitation.batch else "–"

    @admin.display(description="left")
    def left(self, invitation: Invitation) -> str:
        """When it left, as far as known."""
        known = invitation.state in MAY_HAVE_LEFT and invitation.finished_at
        return _moment(known) if known else "–"

    @admin.display(description="fingerprint")
    def fingerprint(self, invitation: Invitation) -> str:
        """The eight characters that sender and recipient see."""
        return invitation.batch.short_fingerprint if invitation.batch else "–"

    @admin.display(description="headers")
    def headers(self, invitation: Invitation) -> str | SafeString:
        """As a mail program shows them."""
        mail = _mail_of(invitation)
        if mail is None:
            return "No mail has been reviewed."
        return format_html_join("", "<div>{}: {}</div>", mail.headers.items())

    @admin.display(description="exact text")
    def text(self, invitation: Invitation) -> str | SafeString:
        """From the stored bytes. Where the secret link goes, they have its hash."""
        mail = _mail_of(invitation)
        return format_html("<pre>{}</pre>", mail.text) if mail else "–"

    @admin.display(description="consent record")
    def consent(self, invitation: Invitation) -> str | SafeString:
        """What no one can change: that this very mail was confirmed."""
        record = ConsentRecord.objects.filter(invitation_uid=invitation.uid).first()
        if record is None:
            return "Nothing was confirmed."
        same = record.digest == invitation.confirmed_digest
        facts = [
            ("Confirmed", _moment(record.confirmed_at)),
            ("Not before", _moment(record.not_before)),
            ("Digest", f"{record.digest} ({'this mail' if same else 'NOT this mail'})"),
            ("Fingerprint", record.fingerprint),
            ("Mails on that page", record.count),
            ("Relationship", record.relationship),
            ("Words of that page", record.notice_version),
        ]
        return format_html_join("", "<div>{}: {}</div>", facts)

    @admin.display(description="steps")
    def steps(self, invitation: Invitation) -> SafeString:
        """The ledger's entries, oldest first."""
        told = [(_moment(step.at), step.words) for step in steps_of(invitation)]
        return format_html("<ol>{}</ol>", format_html_join("", "<li>{} {}</li>", told))


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """What was confirmed at once, on one page."""

    list_display = (
        "short_fingerprint", "sender", "count", "confirmed_at", "not_before", "receipt_sent_at",
        "disowned_at",
    )  # fmt: skip
    list_select_related = ("sender",)
    list_filter = (("disowned_at", admin.EmptyFieldListFilter),)
    search_fields = ("fingerprint",)
    search_help_text = "A fingerprint, at least its eight characters."

    def named(self, term: str) -> Q:
        """A fingerprint."""
        return Q(pk__in=[batch.pk for batch in batches_called(term.lower())])


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    """That somebody confirmed one exact mail. The database refuses any change."""

    list_display = ("invitation_uid", "digest", "fingerprint", "count", "confirmed_at")
    search_fields = ("invitation_uid",)
    search_help_text = "An invitation’s whole id."


@admin.register(PersonalLink)
class PersonalLinkAdmin(ReadOnlyAdmin):
    """Invitations that members hand over themselves, with the words on the page behind each."""

    list_display = (
        "uid", "sender", "recipient_name", "relationship", "confirmed_at", "accepted_at",
        "withdrawn_at", "erased_at",
    )  # fmt: skip
    list_select_related = ("sender",)
    fields = (
        *list_display,
        "relationship_words",
        "words",
        "sender_name",
        "sender_address",
        "digest",
    )
    search_fields = ("uid",)
    search_help_text = "A link’s whole id. A sender’s page at the desk leads to all of theirs."
    linked = ("sender",)


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """What keeps mails where they are until a person lifts it."""

    list_display = ("scope", "reason", "placed_at", "lifted_at")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """Each recipient's one invitation of the year, across all senders."""

    list_display = ("invitation_uid", "at")
    search_fields = ("invitation_uid",)
    search_help_text = "An invitation’s whole id."


def _mail_of(invitation: Invitation) -> stored_mail.StoredMail | None:
    prepared = PreparedMail.objects.filter(invitation=invitation).first()
    return stored_mail.read(bytes(prepared.raw)) if prepared else None


def _two_lines(name: str, address: str) -> SafeString:
    return format_html("{} <br>{}", name, address)


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y, H:i:s")
