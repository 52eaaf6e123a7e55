"""What pages say of an import: whose book it is, what went wrong, and what became of our access."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q

from importer import oauth
from importer.models import Contact, Grant, Import
from importer.sources import files
from importer.sources.contract import PROBLEMS
from ledger import clock

ROWS_ON_A_PAGE = 50


def facts(run: Import) -> dict[str, Any]:
    """For the progress, for the report, and for a look-up."""
    kind = oauth.kind_of(run.source)
    name = provider(run.source, run.source_label)
    return {
        "run": run,
        "provider": name,
        "problem": PROBLEMS[run.error].format(provider=name) if run.error else "",
        "grant": Grant.objects.filter(import_run=run).defer("ciphertext").first(),
        "apps_url": kind.apps_url if kind else "",
        "minutes_left": kind.minutes_left if kind else 0,
        "by_member": by_member(run.source),
        "is_file": files.is_file(run.source),
        "time_left": time_left(run),
    }


def report(run: Import, *, rows: str, page: str | None) -> dict[str, Any]:
    """Row by row what became of an import: left out, merged, kept. Counted in the tables, now.

    `rows` says which of these to show; without it the first that there are.
    """
    left_out = run.left_out_rows.order_by("number", "id")
    lists = {
        "left-out": left_out,
        "merged": run.merged_entries.select_related("contact").order_by("number", "id"),
        "kept": run.contacts.order_by("sort_name", "id"),
    }
    counts = {name: found.count() for name, found in lists.items()}
    first = next((name for name, count in counts.items() if count), "left-out")
    shown = rows if rows in lists else first
    theirs = Q(import_run=run) | Q(pk__in=run.merged_entries.values("contact"))
    return {
        "shown": shown,
        "lists": [
            ("left-out", "Left out", counts["left-out"]),
            ("merged", "Merged", counts["merged"]),
            ("kept", "Kept", counts["kept"]),
        ],
        "any_rows": any(counts.values()),
        "rows": Paginator(lists[shown], ROWS_ON_A_PAGE).get_page(page),
        "addresses_left_out": left_out.filter(contact__isnull=False).count(),
        "with_address": Contact.objects.filter(theirs).exclude(best_address="").count(),
    }


def time_left(run: Import) -> str:
    """About how long reading still takes at the speed of this turn; "" where nobody can tell."""
    to_come = (run.estimated_total or 0) - run.read
    in_this_turn = run.read - run.turn_read
    if run.turn_at is None or run.not_before is not None or to_come <= 0 or in_this_turn <= 0:
        return ""
    elapsed = (clock.now() - run.turn_at).total_seconds()
    return about(to_come * elapsed / in_this_turn)


def about(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds"
    minutes = max(1, round(seconds / 60))
    if minutes < 90:
        return "about a minute" if minutes == 1 else f"about {minutes} minutes"
    return f"about {round(minutes / 60)} hours"


def provider(source: str, otherwise: str) -> str:
    """What the provider is called on this site; `otherwise` when the site no longer offers it."""
    known = oauth.configured().get(source)
    if known and known.by_member:
        return "The server"  # that only its member can name
    return known.label if known else otherwise


def by_member(source: str) -> bool:
    """Whether the member named the server, and typed a password for it."""
    known = oauth.configured().get(source)
    return known is not None and known.by_member
