"""Charts as SVG: bars from an honest zero, in the site's colours, with their numbers as text inside.

They have no styles of their own, which the site's policy forbids. Whoever does not see them has the
title, the description and the table beside; whoever points at a bar is told its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_STEP, _BAR = 5, 4  # from one bar's left side to the next one's, and how wide it is
_HEIGHT = 60
_LEAST = 1  # so that one is never taken for none


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: how high, and what it stands for. `open`: its time is not over."""

    number: int
    words: str
    open: bool = False


def bars(*, name: str, title: str, description: str, of: Sequence[Bar]) -> SafeString:
    """A chart as wide as its place. `name` tells its title and description from others on the page."""
    top = max((bar.number for bar in of), default=0)
    drawn = [
        (
            "bar open" if bar.open else "bar",
            place * _STEP,
            _up(_HEIGHT - _high(bar.number, top)),
            _BAR,
            _up(_high(bar.number, top)),
            bar.words,
            f"{bar.number:,}",
        )
        for place, bar in enumerate(of)
        if bar.number
    ]
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" '
        'aria-labelledby="{}-title {}-words"><title id="{}-title">{}</title>'
        '<desc id="{}-words">{}</desc>{}<path class="zero" d="M0 {}h{}"/></svg>',
        len(of) * _STEP, _HEIGHT, name, name, name, title, name, description,
        format_html_join(
            "",
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}: {}</title></rect>',
            drawn,
        ),
        _HEIGHT, len(of) * _STEP,
    )  # fmt: skip


def share(part: int, whole: int) -> SafeString:
    """One bar lying on its side, as long as the part is of the whole. The number stands beside it."""
    width = 100 * part / whole if whole else 0
    return format_html(
        '<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="whole" width="100" height="10"/><rect class="bar" width="{}" height="10"/></svg>',
        _up(width),
    )


def _high(number: int, top: int) -> float:
    return max(_LEAST, _HEIGHT * number / top) if number else 0


def _up(length: float) -> str:
    return f"{length:.2f}".rstrip("0").rstrip(".")
