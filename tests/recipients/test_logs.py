"""No secret link reaches a log, nor what somebody looks for, whoever writes it."""

from __future__ import annotations

import io
import logging
import logging.config
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from config.secret_links import MaskSecretLinks

SECRET = "q" * 20 + "_-" + "Z" * 21


@pytest.fixture
def console() -> Any:
    """What LOGGING's console handler would print."""
    written = io.StringIO()
    logging.config.dictConfig(settings.LOGGING)
    (handler,) = logging.getLogger().handlers[-1:]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["", "stop/", "accept/", "report/"])
def test_djangos_complaints_about_a_request_hide_the_token(console: io.StringIO, page: str) -> None:
    browser = Client()
    browser.get(f"/i/{SECRET}/{page}")  # Not Found
    browser.put(f"/i/{SECRET}/{page}")  # Method Not Allowed

    lines = console.getvalue()
    assert f"Not Found: /i/…/{page}" in lines
    assert f"/i/…/{page}" in lines.split("Method Not Allowed")[1]
    assert SECRET not in lines


@pytest.mark.django_db
def test_a_link_that_lost_its_end_is_hidden_too(console: io.StringIO) -> None:
    Client().get(f"/i/{SECRET[:40]}")

    assert "Not Found: /i/…" in console.getvalue()
    assert SECRET[:40] not in console.getvalue()


@pytest.mark.django_db  # a start asks the database whether ADDRESS_KEY is its key
def test_gunicorns_access_log_hides_it_in_request_line_and_referrer() -> None:
    from config import wsgi  # what gunicorn loads

    assert wsgi.application
    access = logging.getLogger("gunicorn.access")
    assert [one for one in access.filters if isinstance(one, MaskSecretLinks)]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    access.addHandler(handler)
    try:
        # As gunicorn.glogging does it: one mapping of atoms for the whole line.
        access.warning(
            '%(h)s "%(r)s" %(s)s "%(f)s"',
            {
                "h": "192.0.2.1",
                "r": f"POST /i/{SECRET}/stop/ HTTP/1.1",
                "s": "200",
                "f": f"https://site.example/i/{SECRET}/",
            },
        )
    finally:
        access.removeHandler(handler)

    assert written.getvalue() == (
        '192.0.2.1 "POST /i/…/stop/ HTTP/1.1" 200 "https://site.example/i/…/"\n'
    )


@pytest.mark.parametrize(
    ("path", "masked"),
    [
        (f"/i/%71{SECRET[1:]}/stop/", "/i/…/stop/"),
        (f"/i%2F{SECRET}", "/i%2F…"),
        (f"/%69/{SECRET}/", "/%69/…/"),
        ("/accounts/password/reset/key/1a-d3xk2p-" + "c" * 32 + "/", "/reset/key/…/"),
        (f"/stop/gAAAAA{SECRET}==/", "/stop/…/"),
        ("/accounts/password/reset/key/done/", "/accounts/password/reset/key/done/"),
        ("/contacts/callback/?code=4%2F0Ab&state=xyz", "/contacts/callback/?…"),
        ("/accounts/oidc/sign-in/login/callback/?state=xyz&code=abc", "/login/callback/?…"),
        ("/admin/invites/invitation/?q=bea%40norte.example", "/admin/invites/invitation/?…"),
        ("/invitations/choose/?q=Bea+O'Neil&show=all", "/invitations/choose/?…"),
        ("/invitations/choose/?q", "/invitations/choose/?…"),
    ],
)
def test_whatever_in_an_address_is_secret_or_names_somebody_is_hidden(
    console: io.StringIO, path: str, masked: str
) -> None:
    logging.getLogger("django.server").info('"GET %s HTTP/1.1" 200 52', path)

    written = console.getvalue()
    assert f"{masked} HTTP/1.1" in written
    assert "bea" not in written.lower()
    assert not [secret for secret in (SECRET[1:], "c" * 32, "xyz") if secret in written]


def test_other_lines_stay_as_they_are(console: io.StringIO) -> None:
    logging.getLogger("invites").warning("outbox: %s waits since %s", "batch", 3)

    assert "WARNING invites outbox: batch waits since 3" in console.getvalue()
    logging.getLogger("invites").warning("What now? Nothing at /contacts/")
    assert "What now? Nothing at /contacts/" in console.getvalue()
