"""A member in front of the pages, and the words that the pages then show."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests import people


@pytest.fixture
def ana() -> User:
    return people.member("Ana Diaz")


@pytest.fixture
def browser(ana: User) -> Client:
    """Ana, signed in."""
    client = Client()
    client.force_login(ana)
    return client
