"""The link to LinkedIn's guide, by mail. The guide itself is importer's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from importer.awaiting import MAIL_AGAIN_MINUTES, MailedAlready
from invites import tasks
from invites.actions import guide_links
from invites.views.members import MemberRequest


@require_POST
def mail_link(request: MemberRequest) -> HttpResponse:
    """Mails the link to the member's own address."""
    try:
        guide_links.mail_link(member=request.user, nudge=tasks.send_account_mails.delay)
    except MailedAlready:
        messages.warning(
            request,
            f"We mailed you the link within the last {MAIL_AGAIN_MINUTES} minutes. Look there first.",
        )
    else:
        messages.success(request, f"The link is on its way to {request.user.email}.")
    return redirect("importer:linkedin")
