"""In which encoding a file of names is written, and its bytes as text. Knows no file format."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

# What files call an encoding, and the larger one that its writers really use: Windows adds
# characters to Shift-JIS, GB 2312 and Latin-1, and names are full of exactly those.
_REALLY = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
}
_MARKS = (  # the longer mark of UTF-32 begins like the one of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = re.compile(rb"[^\x00]\x00")  # an ASCII character in UTF-16, least significant byte first
_WORD = re.compile(r"[^\W\d_]+")
_ASCII_LETTER = re.compile(r"[A-Za-z]")
_JAPANESE = re.compile(r"[\u3041-\u30ff\u4e00-\u9fff]")
_HALF_KANA = re.compile(r"[\uff61-\uff9f]")
_KANJI_IN_WORD = re.compile(r"[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][a-z]")
_USUAL_FIRST = re.compile(rb"[\x81-\x84\x88-\x9f]")  # of a pair: kana, and kanji in use
_VOWELS = "аеёиоуыэюяіїєαεηιουωάέήίόύώ"
_ABOVE_HEBREW = re.compile(rb"[\x80-\xdf\xfb-\xff]")  # what its encoding has no letter for
# In Windows' Central European encoding these are letters: ą ł ż Ł Ż Ą ľ ş.
_SYMBOL_IN_WORD = re.compile(r"(?<=[^\W\d_])[¹³¿£¯¥¾º]|[£¯¥ª](?=[^\W\d_])")
_PAIRED = (
    ("euc_jp", re.compile(r"[\u3041-\u30ff]")),
    ("euc_kr", re.compile(r"[\uac00-\ud7a3]")),
    ("gb2312", re.compile(r"[\u4e00-\u9fff]")),
    ("big5", re.compile(r"[\u4e00-\u9fff]")),
    ("gb18030", re.compile(r"[\u4e00-\u9fff]")),
)


@lru_cache(maxsize=64)
def known(name: str) -> str:
    """The Python codec behind an encoding's name in a file, or "" when there is none for text."""
    try:
        codec = codecs.lookup(name.strip().strip("\"'"))
        b"x".decode(codec.name)
    except UnicodeError:
        pass  # of two bytes a character
    except (LookupError, ValueError):
        return ""  # unknown, or no encoding of text
    return _REALLY.get(codec.name, codec.name)


def marked(start: bytes) -> tuple[str, int]:
    """The encoding that a byte order mark or zero bytes give away, or ""; and the mark's length."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, len(mark)
    sample = start[:2000]
    if sample.count(0) * 3 > len(sample):
        even = sum(match.start() % 2 == 0 for match in _WIDE.finditer(sample))
        return ("utf-16-le" if even * 4 > len(sample) else "utf-16-be"), 0
    return "", 0


def as_utf8(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same file without a byte order mark, UTF-16 and UTF-32 turned into UTF-8.

    What is written in an encoding of single bytes stays as it is.
    """
    rest = iter(pieces)
    start = b""
    for piece in rest:
        start += piece
        if len(start) >= 4:
            break
    encoding, length = marked(start)
    start = start[length:]
    if encoding in ("", "utf-8"):
        yield start
        yield from rest
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield decoder.decode(start).encode("utf-8", "replace")
    for piece in rest:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def lines(pieces: Iterable[bytes], longest: int) -> Iterator[list[bytes]]:
    """The lines of a file, some at a time. CRLF, CR CR LF, LF and a lone CR all end one.

    What a line has beyond `longest` bytes and a piece is dropped.
    """
    rest = b""
    for piece in pieces:
        data = rest + piece
        # A CR at the very end may be the first half of a CRLF in the next piece.
        kept = len(data) - len(data.rstrip(b"\r"))
        data, tail = (data[:-kept], data[-kept:]) if kept else (data, b"")
        found = _split(data)
        rest = found.pop()[:longest] + tail[-2:]
        yield found
    yield _split(rest)


def _split(data: bytes) -> list[bytes]:
    if b"\r" in data:
        data = data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.split(b"\n")


def text(raw: bytes, declared: str = "", otherwise: str = "") -> str:
    """The text in `raw`: as declared if that is true, as UTF-8, as `otherwise`, or as guessed."""
    if raw.isascii() and declared in ("", "utf-8"):
        return raw.decode("ascii")
    for encoding in (declared, "utf-8", otherwise):
        if encoding:
            try:
                return raw.decode(encoding)
            except UnicodeError:
                continue
    return raw.decode(guess(raw), "replace")


def guess(raw: bytes) -> str:
    """The encoding of bytes that name none, told by what names look like in it; cp1252 at last.

    A few names are enough only for the broad families; that is why what a file declares goes first.
    """
    if _is_utf8(raw):
        return "utf-8"
    if _is_shift_jis(raw):
        return "cp932"
    western = raw.decode("cp1252", "replace")
    foreign = [word for word in _WORD.findall(western) if not word.isascii()]
    unmixed = [word for word in foreign if not _ASCII_LETTER.search(word)]
    if len(unmixed) * 2 > len(foreign):
        return _pairs(raw) or _alphabet(raw)
    return "cp1250" if _SYMBOL_IN_WORD.search(western) else "cp1252"


def _is_utf8(raw: bytes) -> bool:
    """Whether it is, but for a byte here and there."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return _is_nearly_utf8(raw)
    return True


def _is_nearly_utf8(raw: bytes) -> bool:
    # Of a long text the last character may be cut in two.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoded = decoder.decode(raw, final=len(raw) < 100)
    broken = decoded.count("\ufffd")
    return broken == 0 or broken * 20 < len(decoded) - len(decoded.encode("ascii", "ignore"))


def _is_shift_jis(raw: bytes) -> bool:
    """Whether Japanese comes out, and not by chance.

    "Hélène" in Windows' Western encoding is valid Shift-JIS too, but then kanji stand between the
    letters of one word, and none of its bytes is among the usual first ones.
    """
    try:
        japanese = raw.decode("cp932")
    except UnicodeDecodeError as error:
        if error.start < len(raw) - 1:
            return False
        japanese = raw[: error.start].decode("cp932")
    full, half = len(_JAPANESE.findall(japanese)), len(_HALF_KANA.findall(japanese))
    inside = len(_KANJI_IN_WORD.findall(japanese))
    return full > half and full > 4 * inside and _USUAL_FIRST.search(raw) is not None


def _pairs(raw: bytes) -> str:
    """Which East Asian encoding of two bytes a character this is, or ""."""
    high = re.findall(rb"[\x80-\xff]", raw)
    # Alphabets have their letters above 0xC0; second bytes of pairs are anywhere.
    if sum(byte < b"\xc0" for byte in high) * 8 < len(high):
        return ""
    for encoding, usual in _PAIRED:
        try:
            decoded = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Half as many characters as bytes; Chinese read as Korean would have some of each.
        if len(usual.findall(decoded)) * 2.2 > len(high):
            return encoding
    return ""


def _alphabet(raw: bytes) -> str:
    """Cyrillic, Greek or Hebrew: where words begin with their only capital and have vowels."""
    if not _ABOVE_HEBREW.search(raw):
        return "cp1255"  # no capital anywhere

    def vowels(encoding: str) -> float:
        words = [word for word in _WORD.findall(raw.decode(encoding, "replace")) if len(word) > 1]
        names = "".join(word for word in words if word.istitle()).casefold()
        return sum(names.count(vowel) for vowel in _VOWELS) / (sum(map(len, words)) or 1)

    return max(("cp1251", "koi8-r", "cp1253"), key=vowels)
