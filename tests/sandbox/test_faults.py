"""Trouble on order: each kind happens where and as often as it was ordered, and no more."""

import smtplib
import time
from typing import Any

import pytest
import requests

from tests.sandbox.browser import Person, SiteClient, contacts_client, read
from tests.sandbox_process import SandboxProcess, fingerprint


@pytest.fixture
def bruno(sandbox: SandboxProcess) -> str:
    """An access token for 1,200 people."""
    return contacts_client(sandbox).connects(Person(sandbox.url, "bruno@office.example"))[
        "access_token"
    ]


def _page(sandbox: SandboxProcess, token: str, page_token: str = "") -> requests.Response:
    more = {"pageToken": page_token} if page_token else {}
    return read(
        sandbox.url, token, "people/me/connections", personFields="names", pageSize=500, **more
    )


def test_one_page_fails_once_and_then_comes(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "rate_limit", page=2, retry_after=7)
    second = _page(sandbox, bruno).json()["nextPageToken"]

    refused = _page(sandbox, bruno, second)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "7"
    assert refused.json()["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert _page(sandbox, bruno, second).status_code == 200

    seen = [(r["page"], r["status"], r["fault"]) for r in sandbox.control.requests()]
    assert seen[-3:] == [(1, 200, ""), (2, 429, "rate_limit"), (2, 200, "")]
    assert sandbox.control.faults() == []


@pytest.mark.parametrize(
    ("kind", "status"), [("server_error", 500), ("bad_request", 400), ("html", 200)]
)
def test_the_answer_is_something_else(
    sandbox: SandboxProcess, bruno: str, kind: str, status: int
) -> None:
    sandbox.control.fault("connections", kind)

    answer = _page(sandbox, bruno)

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html") == (kind == "html")


def test_the_json_is_cut_in_half(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "truncated")

    answer = _page(sandbox, bruno)

    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_the_lists_are_something_else(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "wrong_shape")

    assert not isinstance(_page(sandbox, bruno).json()["connections"], list)


def test_pages_repeat_until_the_fault_is_cleared(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "repeat_page", times=0)

    first = _page(sandbox, bruno).json()
    again = _page(sandbox, bruno, first["nextPageToken"]).json()
    assert again["connections"] == first["connections"]

    sandbox.control.clear_faults()
    honest = _page(sandbox, bruno, again["nextPageToken"]).json()
    last = _page(sandbox, bruno, honest["nextPageToken"]).json()
    assert honest["connections"] == first["connections"]
    assert last["connections"] != first["connections"]


def test_the_size_is_a_lie(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "wrong_total")

    assert _page(sandbox, bruno).json()["totalItems"] == 12_000


def test_a_name_is_ten_megabytes_long(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "huge_names")

    name = _page(sandbox, bruno).json()["connections"][0]["names"][0]["displayName"]

    assert len(name) == 10_000_000


def test_a_page_takes_its_time(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "slow", seconds=0.5)

    start = time.monotonic()
    assert _page(sandbox, bruno).status_code == 200
    assert time.monotonic() - start >= 0.5


def test_a_token_dies_after_the_first_page(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "token_dies", page=2)
    second = _page(sandbox, bruno).json()["nextPageToken"]

    assert _page(sandbox, bruno, second).status_code == 401
    assert _page(sandbox, bruno).status_code == 401
    (issued,) = sandbox.control.tokens()
    assert issued["access"] == fingerprint(bruno)
    assert not issued["access_alive"]
    assert not issued["refresh_alive"]


def test_a_fault_may_be_meant_for_one_account(sandbox: SandboxProcess, bruno: str) -> None:
    sandbox.control.fault("connections", "server_error", account="ana@diaz.example")

    assert _page(sandbox, bruno).status_code == 200
    assert len(sandbox.control.faults()) == 1


def test_revocation_may_fail(
    sandbox: SandboxProcess, ana: Person, contacts_site: SiteClient
) -> None:
    tokens = contacts_site.connects(ana)
    sandbox.control.fault("revoke", "server_error")

    assert contacts_site.revokes(tokens["access_token"]).status_code == 500
    assert _page(sandbox, tokens["access_token"]).status_code == 200
    assert contacts_site.revokes(tokens["access_token"]).status_code == 200
    assert _page(sandbox, tokens["access_token"]).status_code == 401
    statuses = [request["status"] for request in sandbox.control.requests("revoke")]
    assert statuses == [500, 200]


def test_the_mail_server_may_refuse_or_fall_silent(sandbox: SandboxProcess) -> None:
    def send(to: str) -> None:
        with smtplib.SMTP("localhost", sandbox.smtp_port, timeout=10) as smtp:
            smtp.sendmail("a@site.example", [to], b"Subject: x\r\n\r\nx\r\n")

    sandbox.control.fault("smtp.rcpt", "smtp_reply", reply="550 5.1.1 Nobody here", account="n@x")
    sandbox.control.fault("smtp.data", "smtp_reply", account="later@x")
    sandbox.control.fault("smtp.data", "smtp_silence", account="silent@x")

    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send("n@x")
    assert refused.value.recipients["n@x"] == (550, b"5.1.1 Nobody here")
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        send("later@x")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send("silent@x")

    assert [mail["to"] for mail in sandbox.mails()] == [["silent@x"]]


@pytest.mark.parametrize(
    "order",
    [
        {"endpoint": "connections", "kind": "earthquake"},
        {"endpoint": "moon", "kind": "slow"},
        {"endpoint": "revoke", "kind": "repeat_page"},
        {"endpoint": "connections", "kind": "slow", "seconds": "many"},
        {"endpoint": "connections", "kind": "slow", "colour": 1},
        {"endpoint": "connections", "kind": "slow", "account": 7},
        {"kind": "slow"},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_reason(
    sandbox: SandboxProcess, order: dict[str, Any]
) -> None:
    answer = requests.post(f"{sandbox.url}/control/faults/", json=order, timeout=10)

    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10


def test_a_form_from_some_web_page_orders_nothing(sandbox: SandboxProcess) -> None:
    """A browser sends text/plain to anybody without asking; JSON it does not."""
    answer = requests.post(
        f"{sandbox.url}/control/faults/",
        data='{"endpoint": "connections", "kind": "slow"}',
        headers={"Content-Type": "text/plain"},
        timeout=10,
    )

    assert answer.status_code == 400
    assert sandbox.control.faults() == []
