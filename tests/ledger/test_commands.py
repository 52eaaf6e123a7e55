"""`ledger_head` and `verify_ledger`, as somebody runs them who keeps a head elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger import continues, guards, sealing
from ledger.models import Entry, Seal
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


def test_an_outsider_with_two_heads_sees_alone_that_the_later_holds_the_earlier(
    tmp_path: Path,
) -> None:
    earlier, later = tmp_path / "earlier.txt", tmp_path / "later.txt"

    def checked() -> subprocess.CompletedProcess[str]:
        script = [sys.executable, "-I", continues.__file__, str(earlier), str(later)]
        return subprocess.run(script, capture_output=True, text=True, check=False)

    for count in (300, 700):
        appended(count)
        sealing.seal()
        earlier.write_text(later.read_text() if later.exists() else "")
        later.write_text(run("ledger_head"))
    later.write_text(run("ledger_head", "--since", str(earlier)))
    assert checked().stdout == (
        "The 1000 entries of the later head begin with the 300 of the earlier one, unchanged.\n"
    )
    for wrong, problem in [
        (later.read_text().replace("since 300", "since 299"), "begins at 299 entries"),
        (later.read_text().partition("since")[0], "begins at no entries"),
        (later.read_text().rpartition("\n")[0].rpartition("\n")[0], "was changed or cut off"),
    ]:
        later.write_text(wrong)
        assert problem in checked().stderr
        later.write_text(run("ledger_head", "--since", str(earlier)))
    assert run("verify_ledger", "--since", str(later)).startswith("The ledger fits")
    guards.remove(connection)
    Seal.objects.filter(number=2).delete()
    guards.install(connection)
    with pytest.raises(CommandError, match="cut off: that head is about 1000 entries"):
        run("ledger_head", "--since", str(later))
