"""Every page of the staff with every filter and search: for the test that reads their queries, and for
bin/bench audit, which times them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from invites.consent import State
from invites.desk.figures import LABELS
from invites.desk.listing import EVENTS, REASONS, WAITED
from invites.figure_models import RANGES, STEPS
from tests.test_audiences import STAFF, path_of, table

DESK = "/admin/audit/"


@dataclass(frozen=True, slots=True)
class Visit:
    """One page, and how it is asked for. A search is posted."""

    path: str
    name: str = ""  # the same in two databases, whose rows have other keys
    posted: Mapping[str, str] | None = field(default=None, hash=False)

    def made_by(self, browser: Client) -> Any:
        """The answer, wherever it leads."""
        if self.posted is not None:
            return browser.post(self.path, self.posted, follow=True)
        return browser.get(self.path, follow=True)


def pages(site: dict[str, Any]) -> Iterator[Visit]:
    """Each address that test_audiences.py declares as the staff's, with what is in `site`."""
    for address in table():
        if address.audience is STAFF and "logout" not in address.route:
            yield Visit(path_of(address, site), address.route)


def searches(site: dict[str, Any]) -> Iterator[Visit]:
    """By everything that people have in hand. Needs `address of a sender` and `… of a recipient`."""
    for name in ("address of a sender", "address of a recipient", "message id", "arrived",
                 "fingerprint"):  # fmt: skip
        yield Visit(f"{DESK}search/", f"search by {name}", {"term": str(site[name])})
    for term in ("nobody@nowhere.example", "ff00ff00", "Bea"):
        yield Visit(f"{DESK}search/", f"search by {term}", {"term": term})


def lists(site: dict[str, Any]) -> Iterator[Visit]:
    """The list behind every number: each filter alone, and what is likely to be asked together."""
    day, long_ago = f"since={site['day']}&until={site['day']}", "until=2001-01-01"
    one = f"sender={site['user']}"
    wording = f"wording={site['wording']}"
    questions = [
        "", day, long_ago, one, wording, "since=2999-01-01", "source=google", "source=typed",
        *(f"state={state}" for state in State),
        *(f"event={event}" for event in EVENTS),
        *(f"reason={reason}" for reason in REASONS),
        *(f"waited={waited}" for waited in WAITED), f"waited=0&{one}", f"waited=60&{day}",
        *(f"event=sent&{more}" for more in (day, long_ago, one, wording, "source=typed")),
        f"event=complained&{one}", f"event=complained&{wording}&{day}", f"state=unknown&{one}",
        f"event=sent&{day}&source=typed&state=failed", f"{day}&source=google&state=sent",
        f"before={site['row of invites.invitation']}", f"after={site['row of invites.invitation']}",
        f"event=sent&before={site['row of ledger.entry']}",
        f"event=sent&source=typed&after={site['row of ledger.entry']}",
    ]  # fmt: skip
    for question in questions:
        name = question
        for key in ("user", "wording", "day", "row of invites.invitation", "row of ledger.entry"):
            name = name.replace(f"={site[key]}", f"=({key})")
        yield Visit(f"{DESK}invitations/?{question}", f"list ?{name}")
    imports = reverse("admin:importer_import_changelist")
    ended = f"finished_at__gte={site['day']}+00:00:00Z&finished_at__lt={site['day']}+23:59:59Z"
    yield Visit(f"{imports}?{ended}", "imports of a day")
    yield Visit(f"{imports}?member={site['user']}", "imports of a member")
    entries = reverse("admin:ledger_entry_changelist")
    written = f"at__gte={site['day']}+00:00:00Z&at__lt={site['day']}+23:59:59Z"
    for action in ("contact.typed", "draft.forgotten", "batch.disowned"):
        yield Visit(f"{entries}?action={action}&{written}", f"entries of {action} on a day")
        yield Visit(f"{entries}?action={action}", f"entries of {action}")
    for step in STEPS:
        went_on = [f"&went_on=on&{day}"] if step != STEPS[-1] else []
        for more in ("", f"&{day}", f"&{long_ago}", "&before=1000000", *went_on):
            name = f"members ?step={step}{more}".replace(f"={site['day']}", "=(day)")
            yield Visit(f"{DESK}members/?step={step}{more}", name)
    links = reverse("admin:invites_personallink_changelist")
    yield Visit(f"{links}?sender={site['user']}", "personal links of a member")
    for page, key in (("sender", "user"), ("batch", "batch")):
        for place in ("before", "after"):
            yield Visit(f"{DESK}{page}/{site[key]}/?{place}=1000000", f"{page} ?{place}=…")


def figures(site: dict[str, Any]) -> Iterator[Visit]:
    """The page of figures: each length, each order, each filter."""
    filters = ("source=google", f"sender={site['user']}", f"wording={site['wording']}")
    questions = [
        *(f"days={days}" for days in RANGES),
        *(f"days={RANGES[-1]}&by={event}" for event in LABELS),
        *(f"days={days}&{one}" for days in RANGES for one in filters),
    ]
    for question in questions:
        name = question.replace(f"={site['user']}", "=(user)")
        name = name.replace(f"={site['wording']}", "=(wording)")
        yield Visit(f"{DESK}figures/?{question}", f"figures ?{name}")


def tables(site: dict[str, Any], browser: Client) -> Iterator[Visit]:
    """The admin's lists: each filter that a list offers, its search, its pages, its sorting."""
    reverse("admin:index")  # reading the addresses registers some of them
    for model, found in admin.site._registry.items():
        label = model._meta.label_lower
        path = reverse(f"admin:{label.replace('.', '_')}_changelist")
        key = site[f"row of {label}"]
        questions = [f"before={key}", f"after={key}", "o=2", "all=", "p=2"]
        if found.get_search_fields(None):  # type: ignore[arg-type]
            questions += [f"q={site['arrived']}", f"q={site['fingerprint']}", "q=nobody"]
        questions += _offered(browser.get(path).content.decode())
        for question in questions:
            name = question.replace(f"={key}", "=…").replace(str(site["arrived"]), "(id)")
            name = name.replace(str(site["fingerprint"]), "(fingerprint)")
            yield Visit(f"{path}?{question}", f"{label} ?{name}")


class _Filters(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.inside |= known.get("id") == "changelist-filter"
        link = known.get("href") or ""
        if self.inside and tag == "a" and len(link) > 1 and link.startswith("?"):
            self.links.append(unescape(link[1:]))

    def handle_endtag(self, tag: str) -> None:
        self.inside &= tag != "nav"


def _offered(html: str) -> list[str]:
    """What the filters beside a list lead to."""
    parser = _Filters()
    parser.feed(html)
    return parser.links
