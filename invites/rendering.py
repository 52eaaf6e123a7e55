"""Draft in, the bytes of one mail out: the same for the card that is looked at and for sending."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from uuid import UUID

from django.conf import settings

from invites import consent, mime, tokens
from invites.models import Invitation, Relationship
from invites.words import clean_line, without_quotes

_WIDTH = 72

# What the mail says after "Ana says ".
_RELATIONSHIP_SENTENCES = {
    Relationship.WORKED: "you worked together.",
    Relationship.BUSINESS: "one of you was the other's client or supplier.",
    Relationship.FIELD: "you met in your field.",
    Relationship.FRIEND: "you are friends.",
}


LINKS = 7  # how often the token stands in a mail: two links in text, each twice in HTML, one header


class Unsendable(ValueError):
    """These words can't become a mail. Writing refuses such already; here it is the last word."""


@dataclass(frozen=True, slots=True)
class Letter:
    """All that a mail is made of. The same letter and settings always give the same bytes."""

    uid: UUID
    token_hash: str
    sender_name: str
    sender_first_name: str
    sender_address: str
    recipient_name: str
    recipient_address: str
    source: str
    source_label: str
    relationship: str
    relationship_words: str
    note: str
    own_line: str

    @property
    def relationship_sentence(self) -> str:
        """What the sender states, as the mail says it."""
        return relationship_sentence(
            self.sender_first_name, self.relationship, self.relationship_words
        )

    @property
    def words(self) -> str:
        """The sender's own words: the line for this person, then the note."""
        return "\n\n".join(part for part in (self.own_line, self.note) if part)


@dataclass(frozen=True, slots=True)
class SiteWords:
    """What the site itself says in one mail, in order; the sender's words stand after `opening`."""

    opening: str
    look: str
    link: str
    replies: str
    never: str
    stop: str
    small_print: str

    @property
    def closing(self) -> tuple[str, ...]:
        """Everything below the sender's words."""
        return (self.look, self.link, self.replies, self.never, self.stop, self.small_print)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One mail: its bytes (tokens as hashes), their digest, and its parts for the page."""

    raw: bytes
    digest: str
    headers: dict[str, str]
    opening: str
    relationship_sentence: str
    words: str
    closing: str
    html: str


def relationship_sentence(first_name: str, relationship: str, own_words: str) -> str:
    """What a sender states, as mails and pages say it."""
    if relationship == Relationship.OTHER:
        return f"{first_name} says how you know each other: “{own_words}”"
    return f"{first_name} says {_RELATIONSHIP_SENTENCES[Relationship(relationship)]}"


def letter_for(
    invitation: Invitation,
    note: str,
    *,
    relationship: str,
    relationship_words: str = "",
) -> Letter:
    """The letter of an invitation if the sender states this relationship."""
    sender = invitation.sender
    return Letter(
        uid=invitation.uid,
        token_hash=invitation.token_hash,
        sender_name=clean_line(sender.get_full_name()),
        sender_first_name=clean_line(sender.first_name or sender.get_full_name()),
        sender_address=sender.email,
        recipient_name=invitation.recipient_name,
        recipient_address=invitation.recipient_address,
        source=invitation.source,
        source_label=invitation.source_label,
        relationship=relationship,
        relationship_words=without_quotes(relationship_words),
        note=note,
        own_line=invitation.own_line,
    )


def render(letter: Letter) -> Rendered:
    """The whole mail: multipart, 7-bit, CRLF. Raises Unsendable, mime.UnsafeAddress."""
    site = settings.SITE_NAME
    link = f"{settings.SITE_URL}/i/{letter.token_hash}/"
    stop = f"{link}stop/"
    site_words = SiteWords(
        opening=f"{letter.sender_name} ({letter.sender_address}) chose you for {site}, "
        f"where professionals refer work. {letter.relationship_sentence}",
        look=f"{letter.sender_first_name} wrote the marked lines. Look at the invitation:",
        link=link,
        replies=f"Replies reach {letter.sender_first_name}.",
        never="Never again, from anyone:",
        stop=stop,
        small_print=f"No reminders. We checked {letter.sender_first_name}'s address, not the name. "
        f"{_origin(letter)} {site}, {settings.POSTAL_ADDRESS}",
    )
    page = _html(letter, site_words)
    headers = {
        "From": mime.mailbox(f"{letter.sender_name} via {site}", settings.INVITATIONS_ADDRESS),
        "Reply-To": mime.mailbox(letter.sender_name, letter.sender_address),
        "To": mime.mailbox(letter.recipient_name, letter.recipient_address),
        "Subject": mime.unstructured("Subject", f"{letter.sender_name} invites you to {site}"),
        "Message-ID": f"<{message_id(letter.uid)}>",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
    }
    if settings.IDEMPOTENCY_HEADER:
        headers[settings.IDEMPOTENCY_HEADER] = letter.uid.hex
    raw = mime.multipart(
        headers,
        boundary=f"=_{letter.uid.hex}",
        text=_text(letter, site_words),
        page=page,
        whole=letter.token_hash,
    )
    if raw.count(letter.token_hash.encode()) != LINKS:
        raise Unsendable("The words hold what stands for the recipient's secret link.")
    return Rendered(
        raw=raw,
        digest=consent.digest(letter.recipient_address, raw),
        headers={
            "From": f"{letter.sender_name} via {site} <{settings.INVITATIONS_ADDRESS}>",
            "Reply to": f"{letter.sender_name} <{letter.sender_address}>",
            "To": f"{letter.recipient_name} <{letter.recipient_address}>".strip(),
            "Subject": f"{letter.sender_name} invites you to {site}",
        },
        opening=site_words.opening.removesuffix(letter.relationship_sentence).rstrip(),
        relationship_sentence=letter.relationship_sentence,
        words=letter.words,
        closing="\n".join(site_words.closing),
        html=page,
    )


def departing(raw: bytes, uid: UUID, at: datetime) -> bytes:
    """The bytes that leave: Date in front, the secret token in its hash's place, nothing else."""
    secret = tokens.token(uid)
    body = raw.replace(tokens.hash_of(secret).encode(), secret.encode())
    return f"Date: {format_datetime(at)}\r\n".encode() + body


def carries_links(raw: bytes, uid: UUID) -> bool:
    """Whether the token would take its hash's place in every link: not after TOKEN_KEY has changed."""
    return raw.count(tokens.hash_of(tokens.token(uid)).encode()) == LINKS


def message_id(uid: UUID) -> str:
    """The Message-ID without its brackets. It names the invitation and is not secret."""
    return f"{uid.hex}@{settings.INVITATIONS_ADDRESS.rpartition('@')[2]}"


def _origin(letter: Letter) -> str:
    if letter.source == "typed":
        return f"{letter.sender_first_name} typed your address."
    return f"Yours came from {letter.sender_first_name}'s {letter.source_label}."


def _marked(words: str) -> str:
    lines = []
    for paragraph in words.split("\n"):
        lines += textwrap.wrap(paragraph, _WIDTH - 2) or [""]
    return "\n".join(f"┃ {line}".rstrip() for line in lines)


def _text(letter: Letter, site: SiteWords) -> str:
    """The plain part: the site's words around the sender's marked ones."""
    blocks = [
        textwrap.fill(site.opening, _WIDTH),
        _marked(letter.words),
        f"{site.look}\n{site.link}\n{site.replies}",
        f"{site.never}\n{site.stop}",
        textwrap.fill(site.small_print, _WIDTH),
    ]
    return "\n\n".join(blocks) + "\n"


def _html(letter: Letter, site: SiteWords) -> str:
    """The same words in HTML: escaped, no picture, no remote part."""
    serif = "font-family:Georgia,serif;font-size:17px;line-height:1.5"
    words = "".join(
        f'<p dir="auto" style="margin:0 0 12px">{html.escape(paragraph).replace(chr(10), "<br>")}</p>\n'
        for paragraph in letter.words.split("\n\n")
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{html.escape(letter.sender_name)} invites you</title></head>\n"
        '<body style="font-family:sans-serif;font-size:16px;line-height:1.5;max-width:36em">\n'
        f"<p>{html.escape(site.opening)}</p>\n"
        '<blockquote style="margin:16px 0;padding:12px 16px 0;border-left:3px solid #79776D;'
        f'{serif}">\n{words}</blockquote>\n'
        f'<p>{html.escape(site.look)}<br>\n<a href="{site.link}">\n{site.link}</a></p>\n'
        f"<p>{html.escape(site.replies)}</p>\n"
        f"<p><strong>{html.escape(site.never)}</strong><br>\n"
        f'<a href="{site.stop}">\n{site.stop}</a></p>\n'
        f"<p><small>{html.escape(site.small_print)}</small></p>\n</body>\n</html>\n"
    )
