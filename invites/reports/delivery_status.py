"""Delivery status notifications (RFC 3464): the fields for each recipient, wherever they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass

from invites.reports import parts

_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_RECIPIENT_FIELD = re.compile(r"^(?:original|final)-recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>;,\"]{1,128}@[^\s<>;,\"()]{1,255}")
_MAX_RECIPIENTS = 200

FAILED = "failed"
DELAYED = "delayed"
DELIVERED = frozenset({"delivered", "relayed", "expanded"})  # RFC 3464, 2.3.3


@dataclass(frozen=True, slots=True)
class Entry:
    """What one group of fields says about one recipient.

    `addresses` are all names it has, the one that was written to first. `program`: the diagnosis is a
    local program's (type X-Unix), not a mail server's.
    """

    addresses: tuple[str, ...]
    action: str
    status: str | None
    diagnosis: str
    program: bool


def entries(text: str) -> list[Entry]:
    """The recipients in a message/delivery-status, or in any text that has such fields in it."""
    found: dict[str, Entry] = {}
    for group in _BLANK_LINES.split(text[: parts.MAX_TEXT]):
        if len(found) == _MAX_RECIPIENTS:
            break
        match = _RECIPIENT_FIELD.search(group)
        if not match:
            continue
        fields = parts.fields(group)
        if "status" not in fields and "action" not in fields:
            continue
        final = fields.get("final-recipient") or fields.get("original-recipient", "")
        found.setdefault(final.lower(), _entry(fields))
    return list(found.values())


def _entry(fields: dict[str, str]) -> Entry:
    kind, _, diagnosis = fields.get("diagnostic-code", "").partition(";")
    if not diagnosis and not kind.strip().lower().startswith(("smtp", "x-")):
        kind, diagnosis = "", kind
    status = fields.get("status", "")
    return Entry(
        addresses=_addresses(fields),
        action=_action(fields.get("action", ""), status),
        status=status or None,
        diagnosis=f"{diagnosis.strip()} {_remark(status)}".strip(),
        program=kind.strip().lower() == "x-unix",
    )


def _action(action: str, status: str) -> str:
    """The Action field; when it is missing or garbled, what the class of the status says."""
    word = action.strip().lower().split(" ")[0].rstrip(";,")
    if word in DELIVERED or word in (FAILED, DELAYED):
        return word
    return {"2": "delivered", "4": DELAYED}.get(status[:1], FAILED)


def _remark(status: str) -> str:
    """The comment behind a status, as in "4.0.0 (host name lookup failure)"."""
    _, bracket, remark = status.partition("(")
    remark = remark.rstrip(") ")
    return remark if bracket and remark.lower() != "permanent failure" else ""


def _addresses(fields: dict[str, str]) -> tuple[str, ...]:
    found = []
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        _, _, value = fields.get(name, "").rpartition(";")
        match = _ADDRESS.search(value)
        if match and match[0] not in found:
            found.append(match[0])
    return tuple(found)
