"""What a member may call themselves. Read by sign-up and the staff's pages; it stands in strangers' mails.

A free-text field that ends up in mail to strangers is a phisher's tool (tens of thousands of mails
went out that way elsewhere), so a name is made of what names are made of, and of nothing else.
"""

import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError

LONGEST = 60
MOST_WORDS = 6

_PUNCTUATION = frozenset(" '’ʼ‘-‐‑.·")
# Written inside words of these scripts, a disguise everywhere else.
_JOINERS = frozenset("\u200c\u200d")
_JOINING_SCRIPTS = (
    "ARABIC", "SYRIAC", "MONGOLIAN", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA",
    "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "KHMER", "MYANMAR",
)  # fmt: skip
_INVISIBLE_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_DOT_INSIDE = re.compile(r"\.(?=\w{2})")
_DOT_BEHIND_A_WORD = re.compile(r"\w{5,}\.")  # "Prof." is a title, "Example." begins an address
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK"})  # they share letters that look the same
_PILE_OF_MARKS = 5
_SHORT = 5  # a site's name of fewer letters is looked for as a whole word only: real names hold it


def clean_person_name(raw: str) -> str:
    """The name as it may stand in a mail's From: NFC, single spaces.

    Raises ValidationError with a sentence that says what to change. What is judged is the NFKC form
    too, because "ｅｘａｍｐｌｅ．ｃｏｍ" is a link for some mail programs.
    """
    name = re.sub("[ \u00a0\u3000]+", " ", unicodedata.normalize("NFC", raw)).strip(" ")
    for form in (name, unicodedata.normalize("NFKC", name)):
        _refuse_what_names_have_not(form)
    return name


def refuse_the_sites_name(first: str, last: str) -> None:
    """Raises ValidationError when somebody calls themselves, in part or in whole, like the site."""
    site, letters = _folded(settings.SITE_NAME), _folded(first + last)
    words = {_folded(word) for word in f"{first} {last}".split()}
    if site and (site in letters if len(site) >= _SHORT else site in {letters, *words}):
        raise ValidationError(
            f"A member can’t be called like {settings.SITE_NAME} itself. Type your own name."
        )


def _folded(text: str) -> str:
    """The bare letters: no case, marks, spaces or hyphens."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in plain if character.isalnum())


def _refuse_what_names_have_not(name: str) -> None:
    if len(name) > LONGEST:
        raise ValidationError(f"Shorten this to {LONGEST} characters: it is {len(name)} long.")
    marks = 0
    for position, character in enumerate(name):
        kind = unicodedata.category(character)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if marks >= _PILE_OF_MARKS:
            raise ValidationError("Too many marks stand on one letter.")
        if character in _JOINERS and _joins(name, position):
            continue
        if (kind[0] in "CZ" and character != " ") or character in _INVISIBLE_LETTERS:
            raise ValidationError(
                "This contains a character that can’t be seen. Type the name instead of pasting it."
            )
        if 0xFE00 <= ord(character) <= 0xFE0F or not (kind[0] in "LM" or character in _PUNCTUATION):
            raise ValidationError(f"A name can’t contain “{character}”.")
    if _DOT_INSIDE.search(name):
        raise ValidationError("This looks like a web address. Put a space after the dot.")
    if _DOT_BEHIND_A_WORD.search(name):
        raise ValidationError("A dot stands only behind initials and short titles. Leave it out.")
    words = name.split(" ")
    if len(words) > MOST_WORDS:
        raise ValidationError(f"Shorten this to {MOST_WORDS} words: it has {len(words)}.")
    for word in words:
        alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
        if len(alphabets & _ALPHABETS) > 1:
            raise ValidationError(f"“{word}” mixes letters of two alphabets. Type it in one.")
    if name and not any(unicodedata.category(character)[0] == "L" for character in name):
        raise ValidationError("A name needs at least one letter.")


def _joins(name: str, position: int) -> bool:
    """Whether this joiner stands between two characters of a script that uses it."""
    return 0 < position < len(name) - 1 and all(
        unicodedata.name(neighbour, "").startswith(_JOINING_SCRIPTS)
        for neighbour in (name[position - 1], name[position + 1])
    )
