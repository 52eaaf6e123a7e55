"""Evidence: anybody can check it offline, any changed byte shows, and it outlives the recipient's data."""

from __future__ import annotations

import base64
import io
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from invites import tokens
from invites.actions import forgetting
from invites.evidence import building, verify
from invites.models import Invitation
from ledger import heads, sealing
from tests import people

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
    assert "message.eml is that mail, to the byte." in done.stdout
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


def test_any_changed_byte_of_any_file_shows(invitation: Invitation, tmp_path: Path) -> None:
    files = opened(evidence(invitation, tmp_path))
    dice = random.Random(1)
    for name, content in files.items():
        for place in {0, len(content) - 1, *dice.sample(range(len(content)), 12)}:
            changed = bytearray(content)
            changed[place] ^= dice.choice([1, 2, 32, 128])
            with pytest.raises((verify.Wrong, ValueError)):
                verify.check(packed({**files, name: bytes(changed)}), key())
    for name in files:
        with pytest.raises(verify.Wrong, match=r"the file holds|is not the file"):
            verify.check(packed({other: files[other] for other in files if other != name}), key())
    with pytest.raises(verify.Wrong, match="the file holds"):
        verify.check(packed({**files, "extra.txt": b""}), key())


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
    assert "The mail itself was erased" in said
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
