"""Somebody of the staff who may look and nothing else, and an invitation that has arrived."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from invites.models import Invitation
from tests import people
from tests.arrivals import arrived, mail_server
from tests.smtp_sink import Sink


@pytest.fixture
def post(settings: Any) -> Iterator[Sink]:
    with mail_server(settings) as sink:
        yield sink


@pytest.fixture
def staff(db: None) -> Client:
    """A browser in which Sam of the staff is signed in, with view permissions alone."""
    sam = people.member("Sam Okoro", "sam@staff.example")
    sam.is_staff = True
    sam.save()
    ours = Permission.objects.filter(
        codename__startswith="view_", content_type__app_label__in=["invites", "importer", "ledger"]
    )
    sam.user_permissions.set(ours)
    browser = Client()
    browser.force_login(sam, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def invitation(post: Sink, db: None) -> Invitation:
    return arrived(people.member("Ana Diaz"))
