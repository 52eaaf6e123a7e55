"""Mail comes in by SMTP and stays as it came, byte for byte; a person can read it."""

import smtplib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import html5lib
import pytest
import requests

from bin import development
from invites import signing
from sandbox.mail_reading import signature
from tests.sandbox.browser import Person, SiteClient
from tests.sandbox_process import SandboxProcess

MAIL = (
    b"From: =?utf-8?q?Ana_D=C3=ADaz?= <invitations@site.example>\r\n"
    b"To: bea@norte.example\r\n"
    b"Subject: Ana invites you\r\n"
    b"List-Unsubscribe: <https://site.example/i/x/stop>\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n'
    b"\r\n"
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    b"Ol\xc3\xa1 Bea, look: http://localhost:8000/i/abc123/.\r\n"
    b".\r\n..two dots\r\n.one dot\r\n   trailing blanks   \r\n\t\r\n\r\n\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    b"<html><head><title>x</title></head><body><script>alert(1)</script>"
    b'<p>Hello <a href="http://localhost:8000/i/abc123/">Look</a></p></body></html>\r\n'
    b"--b--\r\n"
)


@pytest.fixture
def smtp(sandbox: SandboxProcess) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("localhost", sandbox.smtp_port, timeout=10) as connection:
        yield connection


def _send(smtp: smtplib.SMTP, *to: str, mail: bytes = MAIL) -> None:
    smtp.sendmail("bounce@site.example", list(to), mail)


def test_the_bytes_are_kept_as_they_came(sandbox: SandboxProcess, smtp: smtplib.SMTP) -> None:
    _send(smtp, "bea@norte.example", "Carlos@Example.org")

    (mail,) = sandbox.wait_for_mails(1)
    assert mail["raw"] == MAIL
    assert mail["from"] == "bounce@site.example"
    assert mail["to"] == ["bea@norte.example", "Carlos@Example.org"]
    assert mail["subject"] == "Ana invites you"
    assert mail["links"] == ["http://localhost:8000/i/abc123/"]


def test_each_recipient_has_a_mailbox_whatever_the_case(
    sandbox: SandboxProcess, smtp: smtplib.SMTP
) -> None:
    _send(smtp, "bea@norte.example")
    _send(smtp, "BEA@Norte.example")
    _send(smtp, "other@example.org")

    assert len(sandbox.mails(to="bea@norte.example")) == 2
    first, *later = sandbox.mails()
    assert sandbox.mails(since_id=first["id"]) == later


def test_the_server_offers_what_a_good_sender_uses(smtp: smtplib.SMTP) -> None:
    smtp.ehlo()

    assert {"8bitmime", "smtputf8", "pipelining", "size"} <= set(smtp.esmtp_features)


def test_addresses_beyond_ascii_are_taken(sandbox: SandboxProcess, smtp: smtplib.SMTP) -> None:
    smtp.sendmail("a@site.example", ["josé@señal.example"], MAIL, mail_options=["SMTPUTF8"])

    assert sandbox.mails(to="josé@señal.example")[0]["to"] == ["josé@señal.example"]


def test_a_pipelining_sender_is_understood(sandbox: SandboxProcess) -> None:
    with socket.create_connection(("localhost", sandbox.smtp_port), timeout=10) as raw:
        lines = raw.makefile("rb")
        lines.readline()
        raw.sendall(b"EHLO site.example\r\n")
        while lines.readline()[3:4] == b"-":
            pass
        mails = 3
        raw.sendall(b"MAIL FROM:<a@site.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n" * 1)
        for _ in range(mails - 1):
            raw.sendall(
                b"Subject: n\r\n\r\nhello\r\n.\r\n"
                b"MAIL FROM:<a@site.example>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
            )
        raw.sendall(b"Subject: n\r\n\r\nhello\r\n.\r\nQUIT\r\n")
        replies = [line[:3] for line in lines]

    assert replies == [b"250", b"250", b"354", b"250"] * mails + [b"221"]
    assert len(sandbox.mails(to="b@example.org")) == mails


def test_a_mail_that_is_too_large_is_refused(sandbox: SandboxProcess, smtp: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPException):
        _send(smtp, "bea@norte.example", mail=b"x\r\n" * 4_000_000)

    assert sandbox.mails() == []


def test_many_senders_at_once_lose_nothing(sandbox: SandboxProcess) -> None:
    def send_twenty(sender: int) -> None:
        with smtplib.SMTP("localhost", sandbox.smtp_port, timeout=10) as connection:
            for number in range(20):
                connection.sendmail("a@site.example", [f"r{sender}.{number}@example.org"], MAIL)

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(send_twenty, range(8)))

    mails = sandbox.mails()
    assert len({mail["to"][0] for mail in mails}) == len(mails) == 160


def test_a_person_reads_the_mail(sandbox: SandboxProcess, smtp: smtplib.SMTP) -> None:
    _send(smtp, "bea@norte.example")
    number = sandbox.mails()[0]["id"]
    box = f"{sandbox.url}/mailbox/bea@norte.example/"

    assert "bea@norte.example" in requests.get(f"{sandbox.url}/mailbox/", timeout=10).text
    assert "Ana invites you" in requests.get(box, timeout=10).text
    page = requests.get(f"{box}{number}/", timeout=10).text
    assert '<a href="http://localhost:8000/i/abc123/"' in page
    assert "Olá Bea" in page
    assert "List-Unsubscribe: &lt;https://site.example/i/x/stop&gt;" in page
    source = requests.get(f"{box}{number}/mail.eml", timeout=10)
    assert source.content == MAIL
    assert source.headers["Content-Type"] == "message/rfc822"


def test_scripts_in_a_mail_are_dead(sandbox: SandboxProcess, smtp: smtplib.SMTP) -> None:
    _send(smtp, "bea@norte.example")
    number = sandbox.mails()[0]["id"]

    frame = requests.get(f"{sandbox.url}/mailbox/bea@norte.example/{number}/html", timeout=10)

    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert '<head><base target="_top">' in frame.text


def test_somebody_elses_mail_is_not_in_my_mailbox(
    sandbox: SandboxProcess, smtp: smtplib.SMTP
) -> None:
    _send(smtp, "bea@norte.example")
    number = sandbox.mails()[0]["id"]

    page = requests.get(f"{sandbox.url}/mailbox/carlos@example.org/{number}/", timeout=10)

    assert page.status_code == 404


def test_a_test_can_empty_the_mailbox(sandbox: SandboxProcess, smtp: smtplib.SMTP) -> None:
    _send(smtp, "bea@norte.example")

    answer = requests.delete(f"{sandbox.url}/mailbox/api/messages", timeout=10)

    assert answer.json() == {"deleted": 1}
    assert sandbox.mails() == []


def _pages(sandbox: SandboxProcess, number: int) -> Iterator[str]:
    yield from ("/", "/accounts/login/", "/mailbox/", "/mailbox/nobody@example.org/")
    yield "/mailbox/bea@norte.example/"
    yield f"/mailbox/bea@norte.example/{number}/"


def test_every_page_is_valid_and_has_one_heading(
    sandbox: SandboxProcess, smtp: smtplib.SMTP, ana: Person, contacts_site: SiteClient
) -> None:
    hostile = (
        b"Subject: <b>\x00\x1b & \xff\r\nTo: \xfe\r\n\r\n\x00\x07 <i> http://x.example/?a&b\r\n"
    )
    _send(smtp, "bea@norte.example", mail=hostile)
    number = sandbox.mails()[0]["id"]
    pages = {path: requests.get(sandbox.url + path, timeout=10) for path in _pages(sandbox, number)}
    pages["consent"] = ana.visit(contacts_site.asks())
    contacts_site.connects(ana)
    pages["account"] = ana.browser.get(f"{sandbox.url}/accounts/", timeout=10)
    contacts_site.session.redirect_uri = "https://thief.example/"
    pages["refused"] = ana.visit(contacts_site.asks())
    pages["missing"] = requests.get(f"{sandbox.url}/nowhere", timeout=10)

    for path, page in pages.items():
        document = html5lib.HTMLParser(strict=True).parse(page.text)
        headings = document.findall(".//{http://www.w3.org/1999/xhtml}h1")
        title = document.find(".//{http://www.w3.org/1999/xhtml}title")
        ids = [element.get("id") for element in document.iter() if element.get("id")]
        assert len(headings) == 1, path
        assert title is not None, path
        assert (title.text or "").startswith("".join(headings[0].itertext())), path
        assert len(ids) == len(set(ids)), path


def test_a_developer_sees_whether_a_mail_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_PROVIDER", raising=False)
    given = development.dkim(tmp_path / "dkim.pem")
    assert development.dkim(tmp_path / "dkim.pem") == given  # a second start keeps the key
    selector, _, file = given["DKIM_KEYS"].partition(":")
    key = signing.load(selector, Path(file).read_bytes())
    raw = signing.signed(MAIL, domain="site.example", keys=[key])

    record = given["SANDBOX_DKIM_RECORD"]
    assert signature(raw, record) == "signed by site.example"
    assert signature(MAIL, record) == "not signed"
    assert signature(raw.replace(b"Bea", b"Eva"), record).startswith("signature broken")
    assert signature(b"DKIM-Signature: v=1\r\n" + MAIL, record).startswith("signature broken")
