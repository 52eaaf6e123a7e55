"""Evidence: anybody can check it offline, any changed byte shows, and it outlives the recipient's data."""

from __future__ import annotations

import base64
import html
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.management import CommandError, call_command

from invites import scopes, tokens
from invites.actions import erasing, forgetting, holding
from invites.addresses import domain_hashes_of, domain_of, hashes_of
from invites.evidence import building, receipt, verify
from invites.models import Batch, ConsentRecord, Invitation
from ledger import heads, sealing
from ledger.models import Subject
from tests import people
from tests.arrivals import arrived, mail_server
from tests.page_rules import every_row, hold_to_rules

pytestmark = pytest.mark.django_db


def evidence(invitation: Invitation, folder: Path) -> Path:
    file = folder / f"evidence-{invitation.uid}.zip"
    file.write_bytes(building.build(invitation))
    return file


@pytest.fixture
def invitation() -> Invitation:
    people.confirmed(people.member(), count=2)
    sealing.seal()
    return Invitation.objects.order_by("id")[0]


def opened(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: dict[str, bytes]) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    data.seek(0)
    return data


def key() -> str:
    return heads.verifiers()[0].text()


def test_anybody_can_check_it_with_nothing_but_python(
    invitation: Invitation, tmp_path: Path
) -> None:
    file = evidence(invitation, tmp_path)
    script = tmp_path / "verify.py"
    script.write_bytes(opened(file)["verify.py"])
    assert len(script.read_text().splitlines()) < 200
    command = [sys.executable, "-I", "-S", str(script), str(file)]
    done = subprocess.run([*command, key()], capture_output=True, text=True, check=True)
    assert f"message.eml is the mail {invitation.confirmed_digest}, to the byte." in done.stdout
    assert f"Mail {invitation.confirmed_digest} was confirmed" in done.stdout
    other = heads.public(Ed25519PrivateKey.generate()).text()
    done = subprocess.run([*command, other], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "key.txt is another key" in done.stderr


def test_the_site_says_the_same(
    invitation: Invitation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = evidence(invitation, tmp_path)
    call_command("verify_evidence", str(file))
    assert "The file is whole" in capsys.readouterr().out
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(CommandError, match="not a ZIP file"):
        call_command("verify_evidence", str(file))


def ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    """What verify.py does in pure Python, quickly."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize("kind", ["evidence", "receipt"])
def test_any_changed_byte_of_any_file_shows(
    invitation: Invitation, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(invitation.batch, Batch)
    made = building.build(invitation) if kind == "evidence" else receipt.build(invitation.batch)
    files = verify.read(io.BytesIO(made))
    for name in files:
        with pytest.raises(verify.Wrong, match=r"the file holds|is not the file"):
            verify.check(packed({other: files[other] for other in files if other != name}), key())
    for extra in ("extra.txt", "mail-9.eml"):
        with pytest.raises(verify.Wrong, match=r"the file holds|is not the file"):
            verify.check(packed({**files, extra: b""}), key())
    # Every byte of every file, one after the other.
    monkeypatch.setattr(verify, "read", lambda files: files)
    monkeypatch.setattr(verify, "ed25519", lru_cache(ed25519))
    trusted, dice = key(), random.Random(1)
    assert verify.check(files, trusted)  # type: ignore[arg-type]
    for name, content in files.items():
        for place in range(len(content)):
            changed = bytearray(content)
            changed[place] ^= dice.randrange(1, 256)
            with pytest.raises((verify.Wrong, ValueError)):
                verify.check({**files, name: bytes(changed)}, trusted)  # type: ignore[arg-type]


def test_nothing_is_hidden_beside_the_files_of_the_list(invitation: Invitation) -> None:
    """Other programs read a ZIP from its front, or show what an archive was put behind."""
    made = building.build(invitation)
    assert verify.check(io.BytesIO(made), key())
    another = packed({"message.eml": b"Another mail."}).getvalue()
    with_words = io.BytesIO(made)
    with zipfile.ZipFile(with_words, "a") as archive:
        archive.comment = b"No such mail was sent."
    for data in (another + made, made + b"\0" * 30, with_words.getvalue()):
        with pytest.raises(verify.Wrong, match=r"more than its list|not a ZIP"):
            verify.check(io.BytesIO(data), key())
    # What can't be unpacked is a sentence, whatever the library says about it.
    place = made.index(b"consent.json") + len("consent.json")
    damaged = made[:place] + b"\xff" * 40 + made[place + 40 :]
    with pytest.raises(verify.Wrong, match="not a ZIP"):
        verify.check(io.BytesIO(damaged), key())


def test_a_reason_of_the_staff_breaks_no_evidence(invitation: Invitation) -> None:
    batch = invitation.batch
    assert isinstance(batch, Batch)
    holding.hold(scopes.of_batch(batch.pk), reason='See C:\\mails\\2026: "bought"\tor \\\\ not')
    sealing.seal()
    said = verify.check(io.BytesIO(building.build(invitation)), key())
    assert f"Mail {invitation.confirmed_digest} was confirmed" in "".join(said)


def test_a_receipt_says_what_was_agreed_to_and_is_checked_offline(
    invitation: Invitation, tmp_path: Path
) -> None:
    batch = invitation.batch
    assert isinstance(batch, Batch)
    file = tmp_path / receipt.name(batch)
    file.write_bytes(receipt.build(batch))
    files = opened(file)
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    command = [sys.executable, "-I", "-S", str(tmp_path / "verify.py"), str(file), key()]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"Mails confirmed at once at {batch.confirmed_at.isoformat()}: 2." in said
    assert f"mail-2.eml is the mail {batch.invitations.order_by('id')[1].confirmed_digest}" in said
    unasked = subprocess.run(command[:-2], capture_output=True, text=True, check=False)
    assert unasked.returncode == 1
    assert "python3 verify.py FILE.zip [PUBLIC_KEY]" in unasked.stderr

    told = json.loads(files["receipt.json"])
    assert told["notice"]["words"][0] == "2 people get one mail each"
    assert told["confirmed_by"] == {"name": "Ana Diaz", "email": "ana@diaz.example"}
    first = told["records"][0]
    assert first["party_identification"][1]["party_email"] == "bea0@norte.example"
    assert first["relationship"] == "Worked together"
    assert first["event"]["event_state"] == "given"
    page = files["receipt.html"].decode()
    hold_to_rules(re.sub("<style>.*?</style>", "", page, flags=re.DOTALL))
    for words in ("Bea 1", "bea0@norte.example", html.escape(people.NOTE, quote=True),
                  batch.fingerprint, "leaves 30 minutes after you confirm"):  # fmt: skip
        assert words in page
    # No place in the ledger, and no id of a recipient there: what others did is not the sender's.
    whole = b"".join(files.values()).decode()
    record = ConsentRecord.objects.get(invitation_uid=invitation.uid)
    assert str(record.recipient_subject) not in whole
    assert not {"ledger.json", "head.txt"} & files.keys()
    assert tokens.token(invitation.uid) not in whole


def test_a_receipt_outlives_the_recipients_data_without_them(
    invitation: Invitation, settings: Any
) -> None:
    settings.RECIPIENT_DAYS = 0
    forgetting.forget_recipients()
    assert isinstance(invitation.batch, Batch)
    made = receipt.build(Batch.objects.get(pk=invitation.batch.pk))
    said = "\n".join(verify.check(io.BytesIO(made), key()))
    assert "mail-1.eml was erased" in said
    whole = b"".join(verify.read(io.BytesIO(made)).values()).decode()
    assert "norte.example" not in whole
    assert "Bea" not in whole
    assert "Somebody whose name and address are erased" in whole
    assert str(invitation.confirmed_digest) in whole


def test_after_erasure_at_their_word_nothing_here_leads_back_and_the_evidence_still_proves(
    settings: Any,
) -> None:
    with mail_server(settings):
        invitation = arrived(people.member())
    record = ConsentRecord.objects.get(invitation_uid=invitation.uid)
    address = invitation.recipient_address
    assert Subject.objects.filter(uid=record.recipient_subject).exists()

    assert erasing.erase(token=tokens.token(invitation.uid))
    sealing.seal()

    # Neither in clear nor by any key of ours: with the address in hand the rows can't be found again.
    kept = repr(every_row())
    for trace in ("norte.example", "Bea", *(one.value for one in hashes_of(address)),
                  *(one.value for one in domain_hashes_of(domain_of(address)))):  # fmt: skip
        assert trace not in kept, trace
    assert not Subject.objects.filter(uid=record.recipient_subject).exists()
    invitation.refresh_from_db()
    made = io.BytesIO(building.build(invitation))
    said = "\n".join(verify.check(made, key()))
    assert f"Mail {record.digest} was confirmed" in said
    assert "It was taken by the mail server" in said
    assert "message.eml was erased" in said


def test_the_consent_record_has_the_parts_of_ts_27560(invitation: Invitation) -> None:
    record = ConsentRecord.objects.get(invitation_uid=invitation.uid)
    told = building.consent(invitation, record)
    assert {"schema_version", "record_id", "pii_principal_id"} <= told.keys()
    processing = told["pii_processing"]
    assert {"privacy_notice", "language", "purposes"} <= processing.keys()
    (purpose,) = processing["purposes"]
    assert {
        "purpose", "purpose_type", "lawful_basis", "pii_information", "pii_controllers",
        "collection_method", "processing_method", "storage_locations", "retention_period",
        "recipient_third_parties", "withdrawal_method", "privacy_rights",
    } == purpose.keys()  # fmt: skip
    for party in told["party_identification"]:
        assert {"party_id", "party_role"} <= party.keys()
    assert {"event_time", "validity_duration", "entity_id", "event_type", "event_state"} == told[
        "event"
    ].keys()
    assert processing["notice_words"][-1] == "Send 2 invitations"


def test_who_has_another_key_cant_make_one(invitation: Invitation, settings: Any) -> None:
    real = key()
    settings.LEDGER_KEY = base64.b64decode("b3RoZXIga2V5IGZvciB0ZXN0cyBvbmx5LCAzMiBieXQ=")
    forged = io.BytesIO(building.build(invitation))
    with pytest.raises(verify.Wrong):
        verify.check(forged, real)


def test_it_outlives_the_recipients_data(
    invitation: Invitation, tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: Any
) -> None:
    settings.RECIPIENT_DAYS = 0
    assert forgetting.forget_recipients() == 2
    sealing.seal()
    invitation.refresh_from_db()
    file = evidence(invitation, tmp_path)
    call_command("verify_evidence", str(file))
    said = capsys.readouterr().out
    assert "message.eml was erased" in said
    assert f"Mail {invitation.confirmed_digest} was confirmed" in said
    whole = b"".join(opened(file).values())
    assert b"norte.example" not in whole
    assert b"Ana Diaz" not in whole


def test_no_copy_carries_a_secret_link(invitation: Invitation, tmp_path: Path) -> None:
    whole = b"".join(opened(evidence(invitation, tmp_path)).values())
    assert tokens.token(invitation.uid).encode() not in whole
    assert invitation.token_hash.encode() in whole.replace(b"=\r\n", b"")


def test_without_a_seal_or_a_confirmation_it_says_why(settings: Any) -> None:
    owner = people.member()
    draft = people.chosen(owner)
    with pytest.raises(building.NoEvidence, match="not confirmed"):
        building.build(draft)
    people.confirmed(people.member("Bo Lind"), count=1)
    later = Invitation.objects.exclude(batch=None).get()
    with pytest.raises(building.NoEvidence, match="not sealed yet"):
        building.build(later)
    settings.LEDGER_KEY = b""
    with pytest.raises(building.NoEvidence, match="LEDGER_KEY is not set"):
        building.build(later)
