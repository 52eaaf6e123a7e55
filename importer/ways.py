"""The ways to bring people, grouped by what members have. Each source says itself where it belongs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from importer.sources import KINDS
from importer.sources.contract import Group, Kind, Source


@dataclass(frozen=True, slots=True)
class Way:
    """A group of the connect page: its sources, and a link for whoever can't or won't connect one.

    `words` say what to expect before anybody takes the trouble.
    """

    group: Group
    words: str
    sources: list[tuple[Source, Kind]]
    link: str
    link_words: str


# What to expect; the link: a name, what follows it, and its words.
_BESIDE = {
    Group.LINKEDIN: (
        "LinkedIn gives few e-mail addresses. Expect names.",
        ("importer:linkedin", "", "LinkedIn’s file, step by step"),
    ),
    Group.GOOGLE: ("", ("importer:upload", "#google", "A file from Google")),
    Group.OUTLOOK: (
        "Hotmail, Microsoft 365 and Exchange, too.",
        ("importer:upload", "#outlook", "A file from Outlook"),
    ),
    Group.FILE: (
        "CSV or vCard, from a phone, a Mac, or another program.",
        ("importer:upload", "", "Read a file"),
    ),
    Group.OTHER: (
        "A CRM, a server of your own, or no address book at all.",
        ("importer:connect", "#type", "Type an address"),
    ),
}


def ways(sources: Iterable[Source]) -> list[Way]:
    """All groups, in their order, with the sources that this site offers."""
    known = [(source, KINDS[source.kind]) for source in sources]
    return [
        Way(
            group=group,
            words=words,
            sources=[pair for pair in known if pair[1].group is group],
            link=reverse(name) + fragment,
            link_words=link_words,
        )
        for group, (words, (name, fragment, link_words)) in _BESIDE.items()
    ]
