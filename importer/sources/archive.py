"""The ZIP that LinkedIn hands out: `Connections.csv` is read from it, and nothing else.

Nothing is unpacked to the disk, so a name in the archive leads nowhere.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from importer.sources.contract import BadFile

WANTED = "connections.csv"
LARGEST_DIRECTORY = (
    1024 * 1024
)  # bytes of the archive's list of contents; LinkedIn's has 50 entries
_END = struct.Struct("<4s4H2LH")  # APPNOTE.TXT, section 4.3.16: end of central directory record

_DAMAGED = "This ZIP file is damaged. Download it once more."


@contextmanager
def connections(file: IO[bytes], most: int) -> Iterator[Iterator[bytes]]:
    """The pieces of `Connections.csv` in the archive. Raises BadFile, also while they are read.

    `most` is how many bytes it may have when unpacked, whatever the archive says about it.
    """
    if _directory_size(file) > LARGEST_DIRECTORY:
        raise BadFile("This ZIP file has too many files in it. LinkedIn’s has a few dozen.")
    try:
        with zipfile.ZipFile(file) as opened:
            info = _wanted(opened)
            if info.flag_bits & 1:
                raise BadFile(
                    "This ZIP file is locked with a password. Unpack it, and choose the file "
                    "Connections.csv in it."
                )
            if info.file_size > most:
                raise _too_large(most)
            with opened.open(info) as member:
                yield _pieces(member, most)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, struct.error):
        raise BadFile(_DAMAGED) from None


def _pieces(member: IO[bytes], most: int) -> Iterator[bytes]:
    size = 0
    while piece := member.read(64 * 1024):
        size += len(piece)
        if size > most:
            raise _too_large(most)
        yield piece


def _too_large(most: int) -> BadFile:
    return BadFile(
        f"Connections.csv in this ZIP file unpacks to more than {most // 1024 // 1024} MB. "
        "No address book is that large."
    )


def _wanted(opened: zipfile.ZipFile) -> zipfile.ZipInfo:
    """The entry that is read: by its name, at the top or in the archive's one folder."""
    names = {info.filename.lower(): info for info in opened.infolist()}
    for name, info in names.items():
        folders = name.split("/")[:-1]
        if name.split("/")[-1] == WANTED and len(folders) < 2 and ".." not in folders:
            return info
    if "[content_types].xml" in names:
        raise BadFile("This is an Excel workbook. Save it as CSV, and choose that file.")
    raise BadFile(
        "There is no Connections.csv in this ZIP file. If it is from LinkedIn, ask there for an "
        "archive with “Connections” ticked; if not, unpack it and choose the file inside."
    )


def _directory_size(file: IO[bytes]) -> int:
    """How long the list of contents is, by the record at the end of the archive."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - _END.size - 0xFFFF))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise BadFile(_DAMAGED)
    return int(_END.unpack_from(tail, at)[5])
