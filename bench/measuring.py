"""What `bin/bench` can measure: a subcommand each."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from bench import alike, audit, importing, sending, tampering

DESCRIPTION = """\
Measures the product beside something that everybody knows, as ratios within one run on the same
machine. `bin/bench import --help` says what each figure means."""


def main(arguments: Sequence[str]) -> int:
    """Measures what is asked for and prints it; returns the exit code."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="bin/bench", description=DESCRIPTION, formatter_class=shape
    )
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, summary, measure in (
        ("send", "how fast confirmed invitations leave", sending),
        ("import", "how fast address books come in and are listed", importing),
        ("alike", "whether a page tells who is a member or suppressed", alike),
        ("tamper", "whether verify_ledger finds whatever is done to sealed entries", tampering),
        ("audit", "the ledger and the desk of staff, on large tables", audit),
    ):
        kind = kinds.add_parser(
            name, help=summary, description=measure.DESCRIPTION, formatter_class=shape
        )
        measure.add_arguments(kind)
        kind.set_defaults(run=measure.run)
    options = parser.parse_args(arguments)
    run: int = options.run(options)
    return run
