"""The shapes of what servers answer, checked. Anything else than expected is SourceError("wrong_shape")."""

from __future__ import annotations

from urllib.parse import urljoin

from importer.sources.contract import SourceError


def as_object(value: object) -> dict[str, object]:
    """The value, which must be an object."""
    if not isinstance(value, dict):
        raise SourceError("wrong_shape", permanent=False)
    return value


def as_list(value: object) -> list[object]:
    """The value, which must be a list; what is missing is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise SourceError("wrong_shape", permanent=False)
    return value


def as_text(value: object) -> str:
    """The value, which must be text; what is missing is ""."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise SourceError("wrong_shape", permanent=False)
    return value


def joined(base: str, link: object) -> str:
    """A link as it stands in an answer, made whole. No answer of ours breaks by a broken one."""
    try:
        return urljoin(base, as_text(link))
    except ValueError:
        raise SourceError("wrong_shape", permanent=False) from None


def year_of(moment: object) -> int:
    """The year of a moment in RFC 3339, or 0."""
    start = as_text(moment)[:4]
    return int(start) if start.isascii() and start.isdigit() else 0
