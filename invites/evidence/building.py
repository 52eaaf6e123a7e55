"""Puts the evidence of one invitation together. Reads only."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from importlib import resources
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from invites import notice, steps
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
        "README.txt": own("README.txt"),
        "consent.json": as_json(consent(invitation, record)),
        "steps.txt": "".join(
            f"{entry.at:%Y-%m-%d %H:%M:%S}  {steps.in_words(entry.action, entry.facts)}\n"
            for entry in entries
        ).encode(),
        "ledger.json": as_json(
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
    }
    mail = PreparedMail.objects.filter(invitation=invitation).first()
    if mail and invitation.recipient_address:
        files["message.eml"] = bytes(mail.raw)
    return sign_and_pack(f"evidence of invitation {invitation.uid}", files, key)


def consent(invitation: Invitation, record: ConsentRecord) -> dict[str, Any]:
    """The consent record as ISO/IEC TS 27560:2023 structures one: header, processing, parties, event."""
    undo = round((record.not_before - record.confirmed_at).total_seconds())
    held = {"recipient": invitation.recipient_address} if invitation.recipient_address else {}
    return {
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": str(record.invitation_uid),
        "pii_principal_id": str(record.sender_subject),
        "pii_processing": {
            "privacy_notice": f"{settings.SITE_URL}/about-invitations/",
            "notice_version": record.notice_version,
            "notice_words": notice.words(
                record.notice_version, count=record.count, undo_seconds=undo
            ),
            "language": notice.NOTICES[record.notice_version].language,
            "purposes": [
                {
                    "purpose": "One mail that invites this recipient in the sender's name.",
                    "purpose_type": "personal communication",
                    "lawful_basis": "consent",
                    "pii_information": [
                        {
                            "pii_type": "name and e-mail address of the sender",
                            "pii_optional": False,
                        },
                        {"pii_type": "the sender's own words", "pii_optional": False},
                        {
                            "pii_type": f"relationship: {record.relationship}",
                            "pii_optional": False,
                        },
                    ],
                    "pii_controllers": [settings.SITE_NAME],
                    "collection_method": f"address book: {invitation.source_label}",
                    "processing_method": "written into the mail, which is handed to a mail server once",
                    "storage_locations": ["the site's database"],
                    "retention_period": f"P{settings.RECIPIENT_DAYS}D",
                    "recipient_third_parties": [
                        "the recipient of the mail, and their mail provider"
                    ],
                    "withdrawal_method": "take back until it leaves, withdraw afterwards, "
                    "on the page of the confirmation",
                    "privacy_rights": f"{settings.SITE_URL}{reverse('invites:data')}",
                }
            ],
        },
        "party_identification": [
            {
                "party_id": settings.SITE_URL,
                "party_role": "pii_controller",
                "party_name": settings.SITE_NAME,
                "party_address": settings.POSTAL_ADDRESS,
                "party_email": settings.INVITATIONS_ADDRESS,
                "party_url": settings.SITE_URL,
            },
            {"party_id": str(record.recipient_subject), "party_role": "recipient of the mail"},
        ],
        "event": {
            "event_type": "explicit consent",
            "event_state": "given",
            "event_time": record.confirmed_at.isoformat(),
            "validity_duration": f"P{settings.LATE_DAYS}D",  # then it is too late to leave
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


def sign_and_pack(title: str, files: dict[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """A ZIP of these with what checks them: the script, our public key, a signed list of all."""
    whole = files | {
        "verify.py": own("verify.py"),
        "key.txt": f"{heads.public(key).text()}\n".encode(),
    }
    listed = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(whole.items())]
    whole["manifest.txt"] = heads.note("\n".join([title, *listed, ""]), key).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(whole.items()):
            archive.writestr(zipfile.ZipInfo(name, _NO_TIME), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def own(name: str) -> bytes:
    """A file of this package."""
    return resources.files(__package__).joinpath(name).read_bytes()


def as_json(value: Any) -> bytes:
    """For people, too."""
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
