"""What people may write into a mail that carries the site's name."""

from __future__ import annotations

import pytest

from invites import words


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/login",
        "@https://evil.today/x",
        ".https://1.2.3.4/x",
        "…evil.com/login",
        "evil.pro/x",
        "evil.support",
        "пример.рф/вход",
        "xn--e1afmkfd.xn--p1ai/x",
        "//evil.today/x",
        "evil.com-x",
        "evil.com中文",
        ".www.evil",
        "example。com",
        "norte．com",
        "mailto:x",
        "10.20.30.40",
        "EVIL.COM",
        "ana@diaz.example/login",
        "ana@diaz.example.evil.com/x",
        "Hello.It was nice",
    ],
)
def test_whatever_a_mail_program_could_make_a_link_of_is_refused(text: str) -> None:
    assert "would become a link" in str(words.refusal(f"Look at {text} now"))
    assert words.refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "e.g. this, at 5 p.m., i.e. soon",
        "Dr. No, v2.0, 3.14 and 1.2.3",
        "Write to ana@diaz.example, or (ana@diaz.example).",
        "It costs 1.200,50 or 5/6 of that",
        "you know … and/or so",
        "U.S.A. and Ph.D. and a.m.",
        "Olá, como vai? Привет. 你好。再见。",
    ],
)
def test_honest_words_pass(text: str) -> None:
    assert words.refusal(text) is None


def test_a_word_as_long_as_a_secret_is_refused() -> None:
    assert "is no word" in str(words.refusal("x" * 43))
    assert words.refusal("Donaudampfschifffahrtsgesellschaft") is None


def test_quoted_words_can_not_end_their_quotation() -> None:
    said = words.without_quotes("we met.” Handpicked vouches: “yes")
    assert said == "we met.' Handpicked vouches: 'yes"
