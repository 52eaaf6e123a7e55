"""A rendered mail, cut into the pieces that a page shows. Nothing is added to it or left out."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from invites.models import Relationship
from invites.rendering import Rendered


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the site's words; `secret` lines hold the recipient's own link, masked."""

    words: str
    secret: bool


@dataclass(frozen=True, slots=True)
class ShownMail:
    """One whole mail for a page: `text` pieces in their order, and the bytes as they are."""

    headers: dict[str, str]
    opening: str
    relationship_sentence: str
    words: str
    closing: list[Line]
    html: str
    raw: str
    digest: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to say how one knows somebody, with the mail that results, and its key."""

    relationship: Relationship
    label: str
    key: str
    mail: ShownMail | None


def shown(mail: Rendered) -> ShownMail:
    """The mail in pieces."""
    links = f"{settings.SITE_URL}/i/"
    return ShownMail(
        headers=mail.headers,
        opening=mail.opening,
        relationship_sentence=mail.relationship_sentence,
        words=mail.words,
        closing=[Line(line, secret=line.startswith(links)) for line in mail.closing.split("\n")],
        html=mail.html,
        raw=mail.raw.decode("ascii"),
        digest=mail.digest,
    )


def choices(mails: dict[Relationship, Rendered]) -> list[Choice]:
    """The buttons of a card, in their order, each with the mail that it stands for."""
    return [
        Choice(
            relationship=relationship,
            label=str(relationship.label),
            key=str(number),
            mail=shown(mails[relationship]) if relationship in mails else None,
        )
        for number, relationship in enumerate(Relationship, start=1)
    ]
