"""A whole name from its parts, in the order in which its bearer writes it."""

from __future__ import annotations

import unicodedata


def whole_name(given: str, family: str, middle: str = "") -> str:
    """The parts in order: 美玲 and 陳 are 陳美玲, Bea and Sousa are Bea Sousa.

    Books that keep only parts don't say which comes first. Chinese, Korean and Japanese names have the
    family first and no space; a foreign name in katakana keeps the order in which it was brought.
    """
    parts = [part.strip() for part in (given, middle, family) if part.strip()]
    if given.strip() and family.strip() and all(map(_family_first, parts)):
        return family.strip() + "".join(parts[:-1])
    return " ".join(parts)


def _family_first(part: str) -> bool:
    return all(
        unicodedata.name(letter, "").startswith(("CJK UNIFIED", "HANGUL", "HIRAGANA"))
        for letter in part
        if letter.isalpha()
    ) and any(map(str.isalpha, part))
