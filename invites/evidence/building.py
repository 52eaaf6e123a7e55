"""Puts the evidence of one invitation together. Reads only."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from importlib import resources
from typing import Any

from django.conf import settings
from django.db.models import Q

from invites import steps
from invites.models import ConsentRecord, Invitation, PreparedMail
from ledger import heads, proofs
from ledger.models import Entry

TAKEN = "evidence.taken"  # on the ledger, and no part of the evidence itself
# A ZIP of the same content has the same bytes.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class NoEvidence(Exception):
    """There is nothing to prove yet; says why and what to do."""


def build(invitation: Invitation) -> bytes:
    """The evidence file, a ZIP; invites/evidence/README.txt says what is in it. Raises NoEvidence."""
    key = heads.signing_key()
    record = ConsentRecord.objects.filter(invitation_uid=invitation.uid).first()
    if record is None:
        raise NoEvidence("This invitation was not confirmed, so there is no consent to prove.")
    if key is None:
        raise NoEvidence("Nothing is sealed: LEDGER_KEY is not set. See docs/settings.md.")
    entries = list(
        Entry.objects.filter(Q(subject=invitation.uid) | Q(subject=record.batch_uid))
        .exclude(action=TAKEN)
        .order_by("id")
    )
    try:
        seal = proofs.newest()
        proved = proofs.prove([entry.pk for entry in entries], seal)
    except proofs.NotSealed:
        raise NoEvidence(
            "The newest step is not sealed yet. Beat seals the ledger every minute: try again then."
        ) from None
    files = {
        "README.txt": _own("README.txt"),
        "verify.py": _own("verify.py"),
        "consent.json": _json(consent(invitation, record)),
        "steps.txt": "".join(
            f"{entry.at:%Y-%m-%d %H:%M:%S}  {steps.in_words(entry.action, entry.facts)}\n"
            for entry in entries
        ).encode(),
        "ledger.json": _json(
            [
                {
                    "line": one.line,
                    "position": one.position,
                    "proof": [value.hex() for value in one.hashes],
                }
                for one in proved
            ]
        ),
        "head.txt": seal.note.encode(),
        "key.txt": f"{heads.public(key).text()}\n".encode(),
    }
    mail = PreparedMail.objects.filter(invitation=invitation).first()
    if mail and invitation.recipient_address:
        files["message.eml"] = bytes(mail.raw)
    listed = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items())]
    text = "\n".join([f"evidence of invitation {invitation.uid}", *listed, ""])
    files["manifest.txt"] = heads.note(text, key).encode()
    return _zip(files)


def consent(invitation: Invitation, record: ConsentRecord) -> dict[str, Any]:
    """The consent record as ISO/IEC TS 27560:2023 structures one: header, processing, parties, event."""
    held = {"recipient": invitation.recipient_address} if invitation.recipient_address else {}
    return {
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": str(record.invitation_uid),
        "pii_principal_id": str(record.sender_subject),
        "pii_processing": {
            "privacy_notice": f"{settings.SITE_URL}/about-invitations/",
            "notice_version": record.notice_version,
            "language": settings.LANGUAGE_CODE,
            "purposes": [
                {
                    "purpose": "One mail that invites this recipient in the sender's name.",
                    "lawful_basis": "consent",
                    "pii_information": [
                        {"pii_type": "name and e-mail address of the sender", "required": True},
                        {"pii_type": "the sender's own words", "required": True},
                        {"pii_type": f"relationship: {record.relationship}", "required": True},
                    ],
                    "collection_method": f"address book: {invitation.source_label}",
                    "storage_locations": "the site's database",
                    "retention_period": f"P{settings.RECIPIENT_DAYS}D",
                    "withdrawal_method": "take back until it leaves, withdraw afterwards, "
                    "on the page of the confirmation",
                }
            ],
        },
        "party_identification": [
            {
                "party_role": "pii_controller",
                "party_name": settings.SITE_NAME,
                "party_address": settings.POSTAL_ADDRESS,
                "party_email": settings.INVITATIONS_ADDRESS,
                "party_url": settings.SITE_URL,
            },
            {"party_role": "recipient of the mail", "party_id": str(record.recipient_subject)},
        ],
        "event": {
            "event_type": "explicit consent",
            "event_state": "given",
            "event_time": record.confirmed_at.isoformat(),
            "entity_id": str(record.sender_subject),
        },
        # What the check is made with.
        "invitation": str(record.invitation_uid),
        "batch": str(record.batch_uid),
        "digest": record.digest,
        "fingerprint": record.fingerprint,
        "count": record.count,
        "notice_version": record.notice_version,
        "nothing_leaves_before": record.not_before.isoformat(),
        **held,
    }


def _own(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
