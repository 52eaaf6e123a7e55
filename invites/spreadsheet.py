"""Every CSV that the product writes: no cell is taken for a formula. Pure.

Names and addresses come from strangers' files, and a spreadsheet program computes what begins with certain
characters. https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

# What a formula begins with, after spaces and quotation marks, which some programs pass over: where a cell
# begins, and after what a program may take for the end of one. Where lists are written with semicolons, a
# quotation mark in the middle of a line quotes nothing.
_FORMULA = re.compile(r"""(?:^|(?<=[;\t\r\n]))(?=[\s"]*[=+\-@\t\r\n＝＋－＠])""")
MARK = "\N{BYTE ORDER MARK}"  # without it Excel reads UTF-8 as something else


def line(cells: Iterable[object]) -> str:
    """One line of RFC 4180. What would be computed has an apostrophe in front: then it is text."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(_safe, cells))
    return written.getvalue()


def _safe(cell: object) -> str:
    return _FORMULA.sub("'", "" if cell is None else str(cell))
