"""What every template may know about the site, and of whoever looks at it."""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest

from invites.models import Batch
from ledger import heartbeat


def site(request: HttpRequest) -> dict[str, str | Callable[[], bool | str]]:
    """The site's name, as recipients and members know it.

    `confirmed_before` is asked only where a page says that nothing was sent: that must stay true of
    somebody who has confirmed invitations and begins anew. `what_is_wrong` is asked on the staff's
    front page.
    """

    @cache
    def confirmed_before() -> bool:
        member = getattr(request, "user", None)
        return isinstance(member, User) and Batch.objects.filter(sender=member).exists()

    return {
        "site_name": settings.SITE_NAME,
        "confirmed_before": confirmed_before,
        "what_is_wrong": heartbeat.what_is_wrong,
    }
