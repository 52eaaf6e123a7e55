"""What every template may know about the site."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """The site's name, as recipients and members know it."""
    return {"site_name": settings.SITE_NAME}
