"""`bin/conformance mail`: invites.reports over a folder of messages."""

from __future__ import annotations

import email
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flufl.bounce import all_failures

from invites.reports import Kind, Recipient, Report, read

DESCRIPTION = """\
Reads every message that expected.json names. It says of each: kind (bounce, complaint, auto-reply,
delivered, none), recipients (how many), hard (for a bounce, 1 or 0 for each), reason (for people),
feedback (the type of a complaint). The figures, with --json in the last line:
  kind_right          share of the messages whose kind was recognised
  recipients_right    share of those with recipients whose number was found
  hardness_right      share of the bounces in which hard and soft is right for every recipient
  false_suppressions  messages for which an address would be suppressed wrongly: a hard bounce or a
                      complaint where none is expected, or more hard recipients than expected. (A bounce
                      whose expected reason is "feedback" is a complaint by its own words.)
  crashed             messages on which the reader raised
  per_second          messages read in a second by one process
In the line before it:
  complaints_right    share of the complaints recognised, with their feedback type
  flufl_…             the same figures for flufl.bounce, which knows bounces alone"""
PROMISED = {
    "kind_right": 0.97,
    "recipients_right": 0.97,
    "hardness_right": 0.90,
    "complaints_right": 1.0,
}
ALLOWED = {"false_suppressions": 0, "crashed": 0}


def run(
    folder: Path, expected: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Our figures, those beside them, and a line for each mismatch of ours."""
    raws = {name: (folder / name).read_bytes() for name in expected}
    figures, mismatches = _measured(read, raws, expected)
    beside = {"complaints_right": figures.pop("complaints_right")}
    theirs, _ = _measured(_flufl, raws, expected)
    beside |= {f"flufl_{name}": figure for name, figure in theirs.items() if name in figures}
    return figures, beside, mismatches


def _flufl(raw: bytes) -> Report:
    """What flufl.bounce says of a message; it tells failures that pass from those that don't."""
    passing, lasting = all_failures(email.message_from_bytes(raw))
    found = [Recipient(repr(address), hard=False) for address in passing - lasting]
    found += [Recipient(repr(address), hard=True) for address in lasting]
    return Report(Kind.BOUNCE if found else Kind.NONE, tuple(found))


def _measured(
    reader: Callable[[bytes], Report],
    raws: Mapping[str, bytes],
    expected: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Any], list[str]]:
    """The figures of one reader, and a line for each of its mismatches."""
    reports: dict[str, Report] = {}
    mismatches: list[str] = []
    started = time.perf_counter()
    for name, raw in raws.items():
        try:
            reports[name] = reader(raw)
        except Exception:  # noqa: BLE001 - whatever it is, it is counted and shown
            mismatches.append(f"{name}: crashed\n{traceback.format_exc()}")
    seconds = time.perf_counter() - started
    right: dict[str, list[bool]] = {name: [] for name in PROMISED}
    false_suppressions = 0
    for name, wanted in expected.items():
        report = reports.get(name, Report(Kind.NONE))
        checks = _checks(report, wanted)
        for figure, good in checks.items():
            right[figure].append(good)
        suppressed = _suppressed_wrongly(report, wanted)
        false_suppressions += suppressed
        wrong = [figure.partition("_")[0] for figure, good in checks.items() if not good]
        if wrong or suppressed:
            remark = "; FALSE SUPPRESSION" if suppressed else ""
            mismatches.append(f"{name}: {', '.join(wrong)}{remark}; {_both(report, wanted)}")
    figures = {
        "messages": len(expected),
        **{name: round(sum(good) / len(good), 4) if good else 1.0 for name, good in right.items()},
        "false_suppressions": false_suppressions,
        "crashed": len(expected) - len(reports),
        "per_second": round(len(reports) / seconds) if reports else 0,
    }
    return figures, mismatches


def _checks(report: Report, wanted: Mapping[str, Any]) -> dict[str, bool]:
    """Figure → right or wrong, for the figures that this message counts in."""
    checks = {"kind_right": report.kind == wanted["kind"]}
    if "recipients" in wanted:
        checks["recipients_right"] = len(report.recipients) == wanted["recipients"]
    if wanted["kind"] == Kind.BOUNCE:
        checks["hardness_right"] = _hard(report) == wanted["hard"]
    if wanted["kind"] == Kind.COMPLAINT:
        good = checks["kind_right"] and report.feedback == wanted["feedback"]
        checks["complaints_right"] = good
    return checks


def _suppressed_wrongly(report: Report, wanted: Mapping[str, Any]) -> bool:
    if report.unwanted:
        complained = wanted["kind"] == Kind.COMPLAINT or "feedback" in wanted.get("reason", ())
        return not complained
    hard = _hard(report)
    allowed = list(wanted.get("hard", ())) if wanted["kind"] == Kind.BOUNCE else []
    if len(hard) == len(allowed):
        return any(ours > theirs for ours, theirs in zip(hard, allowed, strict=True))
    return sum(hard) > sum(allowed)


def _hard(report: Report) -> list[int]:
    return [int(recipient.hard) for recipient in report.recipients]


def _both(report: Report, wanted: Mapping[str, Any]) -> str:
    """What was found, what was expected: for people."""
    found = [
        f"{recipient.address or '?'} {'hard' if recipient.hard else 'soft'}"
        f" {recipient.status or '-'} ({recipient.reason or '-'})"
        for recipient in report.recipients
    ]
    told = ", ".join(found) or "nobody"
    return f"found {report.kind} {report.feedback}: {told}; expected {dict(wanted)}"
