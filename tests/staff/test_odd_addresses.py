"""Whatever an address of the staff's pages asks for, the answer is a page, and nothing breaks."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from invites.models import Invitation
from invites.recipients.models import Case
from ledger import clock
from tests import people
from tests.staff.desk import DESK, at_the_desk

pytestmark = pytest.mark.django_db

NAMES = {
    "invitations": ["before", "after", "since", "until", "state", "event", "reason", "waited", "source",
                    "sender", "wording"],
    "members": ["step", "since", "until", "went_on", "before", "after"],
    "export/invitations": ["since", "until", "source", "sender", "wording"],
    "figures": ["days", "by", "source", "sender", "wording"],
}  # fmt: skip
ODD = [
    "\0",
    "²",
    "9" * 40,
    "-1",
    "9999-12-31",
    "0001-01-01",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "-99999999999999999999",
    "+9_999_999_999_999_999_999_999",
    "'\"--;",
    "\N{RIGHT-TO-LEFT OVERRIDE}[]",
]


@pytest.fixture
def lead(db: None) -> Client:
    return at_the_desk("lead")


def test_no_value_of_any_filter_breaks_a_page(lead: Client) -> None:
    for page, names in NAMES.items():
        for name in names:
            for value in ODD:
                answer = lead.get(f"{DESK}{page}/?{urlencode({name: value})}")
                assert answer.status_code in (200, 302), (page, name, value)


@pytest.mark.parametrize("path", ["/admin/ledger/entry/", "/admin/importer/import/"])
def test_no_value_of_what_leads_to_a_list_of_the_admin_breaks_it(lead: Client, path: str) -> None:
    people.chosen(people.member("Ana Diaz"))
    names = ["action", "source", "at__gte", "at__lt", "finished_at__gte", "finished_at__lt", "member", "q",
             "before"]  # fmt: skip
    for name in names:
        for value in ODD:
            answer = lead.get(f"{path}?{urlencode({name: value})}")
            assert answer.status_code in (200, 302, 400), (name, value)


def test_the_admins_lists_compare_in_no_other_way_than_their_filters_do(
    lead: Client, invitation: Invitation
) -> None:
    Case.objects.create(invitation=invitation, opened_at=clock.now())
    cases = "/admin/invites/case/"
    for question in ("outcome__range=true", "outcome__regex=%5C1(", "read_at__year__in=x",
                     "invitation__sender__password__startswith=p"):  # fmt: skip
        assert lead.get(f"{cases}?{question}").status_code in (302, 400), question
    for question in ("outcome__exact=answered", "read_at__isempty=1"):
        assert lead.get(f"{cases}?{question}").status_code == 200
    assert lead.get(f"/admin/importer/import/?member={2**63}").status_code == 400
    row = f"{cases}{Case.objects.get().pk}"
    assert lead.get(f"{row}/change/?_to_field=").status_code == 200
    assert lead.get(f"{row}/delete/?_to_field=").status_code == 403
