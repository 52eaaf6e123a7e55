"""Reads the DNS of the site's own mail domains and says in words what to set."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from invites.deliverability import Lookups, Site, Verdict, check


class Command(BaseCommand):
    """`manage.py check_deliverability`: exit code 0 when nothing is wrong, else 1."""

    help = (
        "Reads SPF, DKIM, DMARC and MX of the configured domains and says what to set. Exit code 1 "
        "when something is wrong, 0 when all is good or could only be better."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--nameserver, for a record that the world does not see yet."""
        parser.add_argument(
            "--nameserver",
            metavar="ADDRESS[:PORT]",
            help="ask this name server instead of the machine's own, as in 192.0.2.53",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one finding per record."""
        findings = check(Lookups(_server(options["nameserver"])), configured())
        for finding in findings:
            self.stdout.write(f"{finding.verdict:8}{finding.about}: {finding.says}")
        bad = sum(finding.verdict is Verdict.WRONG for finding in findings)
        self.stdout.write(f"{bad} of {len(findings)} are wrong." if bad else "Nothing is wrong.")
        if bad:
            sys.exit(1)


def configured() -> Site:
    """The site as the settings have it."""
    sender = settings.INVITATIONS_ADDRESS.rpartition("@")[2].lower().encode("idna").decode()
    return Site(
        from_domain=sender,
        envelope_domain=settings.RETURN_PATH_DOMAIN or sender,
        dkim_domain=settings.DKIM_DOMAIN,
        keys=tuple(settings.DKIM_KEYS),
        provider=settings.MAIL_PROVIDER,
    )


def _server(given: str | None) -> tuple[str, int] | None:
    if given is None:
        return None
    address, _, port = given.partition(":")
    if not address or not (port or "53").isdecimal():
        raise CommandError("--nameserver is an address, or address:port, as in 192.0.2.53:5353.")
    return address, int(port or 53)
