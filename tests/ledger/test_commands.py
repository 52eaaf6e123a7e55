"""`ledger_head` and `verify_ledger`, as somebody runs them who keeps a head elsewhere."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import guards, sealing
from ledger.models import Entry
from tests.ledger.tampering import appended

pytestmark = pytest.mark.django_db


def run(*command: str) -> str:
    said = io.StringIO()
    call_command(*command, stdout=said)
    return said.getvalue()


def test_a_head_kept_elsewhere_is_all_it_takes(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Nothing is sealed yet"):
        run("ledger_head")
    appended(5)
    sealing.seal()
    head = tmp_path / "head.txt"
    head.write_text(run("ledger_head"))
    assert head.read_text().startswith("localhost:8000/ledger\n5\n")
    key = run("ledger_head", "--key").strip()
    appended(2)
    said = run("verify_ledger", "--since", str(head), "--key", key)
    assert said == (
        "The ledger fits: 5 entries under 1 signed heads, 1 of them kept elsewhere. "
        "2 newer entries wait for the next head.\n"
    )
    guards.remove(connection)
    Entry.objects.filter(pk=Entry.objects.order_by("id")[2].pk).delete()
    guards.install(connection)
    with pytest.raises(CommandError, match=r"The ledger does not fit\. Entry \d+ is missing\."):
        run("verify_ledger")


def test_what_is_no_head_or_no_key_is_said(tmp_path: Path, settings: Any) -> None:
    appended(1)
    sealing.seal()
    good = run("ledger_head")
    for text, problem in [
        ("hello", "not a ledger head"),
        (good.replace("\n1\n", "\n2\n"), "No key that we trust"),
        (good.replace("— ", "- "), "No key that we trust"),
    ]:
        head = tmp_path / "head.txt"
        head.write_text(text)
        with pytest.raises(CommandError, match=problem):
            run("verify_ledger", "--since", str(head))
    with pytest.raises(CommandError, match="can't be read"):
        run("verify_ledger", "--since", str(tmp_path / "missing"))
    with pytest.raises(CommandError, match="not a public key"):
        run("verify_ledger", "--key", "x+00000000+AQ==")
    settings.LEDGER_KEY = b""
    with pytest.raises(CommandError, match="No key to check heads with"):
        run("verify_ledger")
    with pytest.raises(CommandError, match="LEDGER_KEY is not set"):
        run("ledger_head", "--key")
