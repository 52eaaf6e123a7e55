"""The checker that holds every page to its rules is itself held to them."""

from __future__ import annotations

import pytest

from tests.page_rules import hold_to_rules

GOOD = (
    '<!DOCTYPE html><html lang="en"><head><title>Choose people · Site</title></head>'
    "<body><h1>Choose people</h1>{}</body></html>"
)


def test_a_good_page_passes() -> None:
    hold_to_rules(GOOD.format('<p id="one">Words</p><a href="#one">There</a>'))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("<h1>Another</h1>", "2 h1"),
        ('<p id="one"></p><p id="one"></p>', "repeats ids"),
        ('<label for="nowhere">Name</label>', "not there"),
        ('<a href="#nowhere">There</a>', "not there"),
        ('<p style="color:red"></p>', "inline style"),
        ("<script>alert()</script>", "inline script"),
        ("<p><div></p>", "not valid HTML"),
    ],
)
def test_a_bad_page_is_named(words: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        hold_to_rules(GOOD.format(words))


def test_a_title_that_does_not_start_with_the_heading_is_named() -> None:
    with pytest.raises(AssertionError, match="does not start with"):
        hold_to_rules(GOOD.format("").replace("<title>", "<title>Welcome: "))
