"""What people write, made safe to stand in a mail: cleaned, refused with a sentence, or advised on.

Refusals protect the reader and are enforced; advice is only ever shown.
"""

from __future__ import annotations

import re
import unicodedata

NOTE_LENGTH = 1_000  # characters; about 150 words
LINE_LENGTH = 300
RELATIONSHIP_LENGTH = 80

# Direction overrides and invisible characters can make a line read as something it is not. Joiners
# (U+200C, U+200D) stay: Persian, Hindi and emoji are spelled with them.
_DECEPTIVE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TOP_LEVEL = (
    "com|net|org|edu|gov|info|biz|name|app|dev|xyz|site|online|shop|store|club|live|link|click|top|"
    "website|space|tech|cloud|page|agency|email|example|test|[a-z]{2}"
)
_WEB_ADDRESS = re.compile(
    rf"(?<![\w@.-])(?:[a-z][a-z0-9+.-]*://\S+|www\.\S+|(?:[\w-]+\.)+(?:{_TOP_LEVEL})(?![\w@-])(?:[/:?#]\S*)?)",
    re.IGNORECASE,
)


def clean_text(text: str) -> str:
    """Several lines: line ends as \\n, no control or deceptive characters, no space at either end."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _CONTROL.sub("", _DECEPTIVE.sub("", text.replace("\t", " ")))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def clean_line(text: str) -> str:
    """One line: as `clean_text`, every run of white space one space."""
    return " ".join(clean_text(text).split())


def web_address(text: str) -> str | None:
    """The first thing in `text` that mail programs would turn into a link, if any.

    An invitation carries one link, the site's: free text with links in it is how invitations of other
    sites were used for phishing. An e-mail address is no web address.
    """
    found = _WEB_ADDRESS.search(unicodedata.normalize("NFKC", text))
    return found.group().rstrip(".,;:!?)»”'\"") if found else None


def refusal(text: str) -> str | None:
    """The sentence that says why these words can't stand in a mail; None when they can."""
    if found := web_address(text):
        return (
            f"“{found}” would become a link in many mail programs. An invitation carries no link but "
            "ours. Take it out, or put a space after the full stop."
        )
    return None


def advice(note: str) -> list[str]:
    """Sentences for the person who is writing; they never keep honest words from being sent."""
    said = []
    letters = [letter for letter in note if letter.isalpha()]
    capitals = sum(letter.isupper() for letter in letters)
    if len(letters) > 20 and capitals > len(letters) / 2:
        said.append("Many capitals read like shouting.")
    if note.count("!") > 1:
        said.append("One exclamation mark is plenty.")
    if re.search(r"\b(mass|bulk|group) (e-?mail|mail|message)", note, re.IGNORECASE):
        said.append("If it feels like a mass message, choose fewer people and write to them.")
    if re.search(r"\b(stars?|ratings?|rate me|reviews?|endorse)\b", note, re.IGNORECASE):
        said.append("Asking for a rating makes an invitation a chore. Say what you offer instead.")
    if note and len(note.split()) < 8:
        said.append("Say why you write to them, and what is in it for them.")
    return said
