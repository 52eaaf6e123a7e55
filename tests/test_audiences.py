"""Every address of the site, who may see it, and that looking at it changes nothing.

A new address fails here until it stands in the table below.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from importer import uploading
from importer.models import Import, ImportState, LeftOut, Purpose
from invites.actions import linking, stopping
from invites.models import Batch, Invitation
from ledger import clock
from tests import people
from tests.arrivals import arrived, link_in, mail_server
from tests.importer.conftest import own_server
from tests.page_rules import every_row


class Audience(Enum):
    """Who gets an answer. Each sees also what everybody sees."""

    PUBLIC = "everybody"
    RECIPIENT = "whoever holds the secret link, without an account"
    MEMBER = "who is signed in"
    STAFF = "who is signed in and of the staff"


PUBLIC, RECIPIENT, MEMBER, STAFF = Audience

# The route as Django's resolver has it, its audience, and a path with live objects in it.
SITE = [
    ("", PUBLIC, "/"),
    # --- accounts
    ("accounts/login/", PUBLIC, "/accounts/login/"),
    ("accounts/logout/", PUBLIC, "/accounts/logout/"),
    ("accounts/inactive/", PUBLIC, "/accounts/inactive/"),
    ("accounts/signup/", PUBLIC, "/accounts/signup/"),
    ("accounts/reauthenticate/", MEMBER, "/accounts/reauthenticate/"),
    ("accounts/email/", MEMBER, "/accounts/email/"),
    ("accounts/confirm-email/", PUBLIC, "/accounts/confirm-email/"),
    ("accounts/password/change/", MEMBER, "/accounts/password/change/"),
    ("accounts/password/set/", MEMBER, "/accounts/password/set/"),
    ("accounts/password/reset/", PUBLIC, "/accounts/password/reset/"),
    ("accounts/password/reset/done/", PUBLIC, "/accounts/password/reset/done/"),
    ("accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", PUBLIC,
     "/accounts/password/reset/key/{reset}/"),
    ("accounts/password/reset/key/done/", PUBLIC, "/accounts/password/reset/key/done/"),
    ("accounts/login/code/confirm/", PUBLIC, "/accounts/login/code/confirm/"),
    ("accounts/3rdparty/", MEMBER, "/accounts/3rdparty/"),
    ("accounts/3rdparty/signup/", PUBLIC, "/accounts/3rdparty/signup/"),
    ("accounts/3rdparty/login/cancelled/", PUBLIC, "/accounts/3rdparty/login/cancelled/"),
    ("accounts/3rdparty/login/error/", MEMBER, "/accounts/3rdparty/login/error/"),
    # Former addresses of the last five; allauth only moves on from there.
    ("accounts/social/login/cancelled/", MEMBER, "/accounts/social/login/cancelled/"),
    ("accounts/social/login/error/", MEMBER, "/accounts/social/login/error/"),
    ("accounts/social/signup/", MEMBER, "/accounts/social/signup/"),
    ("accounts/social/connections/", MEMBER, "/accounts/social/connections/"),
    ("accounts/oidc/^(?P<provider_id>[^/]+)/login/", PUBLIC, "/accounts/oidc/sign-in/login/"),
    ("accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/", PUBLIC,
     "/accounts/oidc/sign-in/login/callback/"),
    # --- the member's journey
    ("contacts/", MEMBER, "/contacts/"),
    ("contacts/connect/<slug:source>/", MEMBER, "/contacts/connect/google/"),
    ("contacts/server/<slug:source>/", MEMBER, "/contacts/server/carddav/"),
    ("contacts/callback/", MEMBER, "/contacts/callback/"),
    ("contacts/type/", MEMBER, "/contacts/type/"),
    ("contacts/linkedin/", MEMBER, "/contacts/linkedin/"),
    ("contacts/file/", MEMBER, "/contacts/file/"),
    ("contacts/file/<uuid:uid>/", MEMBER, "/contacts/file/{table}/"),
    ("contacts/imports/<uuid:uid>/", MEMBER, "/contacts/imports/{run}/"),
    ("contacts/imports/<uuid:uid>/stop/", MEMBER, "/contacts/imports/{run}/stop/"),
    ("contacts/imports/<uuid:uid>/retry/", MEMBER, "/contacts/imports/{run}/retry/"),
    ("contacts/imports/<uuid:uid>/left-out/<int:row>/", MEMBER,
     "/contacts/imports/{run}/left-out/{left out}/"),
    ("invitations/", MEMBER, "/invitations/"),
    ("invitations/look-up/<uuid:uid>/", MEMBER, "/invitations/look-up/{look-up}/"),
    ("invitations/look-up/<uuid:uid>/done/", MEMBER, "/invitations/look-up/{look-up}/done/"),
    ("invitations/linkedin-link/", MEMBER, "/invitations/linkedin-link/"),
    ("invitations/choose/", MEMBER, "/invitations/choose/"),
    ("invitations/write/", MEMBER, "/invitations/write/"),
    ("invitations/review/", MEMBER, "/invitations/review/"),
    ("invitations/review/<uuid:uid>/", MEMBER, "/invitations/review/{chosen}/"),
    ("invitations/check/", MEMBER, "/invitations/check/"),
    ("invitations/check/<uuid:uid>/remove/", MEMBER, "/invitations/check/{reviewed}/remove/"),
    ("invitations/sent/<uuid:uid>/", MEMBER, "/invitations/sent/{batch}/"),
    ("invitations/sent/<uuid:uid>/receipt/", MEMBER, "/invitations/sent/{batch}/receipt/"),
    ("invitations/sent/<uuid:uid>/take-back/", MEMBER, "/invitations/sent/{batch}/take-back/"),
    ("invitations/sent/<uuid:uid>/not-me/", MEMBER, "/invitations/sent/{batch}/not-me/"),
    ("invitations/withdraw/<uuid:uid>/", MEMBER, "/invitations/withdraw/{arrived}/"),
    ("invitations/links/new/<int:contact>/", MEMBER, "/invitations/links/new/{no address}/"),
    ("invitations/links/<uuid:uid>/", MEMBER, "/invitations/links/{personal link}/"),
    ("invitations/links/<uuid:uid>/withdraw/", MEMBER,
     "/invitations/links/{personal link}/withdraw/"),
    ("invitations/requests/", MEMBER, "/invitations/requests/"),
    ("invitations/data/", MEMBER, "/invitations/data/"),
    ("invitations/forget/", MEMBER, "/invitations/forget/"),
    ("invitations/forgotten/", MEMBER, "/invitations/forgotten/"),
    # --- recipients
    ("i/<secret:token>/", RECIPIENT, "{link}"),
    ("i/<secret:token>/stop/", RECIPIENT, "{link}stop/"),
    ("i/<secret:token>/stop-sender/", RECIPIENT, "{link}stop-sender/"),
    ("i/<secret:token>/accept/", RECIPIENT, "{link}accept/"),
    ("i/<secret:token>/decline/", RECIPIENT, "{link}decline/"),
    ("i/<secret:token>/not-how/", RECIPIENT, "{link}not-how/"),
    ("i/<secret:token>/dont-know/", RECIPIENT, "{link}dont-know/"),
    ("i/<secret:token>/report/", RECIPIENT, "{link}report/"),
    ("i/<secret:token>/erase/", RECIPIENT, "{link}erase/"),
    ("i/<secret:token>/by-hand/accept/", RECIPIENT, "{by hand}by-hand/accept/"),
    ("i/<secret:token>/by-hand/erase/", RECIPIENT, "{by hand}by-hand/erase/"),
    # --- everybody who gets invitations or wants none
    ("about-invitations/", PUBLIC, "/about-invitations/"),
    ("stop/", PUBLIC, "/stop/"),
    ("stop/domain/", PUBLIC, "/stop/domain/?domain=norte.example"),
    ("stop/<sealed:secret>/", RECIPIENT, "/stop/{stop link}/"),
    # --- the mail provider, which signs what it posts
    ("mail/events/", PUBLIC, "/mail/events/"),
    # --- staff
    ("admin/audit/", STAFF, "/admin/audit/"),
    ("admin/audit/search/", STAFF, "/admin/audit/search/"),
    ("admin/audit/figures/", STAFF, "/admin/audit/figures/"),
    ("admin/audit/members/", STAFF, "/admin/audit/members/?step=chosen"),
    ("admin/audit/invitations/", STAFF, "/admin/audit/invitations/?event=sent"),
    ("admin/audit/export/invitations/", STAFF, "/admin/audit/export/invitations/"),
    ("admin/audit/export/steps/<uuid:uid>/", STAFF, "/admin/audit/export/steps/{arrived}/"),
    ("admin/audit/sender/<int:pk>/", STAFF, "/admin/audit/sender/{user}/"),
    ("admin/audit/batch/<uuid:uid>/", STAFF, "/admin/audit/batch/{batch}/"),
    ("admin/audit/invitation/<uuid:uid>/", STAFF, "/admin/audit/invitation/{arrived}/"),
    ("admin/audit/invitation/<uuid:uid>/evidence/", STAFF,
     "/admin/audit/invitation/{arrived}/evidence/"),
    ("admin/audit/hold/sender/<int:pk>/", STAFF, "/admin/audit/hold/sender/{user}/"),
    ("admin/audit/hold/batch/<uuid:uid>/", STAFF, "/admin/audit/hold/batch/{batch}/"),
    ("admin/audit/hold/source/<slug:name>/", STAFF, "/admin/audit/hold/source/typed/"),
    ("admin/audit/hold/site/", STAFF, "/admin/audit/hold/site/"),
    ("admin/audit/lift/<int:pk>/", STAFF, "/admin/audit/lift/1/"),
    ("admin/audit/suppress/", STAFF, "/admin/audit/suppress/"),
    ("admin/audit/case/<int:pk>/", STAFF, "/admin/audit/case/{row of invites.case}/"),
    ("admin/audit/answer/<int:pk>/", STAFF, "/admin/audit/answer/{row of invites.case}/"),
    ("admin/audit/propose/<int:pk>/", STAFF, "/admin/audit/propose/{row of invites.hold}/"),
    ("admin/audit/reopening/<int:pk>/", STAFF, "/admin/audit/reopening/{reopening}/"),
    ("admin/", STAFF, "/admin/"),
    ("admin/login/", STAFF, "/admin/login/"),
    ("admin/logout/", STAFF, "/admin/logout/"),
    ("admin/password_change/", STAFF, "/admin/password_change/"),
    ("admin/password_change/done/", STAFF, "/admin/password_change/done/"),
    ("admin/autocomplete/", STAFF, "/admin/autocomplete/"),
    ("admin/jsi18n/", STAFF, "/admin/jsi18n/"),
    ("admin/r/<path:content_type_id>/<path:object_id>/", STAFF, "/admin/r/1/1/"),
    ("admin/auth/user/<id>/password/", STAFF, "/admin/auth/user/{user}/password/"),
    ("admin/^(?P<app_label>{apps})/$", STAFF, "/admin/invites/"),
    ("admin/(?P<url>.*)$", STAFF, "/admin/nothing-like-that/"),
]  # fmt: skip
# The tables in the admin, each with the same six pages.
ADMIN_TABLES = [
    "auth.group", "auth.user", "account.emailaddress", "socialaccount.socialapp",
    "socialaccount.socialtoken", "socialaccount.socialaccount", "importer.import",
    "invites.invitation", "invites.batch", "invites.consentrecord", "invites.suppression",
    "invites.personallink",
    "invites.hold", "invites.reservation", "invites.case", "invites.incident",
    "invites.monthlyfigures", "ledger.entry",
]  # fmt: skip
ADMIN_PAGES = ["", "add/", *(f"<path:object_id>/{page}" for page in
                             ("", "change/", "delete/", "history/"))]  # fmt: skip

# The only GETs that may write: a provider's answer comes as one (RFC 6749, section 4.1.2).
OAUTH_CALLBACKS = {
    "contacts/callback/",
    "accounts/oidc/^(?P<provider_id>[^/]+)/login/callback/",
}


@dataclass(frozen=True, slots=True)
class Address:
    """One row of the table."""

    route: str
    audience: Audience
    path: str


def table() -> Iterator[Address]:
    """All addresses that are declared."""
    labels = "|".join(dict.fromkeys(_admin_apps()))
    for route, audience, path in SITE:
        yield Address(route.replace("{apps}", labels), audience, path)
    for name in ADMIN_TABLES:
        base = f"admin/{name.replace('.', '/')}/"
        row = "{row of " + name + "}"
        for page in ADMIN_PAGES:
            path = f"/{base}{page}".replace("<path:object_id>", row)
            yield Address(base + page, STAFF, path)


def _admin_apps() -> Iterator[str]:
    """As the admin lists them: in the order in which tables were registered."""
    from django.contrib import admin

    for model in admin.site._registry:
        yield model._meta.app_label


def routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    """All that Django would answer, as written in the URLconfs."""
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            yield route


@pytest.fixture
def site(settings: Any, db: None) -> Iterator[dict[str, Any]]:
    """A site on which everything is going on. What stands in the braces of the table's paths."""
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
    settings.SOURCES = {"carddav": own_server("carddav")}
    with mail_server(settings) as sink:
        ana = people.member("Ana Diaz")
        ana.set_password("a long and unusual one")
        ana.save()
        first = arrived(ana)
        handed_over = people.handed_over(ana, "Gus Dahl")
        waiting = people.reviewed(ana, "Carl Maes", "carl@maes.example")
        people.confirm(ana)
        waiting.refresh_from_db()
        assert isinstance(waiting.batch, Batch)
        run = Import.objects.create(
            member=ana, source="google", source_label="Google contacts",
            state=ImportState.DONE, created_at=clock.now(),
        )  # fmt: skip
        looking = Import.objects.create(
            member=ana, source="google", source_label="Google contacts", purpose=Purpose.LOOK_UP,
            state=ImportState.LOOKING, created_at=clock.now(),
        )  # fmt: skip
        left_out = LeftOut.objects.create(
            member=ana, import_run=run, number=1, reason="not_an_address", raw="bea at norte"
        )
        table = uploading.receive(member=ana, file=io.BytesIO(b"Who;Where\nBea;b@a.example\n"))
        yield {
            "table": table.uid,
            "left out": left_out.pk,
            "link": link_in(sink, "bea@norte.example"),
            "stop link": stopping.seal("carl@maes.example"),
            "arrived": first.uid,
            "no address": people.without_address(ana, "Nils Ek").pk,
            "personal link": handed_over.uid,
            "by hand": linking.address_of(handed_over).removeprefix("http://localhost:8000"),
            "batch": waiting.batch.uid,
            "reviewed": people.reviewed(ana, "Dora Lind", "dora@lind.example").uid,
            "chosen": people.chosen(ana, "Emil Rask", "emil@rask.example").uid,
            "run": run.uid,
            "look-up": looking.uid,
            "user": ana.pk,
            "reopening": 1,
            "reset": f"{user_pk_to_url_str(ana)}-{default_token_generator.make_token(ana)}",
        } | {
            f"row of {name}": getattr(apps.get_model(name)._default_manager.first(), "pk", 1)
            for name in ADMIN_TABLES
        }


def browser_of(user: User | None) -> Client:
    """A browser in which this person is signed in, or nobody."""
    browser = Client(raise_request_exception=False)
    if user is not None:
        browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def ana() -> User:
    return User.objects.get(email="ana@diaz.example")


def root() -> User:
    user = people.member("Root Person")
    user.is_staff = user.is_superuser = True
    user.save()
    return user


def path_of(address: Address, site: dict[str, Any]) -> str:
    path = address.path
    for name, value in site.items():
        path = path.replace("{" + name + "}", str(value))
    assert "{" not in path, path
    return path


def sent_to_sign_in(answer: Any) -> bool:
    """Whether the answer asks to sign in first, and leads back afterwards."""
    where = answer.headers.get("Location", "")
    return answer.status_code == 302 and where.startswith(
        ("/accounts/login/?next=", "/admin/login/?next=")
    )


def test_every_address_has_a_declared_audience() -> None:
    there = Counter(routes(get_resolver().url_patterns))  # first: it registers tables of the admin
    declared = Counter(address.route for address in table())

    assert there - declared == Counter(), "say in the table above who may see these"
    assert declared - there == Counter(), "these are declared, but there is no such address"


def test_strangers_get_what_is_public_and_are_asked_to_sign_in_for_the_rest(
    site: dict[str, Any],
) -> None:
    stranger = browser_of(None)
    wrong = []
    for address in table():
        path = path_of(address, site)
        closed = address.audience in (MEMBER, STAFF)
        for method in [stranger.get, *([stranger.post] if closed else [])]:
            answer = method(path)
            if sent_to_sign_in(answer) != closed or answer.status_code >= 500:
                wrong.append((path, answer.status_code))
    assert wrong == []


def test_a_recipients_pages_open_without_an_account(site: dict[str, Any]) -> None:
    stranger = browser_of(None)
    for address in table():
        if address.audience is RECIPIENT:
            assert stranger.get(path_of(address, site)).status_code == 200


def test_a_member_gets_everything_but_the_staffs(site: dict[str, Any]) -> None:
    browser = browser_of(ana())
    wrong = []
    for address in table():
        path = path_of(address, site)
        answer = browser.get(path)
        if address.audience is STAFF:
            # Signing out there leads to its front page, which refuses.
            home = answer.headers.get("Location") == "/admin/"
            refused = sent_to_sign_in(answer) or home or answer.status_code == 403
        else:
            refused = sent_to_sign_in(answer) or answer.status_code in (403, 404)
        if refused != (address.audience is STAFF) or answer.status_code >= 500:
            wrong.append((path, answer.status_code, answer.headers.get("Location")))
    assert wrong == []


def test_staff_get_every_page_of_theirs(site: dict[str, Any]) -> None:
    browser = browser_of(root())
    wrong = []
    for address in table():
        if address.audience is STAFF:
            path = path_of(address, site)
            answer = browser.get(path)
            if sent_to_sign_in(answer) or answer.status_code >= 500:
                wrong.append((path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("who", ["a stranger", "the member", "another member", "the staff"])
def test_looking_changes_no_table(site: dict[str, Any], who: str) -> None:
    user = {
        "a stranger": lambda: None,
        "the member": ana,
        "another member": lambda: people.member("Tom Berg"),
        "the staff": root,
    }[who]()
    browser = browser_of(user)
    before = every_row()
    asked: list[str] = []
    written: list[tuple[str, str]] = []  # sessions, too, which are no tables of ours

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE", "DELETE")):
            written.append((asked[-1], sql))
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        for address in table():
            if address.route not in OAUTH_CALLBACKS:
                asked.append(path_of(address, site))
                for method in (browser.get, browser.head, browser.options):
                    method(asked[-1])
    assert every_row() == before, written


def test_a_provider_s_answer_that_nobody_asked_for_changes_nothing_either(
    site: dict[str, Any],
) -> None:
    browser = browser_of(ana())
    before = every_row()
    for address in table():
        if address.route in OAUTH_CALLBACKS:
            path = path_of(address, site)
            for method in (browser.get, browser.head, browser.options):
                assert method(path, {"code": "c", "state": "s"}).status_code < 500, path
    assert every_row() == before


def test_what_belongs_to_one_member_can_not_be_changed_by_another(site: dict[str, Any]) -> None:
    browser = browser_of(people.member("Tom Berg"))
    invitations = list(Invitation.objects.order_by("id").values())
    batches = list(Batch.objects.order_by("id").values())
    runs = list(Import.objects.order_by("id").values())
    for address in table():
        if address.audience is MEMBER and "<uuid:uid>" in address.route:
            path = path_of(address, site)
            assert browser.get(path).status_code in (302, 404, 405), path
            answer = browser.post(path, {"decision": "worked", "confirm": "yes"})
            assert answer.status_code in (302, 404, 405), path
    assert list(Invitation.objects.order_by("id").values()) == invitations
    assert list(Batch.objects.order_by("id").values()) == batches
    assert list(Import.objects.order_by("id").values()) == runs
