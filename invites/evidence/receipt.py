"""The sender's receipt of one confirmation: what they agreed to, signed. Reads only.

Like the evidence of each mail, but for its place in the ledger: a place counts what everybody did, and two
receipts would tell how many answers came in between. See docs/adr/0014 and 0018.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from invites import notice, stored_mail
from invites.evidence.building import NoEvidence, as_json, consent, own, sign_and_pack
from invites.models import Batch, ConsentRecord, Invitation, PreparedMail
from ledger import heads


def build(batch: Batch) -> bytes:
    """The receipt, a ZIP; invites/evidence/RECEIPT.txt says what is in it. Raises NoEvidence."""
    key = heads.signing_key()
    if key is None:
        raise NoEvidence(
            "This site signs nothing, so there is no receipt. Ask its operator for one."
        )
    invitations = list(batch.invitations.select_related("mail").order_by("id"))
    records = ConsentRecord.objects.in_bulk(
        [invitation.uid for invitation in invitations], field_name="invitation_uid"
    )
    mails = {f"mail-{number}.eml": one for number, one in enumerate(invitations, start=1)}
    undo = round((batch.not_before - batch.confirmed_at).total_seconds())
    version = records[invitations[0].uid].notice_version
    shown = {
        "schema_version": "ISO/IEC TS 27560:2023",
        "receipt_id": str(batch.uid),
        "confirmed_by": {"name": batch.sender.get_full_name(), "email": batch.sender.email},
        "confirmed_at": batch.confirmed_at.isoformat(),
        "nothing_leaves_before": batch.not_before.isoformat(),
        "fingerprint": batch.fingerprint,
        "count": batch.count,
        "notice": {
            "version": version,
            "language": notice.NOTICES[version].language,
            "words": notice.words(version, count=batch.count, undo_seconds=undo),
        },
        "records": [_record(one, records[one.uid], name) for name, one in mails.items()],
    }
    page = render_to_string(
        "invites/receipt.html",
        {
            "batch": batch,
            "shown": shown,
            "people": [_Person(one, name) for name, one in mails.items()],
            "key": heads.public(key).text(),
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL,
        },
    )
    files = {"README.txt": own("RECEIPT.txt"), "receipt.json": as_json(shown),
             "receipt.html": page.encode()}  # fmt: skip
    files |= {name: raw for name, one in mails.items() if (raw := _raw(one))}
    return sign_and_pack(f"receipt of confirmation {batch.uid}", files, key)


def name(batch: Batch) -> str:
    """Of the file."""
    return f"receipt-{batch.short_fingerprint}.zip"


class _Person:
    """One mail on the page of the receipt; `words` are the sender's own, "" once erased."""

    def __init__(self, invitation: Invitation, file: str) -> None:
        raw = _raw(invitation)
        self.invitation = invitation
        self.file = file if raw else ""
        self.words = stored_mail.read(raw).words if raw else ""


def _raw(invitation: Invitation) -> bytes:
    """The mail as confirmed; b"" once it is erased with the recipient's name and address."""
    mail: PreparedMail | None = getattr(invitation, "mail", None)
    return bytes(mail.raw) if mail and invitation.recipient_address else b""


def _record(invitation: Invitation, record: ConsentRecord, file: str) -> dict[str, Any]:
    """The record as the evidence has it, with the recipient's name in the place of the ledger's id."""
    found = consent(invitation, record)
    controller, recipient = found["party_identification"]
    del recipient["party_id"]
    if invitation.recipient_address:
        recipient |= {
            "party_name": invitation.recipient_name,
            "party_email": invitation.recipient_address,
        }
    return {
        **found,
        "party_identification": [controller, recipient],
        "relationship": invitation.get_relationship_display(),
        "relationship_words": invitation.relationship_words,
        "mail": file,
    }
