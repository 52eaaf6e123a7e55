"""A member's name stands in mails to strangers: names pass, all else gets a sentence."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from config.person_names import clean_person_name, refuse_the_sites_name


@pytest.mark.parametrize(
    "name",
    [
        "Ana",
        "Nguyễn Thị Minh Khai",
        "O’Brien-García",
        "d'Artagnan",
        "J. R. R.",
        "J.R.",
        "Prof. Dr. Ana",
        "Dipl.-Ing. Ana",
        "Maria da Conceição de Sousa Lobo",
        "van 't Hoff",
        "Jürgen",
        "Žižek",
        "Ольга Сергеевна",
        "Παπαδόπουλος",
        "علی\u200cرضا",
        "মুহাম্মদ",
        "क्\u200dष",
        "王小明",
        "ひろし",
        "홍길동",
        "สมชาย",
        "Gal·la",
    ],
)
def test_the_names_of_real_people_pass_unchanged(name: str) -> None:
    assert clean_person_name(name) == name


def test_spaces_are_tidied_and_accents_composed() -> None:
    assert clean_person_name("  Jose\u0301\u00a0  Luis ") == "José Luis"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Ana\r\nBcc: all@example.org", "can’t be seen"),
        ("Ana\nDiaz", "can’t be seen"),
        ("An\u200ba", "can’t be seen"),
        ("\u202eanA", "can’t be seen"),
        ("Ana\u2066", "can’t be seen"),
        ("An\u200da", "can’t be seen"),
        ("An\u00ada", "can’t be seen"),
        ("\ufeffAna", "can’t be seen"),
        ("\u3164", "can’t be seen"),
        ("Ana\x00", "can’t be seen"),
        ("win at example.com", "web address"),
        ("ｅｘａｍｐｌｅ．ｃｏｍ", "can’t contain “．”"),
        ("example\u2024com", "can’t contain"),
        ("t.co", "web address"),
        ("Handpicked. Support", "Leave it out"),
        ("You have won a large prize today", "Shorten this to 6 words: it has 7"),
        ("Hаndpicked", "mixes letters of two alphabets"),  # a Cyrillic а
        ("https://example.org", "can’t contain “:”"),
        ("Ana <b>", "can’t contain “<”"),
        ('Ana" <x@y.example>', 'can’t contain “"”'),
        ("ana@diaz.example", "can’t contain “@”"),
        ("Ana 🎉", "can’t contain “🎉”"),
        ("Win 100", "can’t contain “1”"),
        ("A" + "\u0335" * 9, "marks"),
        ("--", "at least one letter"),
        ("A" * 61, "Shorten this to 60"),
    ],
)
def test_what_no_name_contains_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_person_name(name)
    assert sentence in refusal.value.messages[0]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Handpicked", "Support"),
        ("Team", "handpicked"),
        ("Hand", "Picked"),
        ("Hand-Picked", "Ana"),
        ("H a n d p", "i c k e d"),
        ("Ｈａｎｄｐｉｃｋｅｄ", "Ana"),
        ("Hándpicked", "Ana"),
    ],
)
def test_nobody_is_called_like_the_site(first: str, last: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        refuse_the_sites_name(first, last)
    assert "like Handpicked itself" in refusal.value.messages[0]


def test_a_short_site_name_is_refused_as_a_word_and_not_inside_names(settings: Any) -> None:
    settings.SITE_NAME = "Ana"
    refuse_the_sites_name("Anabel", "Santana")
    for first, last in [("Ana", "Support"), ("A", "na")]:
        with pytest.raises(ValidationError):
            refuse_the_sites_name(first, last)
