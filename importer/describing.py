"""What pages say of an import: whose book it is, what went wrong, and what became of our access."""

from __future__ import annotations

from typing import Any

from importer import oauth
from importer.models import Grant, Import
from importer.sources import files
from importer.sources.contract import PROBLEMS


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
    }


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
