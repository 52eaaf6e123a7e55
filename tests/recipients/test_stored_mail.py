"""What was sent can be read back from its bytes, whatever was written."""

from __future__ import annotations

import dataclasses

import pytest

from invites import rendering, stored_mail
from invites.words import clean_text
from tests.invites.test_rendering import LETTER


@pytest.mark.parametrize(
    "note",
    [
        "One line.",
        "Two paragraphs.\n\nThe second, with a line\nbreak.",
        "<b>Marks</b> & entities like &amp; </blockquote><p>stay words",
        "Привет, 你好, مرحبا. " * 30,
        "  indented, and a ┃ bar",
    ],
)
def test_the_senders_words_come_back_as_they_were_typed(note: str) -> None:
    letter = dataclasses.replace(LETTER, note=clean_text(note))

    raw = rendering.render(letter).raw

    assert stored_mail.read(raw).words == letter.words
    assert stored_mail.words_in(raw) == letter.words


def test_sender_headers_and_text_are_those_of_the_mail() -> None:
    mail = stored_mail.read(
        rendering.render(dataclasses.replace(LETTER, sender_name="Άννα Diaz, Dr.")).raw
    )

    assert (mail.sender_name, mail.sender_address) == ("Άννα Diaz, Dr.", "ana@diaz.example")
    assert mail.headers["Subject"] == "Άννα Diaz, Dr. invites you to Handpicked"
    assert "┃ Bea, you fixed our contract in a weekend." in mail.text
    assert "\r" not in mail.text
