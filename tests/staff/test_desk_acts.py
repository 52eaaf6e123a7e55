"""Staff hold, lift, suppress and answer: each with its permission, a fresh login, and an entry."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib import auth
from django.contrib.auth.models import Group, Permission, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.db.models import F
from django.http import HttpResponse
from django.test import Client, RequestFactory

from invites import outbox, scopes, steps
from invites.actions import account_mails, cases, holding, suppressing
from invites.models import Hold, Suppression
from invites.recipients.models import Case
from invites.tokens import token
from ledger.models import Entry
from ledger.subjects import of_member
from tests import people
from tests.arrivals import arrived
from tests.page_rules import every_row, look, text_of
from tests.smtp_sink import Sink
from tests.staff.desk import DESK, PASSWORD, at_the_desk, long_ago, sign_in

pytestmark = pytest.mark.django_db
WHY = "The list looks bought."


@pytest.fixture
def agent(db: None) -> Client:
    return at_the_desk("agent")


@pytest.fixture
def lead(db: None) -> Client:
    return at_the_desk("lead")


def actor(group: str) -> object:
    return of_member(User.objects.get(email=f"{group}@staff.example").pk)


def test_a_hold_is_put_on_keeps_everything_back_and_is_lifted_with_a_reason(
    lead: Client, post: Sink, settings: Any
) -> None:
    class Book:
        book = "Google contacts"

    settings.SOURCES = {"google": Book()}
    ana = people.member("Ana Diaz")
    people.reviewed(ana)
    batch = people.confirm(ana)
    pages = {
        f"hold/sender/{ana.pk}/": ("Everything from Ana Diaz", scopes.of_sender(ana.pk)),
        f"hold/batch/{batch.uid}/": (
            f"{batch.short_fingerprint} of Ana",
            scopes.of_batch(batch.pk),
        ),
        "hold/source/google/": ("Everybody from Google contacts", "source:google"),
        "hold/site/": ("The whole site", "site"),
    }
    for path, (what, scope) in pages.items():
        assert what in text_of(look(lead, DESK + path))
        assert "Say why" in text_of(lead.post(DESK + path, {"reason": " "}))
        refused = text_of(lead.post(DESK + path, {"reason": "bea@norte.example complained"}))
        assert "Leave the address out" in refused
        assert not Hold.objects.filter(scope=scope).exists()

        done = lead.post(DESK + path, {"reason": WHY}, follow=True)

        assert "It is on hold now." in done.content.decode()
        assert what in text_of(done)
        hold = Hold.objects.get(scope=scope)
        assert hold.reason == WHY
        entry = Entry.objects.filter(action="hold.placed").latest("id")
        assert (entry.actor, entry.facts["reason"]) == (actor("lead"), WHY)
        outbox.send_due()
        assert post.taken == []

        page = f"{DESK}lift/{hold.pk}/"
        assert what in text_of(look(lead, page))
        assert "Say why" in text_of(lead.post(page, {"reason": ""}))
        assert lead.post(page, {"reason": "Ana called back."}).status_code == 302
        entry = Entry.objects.filter(action="hold.lifted").latest("id")
        assert (entry.actor, entry.facts["reason"]) == (actor("lead"), "Ana called back.")
        assert lead.get(page).status_code == 404

    outbox.send_due()
    assert post.recipients == ["bea@norte.example"]
    sender = text_of(lead.get(f"{DESK}sender/{ana.pk}/"))
    assert sender.index(f"Put on hold: {WHY}") < sender.index(
        "The hold was lifted: Ana called back."
    )


def test_of_a_member_with_very_many_entries_the_page_says_how_far_back_it_looked(
    lead: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = people.member("Ana Diaz")
    path = f"{DESK}sender/{ana.pk}/"
    lead.post(f"{DESK}hold/sender/{ana.pk}/", {"reason": WHY})
    assert "all holds since" not in text_of(lead.get(path))

    monkeypatch.setattr(steps, "NEWEST", 1)
    said = text_of(look(lead, path))

    assert f"Put on hold: {WHY}" in said
    assert "These are all holds since" in said


def test_an_address_is_suppressed_and_kept_nowhere_in_clear(agent: Client, post: Sink) -> None:
    assert "not an e-mail address" in text_of(agent.post(f"{DESK}suppress/", {"address": "bea"}))
    look(agent, f"{DESK}suppress/")

    for said in ("No member can invite this address any more.", "It was so already."):
        done = agent.post(f"{DESK}suppress/", {"address": "bea@norte.example"}, follow=True)
        assert said in done.content.decode()

    assert Suppression.objects.get().reason == "staff"
    assert Entry.objects.get(action="address.suppressed").actor == actor("agent")
    assert "norte" not in repr(every_row()["invites.Suppression"])


def test_one_answer_reaches_every_reporter_of_one_note(agent: Client, post: Sink) -> None:
    told = []
    for sender, to in (("Ana Diaz", "bea@norte.example"), ("Tom Berg", "carl@maes.example")):
        told.append(arrived(people.member(sender), "Bea Sousa", to))
        cases.report(token=token(told[-1].uid), words="")
    first = Case.objects.order_by("id")[0]
    path = f"{DESK}answer/{first.pk}/"
    html = look(agent, path).content.decode()
    assert "Answer 2 on their pages" in html
    (listed,) = re.findall(r'name="cases" value="([0-9,]+)"', html)
    later = arrived(people.member("Una Rask"), "Nils Ek", "nils@ek.example")
    cases.report(token=token(later.uid), words="")  # after the page was opened

    form = {"cases": listed, "decision": "They may not invite any more.", "what_changed": "",
            "outcome": "kept_stopped"}  # fmt: skip
    assert "Say what was decided" in text_of(agent.post(path, form | {"decision": ""}))
    assert "Answered on 2 pages." in agent.post(path, form, follow=True).content.decode()

    for invitation in told:
        page = cases.page(token(invitation.uid))
        assert page
        assert page.decision == "They may not invite any more."
    assert Case.objects.get(invitation=later).decided_at is None
    decided = Entry.objects.filter(action="invitation.report_decided")
    assert {entry.actor for entry in decided} == {actor("agent")}
    assert Hold.objects.filter(lifted_at=None).count() == 3


def test_each_act_needs_its_permission(post: Sink) -> None:
    ana = people.member("Ana Diaz")
    invitation = arrived(ana)
    cases.report(token=token(invitation.uid), words="")
    hold, case = Hold.objects.get(), Case.objects.get()
    holding.hold(scopes.of_sender(people.member("Tom Berg").pk), reason=WHY)
    bought = Hold.objects.get(reason=WHY)
    assert invitation.batch
    allowed = {
        "": "viewer agent lead",
        f"sender/{ana.pk}/": "viewer agent lead",
        f"hold/sender/{ana.pk}/": "agent lead",
        f"hold/batch/{invitation.batch.uid}/": "agent lead",
        "hold/source/typed/": "lead",
        "hold/site/": "lead",
        f"lift/{bought.pk}/": "lead",
        f"propose/{hold.pk}/": "agent lead",
        "suppress/": "agent lead",
        f"case/{case.pk}/": "viewer agent lead",
        f"answer/{case.pk}/": "agent lead",
    }
    for group in ("viewer", "agent", "lead"):
        browser = at_the_desk(group)
        first_page = browser.get(DESK).content.decode()
        before = every_row()
        for path, groups in allowed.items():
            refused = group not in groups.split()
            assert (browser.get(DESK + path).status_code == 403) is refused, (group, path)
            if refused:
                assert browser.post(DESK + path, {"reason": WHY}).status_code == 403
                assert path not in first_page
        assert every_row() == before


def test_an_old_login_is_asked_for_the_password_and_leads_back(agent: Client) -> None:
    ana = people.member("Ana Diaz")
    path = f"{DESK}hold/sender/{ana.pk}/"
    long_ago(agent)

    asked = agent.get(path)
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    late = agent.post(path, {"reason": WHY})
    assert "Nothing was done yet" in text_of(late)
    assert f'value="{WHY}"' in late.content.decode(), "what was typed is kept"
    assert not Hold.objects.exists()

    back = agent.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": path})
    assert back["Location"] == path
    assert agent.post(path, {"reason": WHY}).status_code == 302
    assert Hold.objects.get().scope == scopes.of_sender(ana.pk)


def test_a_lead_without_a_password_is_told_a_way_and_an_open_browser_is_none(
    lead: Client, post: Sink, settings: Any
) -> None:
    """Who signed up with a provider; tests/journeys/test_along_the_way.py goes the way."""
    provider = {"provider_id": "sign-in", "name": "Sign-in", "client_id": "c", "secret": "s"}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [provider]}}
    sam = User.objects.get(email="lead@staff.example")
    sam.set_unusable_password()
    sam.save()
    lead.force_login(sam, backend="django.contrib.auth.backends.ModelBackend")
    long_ago(lead)
    assert lead.get(f"{DESK}hold/site/")["Location"] == (
        "/accounts/logout/?next=%2Fadmin%2Faudit%2Fhold%2Fsite%2F"
    )
    late = lead.post(f"{DESK}hold/site/", {"reason": WHY})
    said = text_of(late)
    assert "you have no password to type. Copy what you wrote. Then sign out and in again" in said
    assert f'value="{WHY}"' in late.content.decode()
    assert not Hold.objects.exists()

    # A browser that was left open sets no password, by which its finder could act.
    new = {"password1": PASSWORD, "password2": PASSWORD}
    refused = lead.post("/accounts/password/set/", new)
    assert "Then sign out and in again" in text_of(refused)
    sam.refresh_from_db()
    assert not sam.has_usable_password()

    # Nor does it add an address, to which a link could be mailed, or another way to sign in.
    refused = lead.post("/accounts/email/", {"action_add": "", "email": "finder@norte.example"})
    assert "Then sign out and in again" in text_of(refused)
    assert "finder@norte.example" in refused.content.decode(), "what was typed is kept"
    answer = add_way_to_sign_in(lead, "finder")
    assert answer["Location"] == "/accounts/logout/?next=%2Faccounts%2F3rdparty%2F"
    assert not EmailAddress.objects.filter(email="finder@norte.example").exists()
    assert not SocialAccount.objects.exists()

    # The mailed link does, for whoever reads the mailbox.
    lead.post("/accounts/password/reset/", {"email": sam.email})
    account_mails.send_pending()
    text = post.taken[-1][1].replace(b"=\r\n", b"").decode()
    (link,) = re.findall(r"http://localhost:8000(/accounts/password/reset/key/\S+)", text)
    page = lead.get(link, follow=True).redirect_chain[-1][0]
    assert lead.post(page, new).status_code == 302
    sam.refresh_from_db()
    assert sam.has_usable_password()
    late = sign_in(sam)
    long_ago(late)
    said = late.post("/accounts/email/", {"action_add": "", "email": "finder@norte.example"})
    assert "Type it once more (in a new tab)" in text_of(said)
    assert add_way_to_sign_in(late, "finder")["Location"].startswith("/accounts/reauthenticate/?")
    assert add_way_to_sign_in(sign_in(sam), "sam")["Location"] == "/accounts/3rdparty/"
    assert SocialAccount.objects.get().user == sam


def add_way_to_sign_in(browser: Client, uid: str) -> HttpResponse:
    """What happens when a provider has sent this browser back with an account to add."""
    request = RequestFactory().get("/")
    request.session, request.user = browser.session, auth.get_user(browser)  # type: ignore[arg-type]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    login = SocialLogin(account=SocialAccount(provider="sign-in", uid=uid))
    login.state = {"process": "connect"}
    with context.request_context(request):
        answer: HttpResponse = complete_login(request, login)
    return answer


def test_what_staff_write_in_the_tables_needs_a_fresh_login_too(lead: Client, post: Sink) -> None:
    suppressing.suppress("bea@norte.example", reason=suppressing.Reason.STAFF)
    row = Suppression.objects.get()
    long_ago(lead)
    before = every_row()

    for path, form in {
        f"suppression/{row.pk}/change/": {"why_lift": "asked", "sure": "on"},
        "incident/add/": {
            "day": "2026-11-20",
            "title": "A mail too many",
            "words": "Nobody was hurt.",
        },
    }.items():
        answer = lead.post(f"/admin/invites/{path}", form, follow=True)
        assert "Nothing was done yet" in answer.content.decode(), path

    assert every_row() == before


def test_the_admins_own_pages_for_passwords_lead_to_those_that_count_attempts(lead: Client) -> None:
    form = {"username": "lead@staff.example", "password": PASSWORD}
    assert lead.post("/admin/login/", form)["Location"] == "/admin/"
    new = {"old_password": PASSWORD, "new_password1": "x" * 12, "new_password2": "x" * 12}
    assert lead.post("/admin/password_change/", new)["Location"] == "/accounts/password/change/"
    assert User.objects.get(email="lead@staff.example").check_password(PASSWORD)
    login = Client().post("/admin/login/", form)
    assert login["Location"].startswith("/accounts/login/")


def test_a_providers_word_is_not_fresh_for_who_has_a_password(lead: Client) -> None:
    session: Any = lead.session
    (record,) = session["account_authentication_methods"]
    record |= {"method": "socialaccount"}
    session.save()
    User.objects.update(date_joined=F("date_joined") - timedelta(hours=1))
    asked = lead.get(f"{DESK}hold/site/")
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")


def test_who_may_only_look_at_addresses_makes_none_verified(lead: Client) -> None:
    sam = User.objects.get(email="lead@staff.example")
    sam.user_permissions.set(Permission.objects.filter(codename="view_emailaddress"))
    finders = EmailAddress.objects.create(user=sam, email="bea@norte.example", verified=False)
    ticked = {"action": "make_verified", "_selected_action": [finders.pk], "index": "0"}
    lead.post("/admin/account/emailaddress/", ticked)
    finders.refresh_from_db()
    assert not finders.verified


def test_accounts_and_groups_are_changed_by_superusers_alone(lead: Client) -> None:
    sam = User.objects.get(email="lead@staff.example")
    sam.user_permissions.set(Permission.objects.all())
    before = every_row()

    group = Group.objects.get(name="lead")
    for path in (f"auth/user/{sam.pk}/change/", f"auth/group/{group.pk}/change/"):
        assert lead.get(f"/admin/{path}").status_code == 200
        assert lead.post(f"/admin/{path}", {"is_superuser": "on", "name": "x"}).status_code == 403
    for path in ("auth/user/add/", "socialaccount/socialapp/add/", "account/emailaddress/add/",
                 f"auth/user/{sam.pk}/password/", f"auth/user/{sam.pk}/delete/"):  # fmt: skip
        assert lead.post(f"/admin/{path}", {}).status_code == 403, path
    assert every_row() == before

    sam.is_superuser = True
    root = sign_in(sam)
    assert root.get("/admin/auth/user/add/").status_code == 200

    # Nor does a browser that a superuser left open change anything.
    long_ago(root)
    new = {"password1": "another long and unusual one", "password2": "another long and unusual one"}
    before = every_row()
    change = root.post(
        f"/admin/auth/user/{sam.pk}/change/", {"username": "x", "is_superuser": "on"}
    )
    assert "Type it once more" in text_of(change)
    added = {"email": "finder@norte.example", "user": sam.pk, "verified": "on", "primary": "on"}
    refused = root.post("/admin/account/emailaddress/add/", added)
    assert "Type it once more" in text_of(refused)
    ticked = {"action": "delete_selected", "_selected_action": [group.pk], "post": "yes"}
    for path, pressed in (
        (f"auth/user/{sam.pk}/password/", new), (f"auth/group/{group.pk}/delete/", {"post": "yes"}),
        ("auth/group/", ticked),
    ):  # fmt: skip
        sent_back = root.post(f"/admin/{path}", pressed)
        assert sent_back["Location"] == f"/admin/{path}", path
        assert "Nothing was done yet" in text_of(root.get(f"/admin/{path}"))
    assert every_row() == before


def test_the_groups_have_what_is_written_down_after_every_migration() -> None:
    names = {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.all()
    }
    assert names["agent"] - names["viewer"] == {
        "take_evidence", "change_case", "add_hold", "add_suppression", "add_reopening",
    }  # fmt: skip
    assert names["lead"] - names["agent"] == {
        "hold_widely", "change_hold", "change_suppression", "export_lists", "add_incident",
        "change_incident", "change_reopening",
    }  # fmt: skip
    assert {name.split("_")[0] for name in names["viewer"]} == {"view"}
