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
# A complete e-mail address may stand; mail programs turn it into nothing worse than a new mail.
_MAIL_ADDRESS = re.compile(r"(?<![^\s(<“\"'])[\w.+-]+@(?:[\w-]+\.)+[^\W\d_]{2,}(?!\.?[\w/:?#@-])")
# Wider than what mail programs make a link of, for each has its own idea: anything with a scheme, and
# anything that looks like a host's name in any script.
_WEB_ADDRESS = re.compile(
    r"\S*(?:\w:/|//|mailto:)\S*"
    r"|\S*www\.\S+"
    r"|\S*\d{1,3}(?:\.\d{1,3}){3}\S*"
    r"|\S*[\w-]\.(?:xn--|[^\W\d_]{2})\S*",
    re.IGNORECASE,
)
# Browsers take the ideographic full stop for a dot (UTS 46); in Chinese and Japanese it ends a sentence.
_DOT_IN_HOST = re.compile(r"(?<=[A-Za-z0-9])。(?=[A-Za-z])")
# As long as a link's secret: nobody writes such a word, and none may be mistaken for one.
_LONGEST_WORD = 40
_SECRET_LIKE = re.compile(rf"[A-Za-z0-9_-]{{{_LONGEST_WORD},}}")


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
    plain = _DOT_IN_HOST.sub(".", unicodedata.normalize("NFKC", text))
    found = _WEB_ADDRESS.search(_MAIL_ADDRESS.sub(" ", plain))
    return found.group().strip(".,;:!?()«»“”'\"") if found else None


def refusal(text: str) -> str | None:
    """The sentence that says why these words can't stand in a mail; None when they can."""
    if found := web_address(text):
        return (
            f"“{found}” would become a link in many mail programs. An invitation carries no link but "
            "ours. Take it out, or put a space after the full stop."
        )
    if found_word := _SECRET_LIKE.search(text):
        return f"“{found_word.group()[:20]}…” is no word. Take it out."
    return None


def without_quotes(text: str) -> str:
    """For words that the mail quotes: none of them can end the quotation and go on in its voice."""
    return re.sub(r"[\"“”„‟«»‹›〝〞＂]", "'", text)


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
