"""Staff change a member's name by the same rules as the member."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import people

pytestmark = pytest.mark.django_db


def save(ana: User, **changes: str) -> str:
    """Opens Ana's page, changes what is said and saves. Returns the page that answers."""
    root = people.member("Root Person", "root@staff.example")
    User.objects.filter(pk=root.pk).update(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(root)
    joined = f"{ana.date_joined:%Y-%m-%d %H:%M:%S}".split()
    form = {
        "username": ana.username, "first_name": "Ana", "last_name": "Diaz", "email": ana.email,
        "is_active": "on", "date_joined_0": joined[0], "date_joined_1": joined[1],
    }  # fmt: skip
    page = browser.post(f"/admin/auth/user/{ana.pk}/change/", form | changes, follow=True)
    return re.sub(r"\s+", " ", page.content.decode())


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("first_name", "Ana\nBcc: all@example.org", "can’t be seen"),
        ("last_name", "Di\x85az", "can’t be seen"),
        ("last_name", "www.example.com", "web address"),
        ("first_name", "Handpicked", "like Handpicked itself"),
    ],
)
def test_a_name_that_cannot_stand_in_a_mail_is_refused(
    field: str, typed: str, sentence: str
) -> None:
    ana = people.member("Ana Diaz")
    assert sentence in save(ana, **{field: typed})
    ana.refresh_from_db()
    assert ana.get_full_name() == "Ana Diaz"


@pytest.mark.parametrize("name", ["Anaïs", ""])
def test_a_name_of_names_is_saved_and_may_be_missing(name: str) -> None:
    ana = people.member("Ana Diaz")
    save(ana, first_name=name)
    ana.refresh_from_db()
    assert ana.first_name == name
