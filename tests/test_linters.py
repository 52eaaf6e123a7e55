"""Each rule that protects the design is broken on purpose, in a copy of the tree, and is seen."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bin.virtual_environment import PYTHON, ROOT

RUFF = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise"]
MYPY = [sys.executable, "-m", "mypy", "ledger"]
LINT_IMPORTS = [str(PYTHON.parent / "lint-imports"), "--no-cache"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything that git has or would take."""
    copy = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, copy / name)
    return copy


@pytest.fixture
def plant(tree: Path) -> Iterator[Callable[[str, str], Path]]:
    """Writes a line on top of a file's imports, or into a new file. All is as before afterwards."""
    before: dict[Path, str | None] = {}

    def write(name: str, line: str) -> Path:
        path = tree / name
        text = path.read_text() if path.exists() else None
        before[path] = text
        future = "from __future__ import annotations\n"
        if text and future in text:
            path.write_text(text.replace(future, f"{future}{line}\n", 1))
        else:
            path.write_text(f"{line}\n{text or ''}")
        return path

    yield write
    for path, text in before.items():
        path.unlink() if text is None else path.write_text(text)


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a linter on the copy."""
    return subprocess.run(
        command, cwd=tree, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_tree_as_it_is_keeps_every_rule(tree: Path) -> None:
    clean = run(tree, *RUFF, ".")
    assert clean.returncode == 0, clean.stdout
    kept = run(tree, *LINT_IMPORTS)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("importer/actions.py", "import smtplib"),
        ("invites/views/planted.py", "from django.core.mail import send_mail"),
        ("invites/tasks.py", "import django.core.mail"),
        ("config/planted.py", "from django.core import mail"),
    ],
)
def test_ruff_sees_a_second_door_for_mail(
    tree: Path, plant: Callable[[str, str], Path], name: str, line: str
) -> None:
    plant(name, line)

    seen = run(tree, *RUFF, name)

    assert seen.returncode == 1
    assert f"{name}:" in seen.stdout
    assert "TID251" in seen.stdout
    assert "Mail has one door: invites/delivery.py." in seen.stdout


WRONG = {
    "Imports point downwards: config, invites, importer, ledger": (
        "ledger/entries.py",
        "importer.models",
    ),
    "Inside invites: pages and tasks call actions, actions call the core": (
        "invites/consent.py",
        "invites.outbox",
    ),
    "Inside invites.recipients: addresses, pages, tables": (
        "invites/recipients/views.py",
        "invites.recipients.urls",
    ),
    "Inside invites.reports: from a mail's parts to what it says": (
        "invites/reports/parts.py",
        "invites.reports.reading",
    ),
    "Inside invites.evidence: who checks a file shares nothing with who made it": (
        "invites/evidence/verify.py",
        "invites.evidence.building",
    ),
    "Inside invites.personal: one register of parts that don't know each other": (
        "invites/personal/accounts.py",
        "invites.personal.invitations",
    ),
    "Inside importer: pages and tasks call actions, actions call what reads and stores": (
        "importer/storing.py",
        "importer.actions",
    ),
    "Inside importer.sources: the contract knows no address book": (
        "importer/sources/contract.py",
        "importer.sources.graph",
    ),
    "What is called pure knows neither Django nor our tables": ("invites/words.py", "django"),
    "Nothing of ours knows the sandbox": ("invites/delivery.py", "sandbox.people"),
    "An importer has no way to mail": ("importer/tasks.py", "smtplib"),
}


def test_import_linter_sees_an_import_in_the_wrong_direction(
    tree: Path, plant: Callable[[str, str], Path]
) -> None:
    for name, imported in WRONG.values():
        plant(name, f"import {imported}")

    told = broken(run(tree, *LINT_IMPORTS))

    assert told.keys() == WRONG.keys()
    for contract, (name, imported) in WRONG.items():
        importing = name.removesuffix(".py").replace("/", ".")
        assert f"{importing} -> {imported}" in told[contract], contract


def test_import_linter_asks_where_a_new_module_stands(
    tree: Path, plant: Callable[[str, str], Path]
) -> None:
    plant("importer/planted.py", "")

    told = broken(run(tree, *LINT_IMPORTS))

    (words,) = told.values()
    assert "importer.planted" in words


def broken(seen: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """By the names of the contracts that were broken, what the linter says of each."""
    assert seen.returncode == 1
    *_, details = seen.stdout.partition("\nBroken contracts\n")
    parts = re.split(r"\n(\S[^\n]*(?:\n\S[^\n]*)?)\n-{3,}\n", details)
    return {
        " ".join(name.split()): words for name, words in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_mypy_sees_a_wrong_type(tree: Path, plant: Callable[[str, str], Path]) -> None:
    plant("ledger/planted.py", 'FINGERPRINT: bytes = "text"')

    seen = run(tree, *MYPY)

    assert seen.returncode == 1
    assert "ledger/planted.py:1: error:" in seen.stdout
    assert "[assignment]" in seen.stdout
