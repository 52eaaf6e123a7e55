"""Signing up and in: one mail, to the member alone; names and errors in sentences."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client, RequestFactory

from config.accounts import SocialAccountAdapter
from invites.actions import account_mails
from invites.delivery import ACCOUNT_TEMPLATES
from invites.mail_models import AccountMail
from tests import people
from tests.page_rules import hold_to_rules, look, text_of
from tests.smtp_sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough pass phrase"
NEW = {
    "first_name": "Ana",
    "last_name": "Diaz",
    "email": "ana@diaz.example",
    "password1": PASSWORD,
}


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Sink]:
    """A real SMTP server that takes the account mail."""
    with smtp_sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


def sign_up(client: Client, **other: str) -> Any:
    return client.post("/accounts/signup/", {**NEW, **other})


def code_in(mailbox: Sink) -> str:
    account_mails.send_pending()
    found = re.search(rb"^    (\S+)\r$", mailbox.taken[-1][1], re.MULTILINE)
    assert found is not None, "no code in the mail"
    return found[1].decode()


def test_the_sign_up_page_says_whom_it_mails(client: Client) -> None:
    assert "Signing up sends no mail to anyone but you." in text_of(
        look(client, "/accounts/signup/")
    )


def test_signing_up_by_code_sends_one_mail_to_the_member_alone(
    client: Client, mailbox: Sink
) -> None:
    page = client.get(sign_up(client).headers["Location"])
    hold_to_rules(page.content.decode())
    assert "Type the code from your mail" in text_of(page)
    answer = client.post("/accounts/confirm-email/", {"code": code_in(mailbox)})
    assert mailbox.recipients == ["ana@diaz.example"]
    assert answer.headers["Location"] == "/contacts/"
    assert User.objects.get().get_full_name() == "Ana Diaz"
    assert EmailAddress.objects.get().verified
    assert len(mailbox.taken) == 1


def test_the_code_mail_is_short_plain_and_carries_nothing_that_a_stranger_typed(
    client: Client, mailbox: Sink
) -> None:
    sign_up(client, first_name="Congratulations", last_name="Winner")
    account_mails.send_pending()
    mail = mailbox.taken[0][1].decode()
    assert "Congratulations" not in mail
    assert "text/html" not in mail
    body = mail.split("\r\n\r\n", 1)[1]
    assert len([line for line in body.splitlines() if line.strip()]) <= 10
    assert "without the code nothing happens" in body


def test_a_wrong_code_says_so(client: Client, mailbox: Sink) -> None:
    sign_up(client)
    page = client.post("/accounts/confirm-email/", {"code": "WRONG"})
    hold_to_rules(page.content.decode())
    assert "This is not the code that we sent last" in text_of(page)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("first_name", "", "Type your first name."),
        ("last_name", "", "Type your last name."),
        ("first_name", "Ana\nBcc: all@example.org", "can’t be seen"),
        ("last_name", "www.example.com", "web address"),
        ("first_name", "A\u202eB", "can’t be seen"),
        ("first_name", "Handpicked", "A member can’t be called like Handpicked itself"),
        ("email", "ana@diaz.test", "No mail from here can reach this address"),
        ("email", "ana@intranet.local", "No mail from here can reach this address"),
        ("email", "ana@[192.0.2.1]", "No mail from here can reach this address"),
        ("email", "añá@diaz.example", "This is not an e-mail address"),
    ],
)
def test_what_cannot_stand_in_a_mail_is_refused_beside_its_field(
    client: Client, field: str, typed: str, sentence: str
) -> None:
    page = sign_up(client, **{field: typed})
    html = page.content.decode()
    hold_to_rules(html)
    assert f'<a href="#id_{field}">' in html
    assert f'id="id_{field}_error"' in html
    assert sentence in text_of(page)
    assert not User.objects.exists()


def test_an_address_that_has_an_account_is_not_given_away(client: Client, mailbox: Sink) -> None:
    people.member("Ana Diaz", "ana@diaz.example")
    page = client.get(sign_up(client).headers["Location"])
    assert "Type the code from your mail" in text_of(page)
    assert User.objects.count() == 1
    account_mails.send_pending()
    assert b"You already have an account" in mailbox.taken[0][1]


def _everything_said(address: str) -> list[tuple[int, str, bytes]]:
    """What somebody sees who signs up with this address, asks for another code, and guesses."""
    client = Client()
    answers = [
        sign_up(client, email=address),
        client.get("/accounts/confirm-email/"),
        client.post("/accounts/confirm-email/", {"action": "change", "email": "x@y.example"}),
        client.post("/accounts/confirm-email/", {"action": "resend"}),
        client.get("/accounts/confirm-email/"),
        *(client.post("/accounts/confirm-email/", {"code": "WRONG1"}) for _ in range(4)),
    ]
    return [
        (
            answer.status_code,
            answer.headers.get("Location", ""),
            re.sub(rb'(?<=csrfmiddlewaretoken" value=")\w+', b"", answer.content).replace(
                address.encode(), b""
            ),
        )
        for answer in answers
    ]


def test_a_members_address_and_a_strangers_get_the_same_bytes_at_sign_up() -> None:
    people.member("Ana Diaz", "ana@diaz.example")
    assert _everything_said("ana@diaz.example") == _everything_said("new@diaz.example")


def test_an_address_that_has_an_account_costs_the_hashing_of_a_password_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.member("Ana Diaz", "ana@diaz.example")
    hashed: list[str] = []
    monkeypatch.setattr("config.account_forms.make_password", hashed.append)
    sign_up(client)
    assert hashed == [PASSWORD]


@pytest.mark.parametrize("mail_server", ["is down", "is slow"])
def test_asking_for_a_new_password_is_answered_alike_whatever_the_mail_server_does(
    settings: Any, mailbox: Sink, mail_server: str
) -> None:
    people.member("Ana Diaz", "ana@diaz.example")
    asked: list[str] = []
    mailbox.answer = lambda verb, recipient: asked.append(verb)
    if mail_server == "is down":
        settings.EMAIL_PORT = 1
    known, unknown = (
        Client().post("/accounts/password/reset/", {"email": address})
        for address in ("ana@diaz.example", "nobody@diaz.example")
    )
    assert known.status_code == unknown.status_code == 302
    assert known.headers["Location"] == unknown.headers["Location"]
    assert asked == []  # no page waits for the mail server
    assert AccountMail.objects.count() == 2  # each writes as much


def test_without_redis_nobody_waits_for_it(client: Client) -> None:
    began = time.monotonic()
    assert sign_up(client).status_code == 302  # the tests' settings name a Redis that is not there
    assert time.monotonic() - began < 2


def test_what_waits_for_the_mail_server_cannot_be_read_in_the_table(client: Client) -> None:
    sign_up(client)
    ciphertext = bytes(AccountMail.objects.get().ciphertext)
    assert b"ana@diaz.example" not in ciphertext
    assert b"code" not in ciphertext


def test_the_reset_link_leads_to_this_site_whatever_the_host_header_says(
    client: Client, mailbox: Sink
) -> None:
    people.member("Ana Diaz", "ana@diaz.example")
    client.post(
        "/accounts/password/reset/", {"email": "ana@diaz.example"}, headers={"Host": "127.0.0.1"}
    )
    account_mails.send_pending()
    links = re.findall(r"https?://\S+", mailbox.taken[0][1].decode().replace("=\r\n", ""))
    assert links
    assert all(link.startswith("http://localhost:8000") for link in links)
    page = client.get(links[0].removeprefix("http://localhost:8000"), follow=True)
    hold_to_rules(page.content.decode())
    assert "Your new password" in text_of(page)


def test_an_unknown_address_gets_no_mail(client: Client, mailbox: Sink) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert answer.headers["Location"] == "/accounts/password/reset/done/"
    assert account_mails.send_pending() == 0
    assert mailbox.taken == []
    assert not AccountMail.objects.exists()


def test_a_wrong_password_gets_one_sentence(client: Client) -> None:
    people.member("Ana Diaz", "ana@diaz.example")
    page = client.post("/accounts/login/", {"login": "ana@diaz.example", "password": "wrong"})
    hold_to_rules(page.content.decode())
    assert "don’t belong together" in text_of(page)


def test_another_address_is_added_by_code_and_named_in_the_list(
    browser: Client, mailbox: Sink
) -> None:
    browser.post("/accounts/email/", {"email": "ana@work.example", "action_add": ""})
    browser.post("/accounts/confirm-email/", {"code": code_in(mailbox)})
    page = look(browser, "/accounts/email/")
    assert "ana@work.example confirmed" in text_of(page)
    assert mailbox.recipients == ["ana@work.example"]


def test_all_mails_that_we_write_are_on_the_list_of_the_one_door() -> None:
    written = {
        "account/email/email_confirmation",
        "account/email/email_confirmation_signup",
        "account/email/account_already_exists",
        "account/email/password_reset_key",
    }
    assert written <= ACCOUNT_TEMPLATES


@pytest.mark.parametrize(
    ("claims", "names", "asks"),
    [
        ({"first_name": "Ana", "last_name": "Diaz"}, ("Ana", "Diaz"), False),
        ({"name": "Ana Diaz"}, ("Ana", "Diaz"), False),
        ({"first_name": "Ana"}, ("Ana", ""), True),
        ({"first_name": "Handpicked", "last_name": "Support"}, ("", ""), True),
        ({"name": "Hand Picked"}, ("", ""), True),
        ({"first_name": "Ana", "last_name": "http://x.example"}, ("Ana", ""), True),
        ({}, ("", ""), True),
    ],
)
def test_a_provider_that_does_not_tell_the_name_makes_us_ask(
    claims: dict[str, str], names: tuple[str, str], asks: bool
) -> None:
    adapter = SocialAccountAdapter()
    login = SocialLogin(user=User(), account=SocialAccount())
    request = RequestFactory().get("/")
    user = adapter.populate_user(request, login, claims)
    assert (user.first_name, user.last_name) == names
    assert adapter.is_auto_signup_allowed(request, login) is not asks


def test_a_providers_address_that_no_mail_can_reach_makes_us_ask_for_another() -> None:
    login = SocialLogin(
        user=User(first_name="Ana", last_name="Diaz"),
        account=SocialAccount(),
        email_addresses=[EmailAddress(email="ana@intranet.local", verified=True)],
    )
    request = RequestFactory().get("/")
    assert SocialAccountAdapter().is_auto_signup_allowed(request, login) is False


def test_an_address_that_no_mail_can_reach_is_not_added(browser: Client) -> None:
    page = browser.post("/accounts/email/", {"email": "ana@intranet.local", "action_add": ""})
    hold_to_rules(page.content.decode())
    assert "No mail from here can reach this address" in text_of(page)
    assert EmailAddress.objects.count() == 1


@pytest.mark.parametrize(
    ("claim", "counts"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False), ("", False)],
)
def test_only_an_address_that_the_provider_checked_counts(claim: Any, counts: bool) -> None:
    address = EmailAddress(email="ana@diaz.example", verified=claim)
    login = SocialLogin(user=User(), account=SocialAccount(), email_addresses=[address])
    SocialAccountAdapter().pre_social_login(RequestFactory().get("/"), login)
    assert address.verified is counts


def _guess(times: int, **request: Any) -> int:
    """Wrong passwords for unknown addresses; the status of the last answer."""
    status = 0
    for number in range(times):
        guess = {"login": f"nobody{number}@x.example", "password": "wrong"}
        status = Client(**request).post("/accounts/login/", guess).status_code
    return status


def test_behind_a_proxy_each_visitor_has_their_own_number_of_attempts(settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.ACCOUNT_RATE_LIMITS = {"login": "3/m/ip"}
    # What the visitor writes into the header comes first; the proxy's word is the last.
    forged = {"headers": {"x-forwarded-for": "192.0.2.7, 203.0.113.1"}, "REMOTE_ADDR": "10.0.0.1"}
    honest = {"headers": {"x-forwarded-for": "192.0.2.7"}, "REMOTE_ADDR": "10.0.0.1"}
    assert _guess(3, **forged) == 200
    assert _guess(1, **forged) == 429
    assert _guess(1, **honest) == 200


def test_a_unix_socket_tells_no_address_and_people_sign_in_all_the_same() -> None:
    ana = people.member("Ana Diaz", "ana@diaz.example")
    ana.set_password(PASSWORD)
    ana.save()
    answer = Client(REMOTE_ADDR="").post(
        "/accounts/login/", {"login": "ana@diaz.example", "password": PASSWORD}
    )
    assert answer.status_code == 302
    assert _guess(40, REMOTE_ADDR="") == 429


@pytest.mark.parametrize("method", ["post", "head"])
def test_a_provider_that_does_not_answer_gets_a_sentence(settings: Any, method: str) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "sign-in", "name": "Sign-in", "client_id": "c", "secret": "s",
                    "settings": {"server_url": "http://127.0.0.1:1"},
                }
            ]
        }
    }  # fmt: skip
    page = getattr(Client(), method)("/accounts/oidc/sign-in/login/")
    assert page.status_code == 503
    if method == "post":
        hold_to_rules(page.content.decode())
        assert "The other site does not answer" in text_of(page)
