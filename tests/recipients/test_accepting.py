"""Bea accepts by signing up. The invited address binds, not the link."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import user_signed_up
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from invites import outbox
from invites.actions import account_mails, responding
from invites.models import Invitation
from ledger.models import Entry
from tests import people
from tests.page_rules import hold_to_rules, look, text_of
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_signed_up_lately() -> None:
    cache.clear()  # sign-up counts how often it is asked


def sign_up(browser: Client, post: Sink, address: str) -> None:
    """The sign-up form, then the code from the mail. Raises AssertionError if either is refused."""
    answer = browser.post(
        "/accounts/signup/",
        {
            "first_name": "Bea",
            "last_name": "Sousa",
            "email": address,
            "password1": "a long and unusual one",
        },
    )
    assert answer.status_code == 302, text_of(answer)
    enter_code(browser, post, address)


def enter_code(browser: Client, post: Sink, address: str) -> None:
    account_mails.send_pending()
    (*_, raw) = [mail for to, mail in post.taken if to == address]
    (code,) = re.findall(r"^\s*([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})\s*$", raw.decode(), re.MULTILINE)
    answer = browser.post("/accounts/confirm-email/", {"code": code})
    assert answer.status_code == 302, text_of(answer)


def test_who_has_joined_is_not_asked_to_sign_up_again(bea: Client, link: str, post: Sink) -> None:
    sign_up(Client(), post, "bea@norte.example")

    said = text_of(look(bea, f"{link}accept/"))

    assert said.startswith("You accepted Ana Diaz’s invitation")
    assert "Go to sign-up" not in said


def test_the_page_says_which_address_binds_and_what_the_sender_sees(bea: Client, link: str) -> None:
    page = look(bea, f"{link}accept/")

    said = text_of(page)
    assert said.startswith("Accept Ana Diaz’s invitation")
    assert "bea@norte.example" not in page.content.decode()  # the link may have been forwarded
    assert "Ana will see that you joined. Nothing else." in said
    assert (
        "Sign up with b•••@n•••.example, the address that got the mail, or Ana won’t see it."
        in said
    )
    assert "<script" not in page.content.decode()
    (uid,) = Invitation.objects.values_list("uid", flat=True)
    assert f'href="/accounts/signup/?invitation={uid}"' in page.content.decode()


def test_looking_at_the_sign_up_accepts_nothing(bea: Client, link: str) -> None:
    bea.get(f"{link}accept/")
    bea.get("/accounts/signup/")

    assert Invitation.objects.get().accepted_at is None


def test_signing_up_with_the_invited_address_accepts_once_it_is_verified(
    link: str, post: Sink
) -> None:
    browser = Client()
    browser.get(f"{link}accept/")

    sign_up(browser, post, "bea@norte.example")

    assert Invitation.objects.get().accepted_at
    entry = Entry.objects.get(action="invitation.accepted")
    assert entry.subject == Invitation.objects.get().uid


def test_an_address_that_is_not_verified_yet_accepts_nothing(link: str, post: Sink) -> None:
    browser = Client()
    browser.post(
        "/accounts/signup/",
        {
            "first_name": "Bea",
            "last_name": "Sousa",
            "email": "bea@norte.example",
            "password1": "a long and unusual one",
        },
    )

    assert User.objects.filter(email="bea@norte.example").exists()
    assert Invitation.objects.get().accepted_at is None


def test_somebody_else_who_holds_the_link_accepts_nothing(link: str, post: Sink) -> None:
    browser = Client()
    browser.get(f"{link}accept/")

    sign_up(browser, post, "carl@elsewhere.example")

    assert Invitation.objects.get().accepted_at is None


def test_adding_the_invited_address_later_accepts_then(link: str, post: Sink) -> None:
    browser = Client()
    sign_up(browser, post, "carl@elsewhere.example")

    browser.post("/accounts/email/", {"email": "bea@norte.example", "action_add": ""})
    enter_code(browser, post, "bea@norte.example")

    assert Invitation.objects.get().accepted_at


def test_an_address_that_a_provider_has_verified_accepts_at_sign_up(invitation: Invitation) -> None:
    newcomer = people.member("Bea Sousa", "bea@norte.example")
    assert EmailAddress.objects.get(user=newcomer).verified

    user_signed_up.send(sender=User, request=None, user=newcomer)

    invitation.refresh_from_db()
    assert invitation.accepted_at


def test_who_has_stopped_everything_joins_without_anyone_being_told(
    bea: Client, link: str, post: Sink
) -> None:
    bea.post(f"{link}stop/", {"stop": "everyone"})
    assert "Ana won’t see that you joined." in text_of(look(bea, f"{link}accept/"))

    sign_up(Client(), post, "bea@norte.example")

    assert Invitation.objects.get().accepted_at is None


def test_accepting_twice_leaves_one_entry(invitation: Invitation) -> None:
    newcomer = people.member("Bea Sousa", "bea@norte.example")

    assert responding.accept(member=newcomer, address=newcomer.email) == 1
    assert responding.accept(member=newcomer, address=newcomer.email) == 0

    assert Entry.objects.filter(action="invitation.accepted").count() == 1


def test_an_address_that_is_none_of_the_internet_accepts_nothing(invitation: Invitation) -> None:
    member = people.member("Bea Sousa", "bea@intranet.local")

    assert responding.accept(member=member, address=member.email) == 0


def test_another_address_at_sign_up_is_asked_about_first(link: str, post: Sink) -> None:
    browser = Client()
    (uid,) = Invitation.objects.values_list("uid", flat=True)
    form = browser.get(f"/accounts/signup/?invitation={uid}")
    assert f'name="invitation" value="{uid}"' in form.content.decode()
    typed = {
        "first_name": "Bea", "last_name": "Sousa", "email": "carl@elsewhere.example",
        "password1": "a long and unusual one", "invitation": str(uid),
    }  # fmt: skip

    asked = browser.post("/accounts/signup/", typed)

    said = text_of(asked)
    assert "This is not the address that was invited." in said
    assert "Ana Diaz’s invitation went to b•••@n•••.example." in said
    assert not User.objects.filter(email=typed["email"]).exists()
    hold_to_rules(asked.content.decode().replace("<title>Not yet: ", "<title>"))

    assert browser.post("/accounts/signup/", typed | {"other_address": "on"}).status_code == 302
    assert User.objects.filter(email=typed["email"]).exists()


def test_sign_up_says_whose_invitation_it_is_and_a_blocked_one_looks_no_different(
    link: str, post: Sink
) -> None:
    (invitation,) = Invitation.objects.all()
    ana = people.member("Ana Diaz", "ana.two@diaz.example")
    people.reviewed(ana, "Bea Sousa", "bea@norte.example")
    blocked = people.confirm(ana).invitations.get()
    outbox.send_due()
    blocked.refresh_from_db()
    assert blocked.state == "blocked"

    for uid in (invitation.uid, blocked.uid):
        said = text_of(Client().get(f"/accounts/signup/?invitation={uid}"))
        assert "You come from Ana Diaz’s invitation, which went to b•••@n•••.example." in said
        typed = {"email": "carl@elsewhere.example", "invitation": str(uid)}
        said = text_of(Client().post("/accounts/signup/", typed))
        assert "Ana Diaz’s invitation went to b•••@n•••.example." in said
    assert "You come from" not in text_of(Client().get("/accounts/signup/?invitation=nonsense"))


def test_the_invited_address_in_another_spelling_is_not_asked_about(link: str, post: Sink) -> None:
    (uid,) = Invitation.objects.values_list("uid", flat=True)
    for number, email in enumerate(["Bea+post@Norte.example", "carl@elsewhere.example"]):
        invitation = [str(uid), "no-such-invitation"][number]
        typed = {
            "first_name": "Bea", "last_name": "Sousa", "email": email,
            "password1": "a long and unusual one", "invitation": invitation,
        }  # fmt: skip
        assert Client().post("/accounts/signup/", typed).status_code == 302


def test_on_that_day_nobody_is_led_to_the_import(link: str, post: Sink) -> None:
    browser = Client()
    sign_up(browser, post, "bea@norte.example")

    home = browser.get("/accounts/login/", follow=True)  # who is signed in is led on from here
    assert home.redirect_chain[-1][0] == "/"
    assert "You have joined That is all for today." in text_of(home)

    User.objects.filter(email="bea@norte.example").update(date_joined="2026-01-01T00:00:00Z")
    later = browser.get("/accounts/login/", follow=True)
    assert later.redirect_chain[-1][0] == "/contacts/"
    assert text_of(browser.get("/")).startswith("Where you are")
