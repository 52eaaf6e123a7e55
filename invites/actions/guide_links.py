"""A link by mail, for who is on a phone and needs a computer: to the member's own address alone."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from importer import awaiting
from invites.actions import account_mails
from invites.actions.confirming import nudged
from ledger.entries import Event, append
from ledger.subjects import of_member


def mail_link(*, member: User, nudge: Callable[[], object]) -> None:
    """Mails the member a link to LinkedIn's guide, which opens after signing in.

    Raises MailedAlready when that was done within the hour.
    """
    with transaction.atomic():
        awaiting.take_turn_to_mail(member=member)
        account_mails.write(
            template="invites/email/linkedin_link",
            to=member.email,
            subject=f"LinkedIn’s file for {settings.SITE_NAME}, step by step",
            text=render_to_string(
                "invites/email/linkedin_link.txt",
                {
                    "link": settings.SITE_URL + reverse("importer:linkedin"),
                    "site_name": settings.SITE_NAME,
                },
            ),
        )
        append([Event("file.link_mailed", of_member(member.pk), of_member(member.pk))])
        transaction.on_commit(lambda: nudged(nudge))
