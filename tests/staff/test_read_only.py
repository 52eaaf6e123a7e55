"""Staff look and change nothing, whatever they may do elsewhere; nobody else gets in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from invites.actions import cases, responding
from invites.models import Hold, Invitation, Suppression
from invites.recipients.models import Incident, MonthlyFigures
from invites.steps import WORDS
from invites.tokens import token
from ledger import clock
from tests import people
from tests.page_rules import every_row

pytestmark = pytest.mark.django_db

OURS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in
     {"invites", "importer", "ledger"}),
    key=lambda model: model._meta.label,
)  # fmt: skip
# What staff write themselves; tests/recipients/test_about.py and test_suppressions.py have more on it.
WRITTEN_BY_STAFF = [Incident, Suppression]


def page(model: type[Model], name: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_{name}", args=arguments)


@pytest.fixture
def superuser(db: None) -> Client:
    root = people.member("Root Person", "root@staff.example")
    root.is_staff = root.is_superuser = True
    root.save()
    browser = Client()
    browser.force_login(root, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def _one_of_each(invitation: Invitation) -> None:
    people.handed_over(invitation.sender, "Gus Dahl")
    responding.stop_everyone(token=token(invitation.uid))
    cases.report(token=token(invitation.uid), words="")
    Incident.objects.create(day="2026-11-20", title="A test of the log", words="Nothing was hurt.")
    MonthlyFigures.objects.create(
        month="2026-10-01", sent=9, accepted=5, stopped=1, complained=0, held=0
    )
    Hold.objects.create(scope="site", reason="A test of the brakes.", placed_at=clock.now())


def test_these_tables_are_shown() -> None:
    assert [model._meta.label for model in OURS] == [
        "importer.Import",
        "invites.Batch",
        "invites.Case",
        "invites.ConsentRecord",
        "invites.Hold",
        "invites.Incident",
        "invites.Invitation",
        "invites.MonthlyFigures",
        "invites.PersonalLink",
        "invites.Reservation",
        "invites.Suppression",
        "ledger.Entry",
    ]


@pytest.mark.usefixtures("_one_of_each")
@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_who_may_look_sees_the_list_and_each_row(staff: Client, model: type[Model]) -> None:
    before = every_row()

    answer = staff.get(page(model, "changelist"), follow=True)
    assert answer.status_code == 200
    assert 'name="action"' not in answer.content.decode()
    for row in model._default_manager.all():
        shown = staff.get(page(model, "change", row.pk))
        assert shown.status_code == 200
        assert not re.search(r'type="submit"[^>]*name="_', shown.content.decode())
        assert staff.get(page(model, "history", row.pk)).status_code == 200

    assert every_row() == before


@pytest.mark.usefixtures("_one_of_each")
@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_not_even_a_superuser_adds_changes_or_deletes(
    superuser: Client, model: type[Model]
) -> None:
    keys = list(model._default_manager.values_list("pk", flat=True))
    before = every_row()

    if model not in (Incident, Suppression):
        assert superuser.get(page(model, "add")).status_code == 403
        assert superuser.post(page(model, "add"), {}).status_code == 403
    for key in keys:
        if model not in WRITTEN_BY_STAFF:
            changed = superuser.post(page(model, "change", key), {"state": "sent", "reason": "x"})
            assert changed.status_code == 403
        assert superuser.post(page(model, "delete", key), {"post": "yes"}).status_code == 403
    superuser.post(
        page(model, "changelist"),
        {"action": "delete_selected", "_selected_action": keys, "post": "yes"},
    )

    assert every_row() == before


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_a_member_is_asked_to_sign_in_as_staff(model: type[Model]) -> None:
    browser = Client()
    browser.force_login(people.member(), backend="django.contrib.auth.backends.ModelBackend")

    answer = browser.get(page(model, "changelist"))

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/?next=")


def test_staff_without_permission_see_nothing_of_it(db: None) -> None:
    sam = people.member("Sam Okoro")
    sam.is_staff = True
    sam.save()
    browser = Client()
    browser.force_login(sam, backend="django.contrib.auth.backends.ModelBackend")

    for model in OURS:
        assert browser.get(page(model, "changelist")).status_code == 403


@pytest.mark.usefixtures("_one_of_each")
def test_the_pages_keep_to_the_sites_content_security_policy(staff: Client) -> None:
    for model in OURS:
        row = model._default_manager.first()
        paths = [page(model, "changelist")] + ([page(model, "change", row.pk)] if row else [])
        for path in paths:
            answer = staff.get(path, follow=True)
            assert "unsafe-inline" not in answer["Content-Security-Policy"]
            html = answer.content.decode()
            assert " style=" not in html
            assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", html)


def test_every_step_that_the_code_records_has_words() -> None:
    code = "\n".join(
        path.read_text() for path in Path("invites").rglob("*.py") if path.name != "steps.py"
    )
    recorded = set(re.findall(r'"((?:invitation|batch)\.[a-z_]+)"', code))
    recorded |= {"invitation.postponed", "invitation.sent", "invitation.failed"}  # by the outbox

    assert recorded <= set(WORDS)
