"""What `bin/conformance` does: one of our readers over a folder of real files, and how right it was."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bench import conformance_mail, conformance_vcard

DESCRIPTION = """\
Runs one of our readers over a folder of real files, written by other people's software, and
compares with the folder's expected.json. Nothing is sent, stored or changed."""
EPILOG = """\
Exit code 0 when every promised figure is reached, 1 when one is missed, 2 when the folder can't be
used. `bin/conformance mail --help` says what each figure means."""


class Measure(NamedTuple):
    """One kind of folder: what its command explains, how it is measured, what is promised."""

    summary: str
    description: str
    run: Callable[[Path, Any], tuple[dict[str, Any], dict[str, Any], list[str]]]
    promised: Mapping[str, float]
    allowed: Mapping[str, int]
    needs_expected: bool = True


# A new kind of folder: a module like conformance_mail.py, and a line here.
MEASURES: dict[str, Measure] = {
    "mail": Measure(
        "bounces, complaints and automatic replies (*.eml)",
        conformance_mail.DESCRIPTION,
        conformance_mail.run,
        conformance_mail.PROMISED,
        conformance_mail.ALLOWED,
    ),
    "vcard": Measure(
        "address books (*.vcf)",
        conformance_vcard.DESCRIPTION,
        conformance_vcard.run,
        conformance_vcard.PROMISED,
        conformance_vcard.ALLOWED,
        needs_expected=False,
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Measures one folder. Returns 0, 1 or 2 as the help says."""
    options = _parse(arguments)
    measure = MEASURES[options.kind]
    try:
        found, beside, mismatches = measure.run(options.folder, _expected(options.folder, measure))
    except (OSError, ValueError) as error:
        print(f"Can't measure {options.folder}: {error}")
        return 2
    if options.verbose:
        print("\n".join(mismatches))
    figures = found | beside
    missed = [name for name, share in measure.promised.items() if figures[name] < share]
    missed += [name for name, most in measure.allowed.items() if figures[name] > most]
    if options.json:
        if beside:
            print(json.dumps(beside))
        print(json.dumps(found))
    else:
        for name, figure in figures.items():
            print(f"{name.replace('_', ' '):28}{figure:>10}{'   missed' if name in missed else ''}")
    return 1 if missed else 0


def _expected(folder: Path, measure: Measure) -> Any:
    """What the folder says of its files; None where a kind may do without."""
    path = folder / "expected.json"
    if not measure.needs_expected and not path.exists():
        return None
    return json.loads(path.read_bytes())


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="bin/conformance", description=DESCRIPTION, epilog=EPILOG, formatter_class=shape
    )
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, measure in MEASURES.items():
        kind = kinds.add_parser(
            name, help=measure.summary, description=measure.description, formatter_class=shape
        )
        kind.add_argument("folder", type=Path, metavar="DIR", help="has files and expected.json")
        kind.add_argument(
            "--json", action="store_true", help="the figures as one line of JSON, last"
        )
        kind.add_argument("--verbose", action="store_true", help="a line for each mismatch, first")
    return parser.parse_args(arguments)
