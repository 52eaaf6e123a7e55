"""Ana has invited Bea, and Bea's mail has arrived over real SMTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invites.models import Invitation
from tests import people
from tests.arrivals import arrived, link_in, mail_server
from tests.smtp_sink import Sink


@pytest.fixture
def post(settings: Any) -> Iterator[Sink]:
    with mail_server(settings) as sink:
        yield sink


@pytest.fixture
def ana(db: None) -> User:
    return people.member("Ana Diaz")


@pytest.fixture
def invitation(post: Sink, ana: User) -> Invitation:
    return arrived(ana)


@pytest.fixture
def link(invitation: Invitation, post: Sink) -> str:
    """The path in Bea's mail."""
    return link_in(post, "bea@norte.example")


@pytest.fixture
def bea() -> Client:
    """Bea's browser, which has never been here. Forged forms are checked for, as on the real site."""
    return Client(enforce_csrf_checks=True)
