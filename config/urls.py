"""The site's addresses. tests/test_audiences.py says for each of them who may see it."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path

from config import front_page, member_admin
from invites import provider_events


def _elsewhere(request: HttpRequest, **_: object) -> HttpResponse:
    """Django's own pages for a login and a password know nothing of rate limits and fresh logins."""
    changing = request.path.endswith("/password_change/")
    return redirect("account_change_password" if changing else "admin:index")


# One login for everybody, with its rate limits.
admin.site.login = secure_admin_login(_elsewhere)  # type: ignore[method-assign]
admin.site.password_change = _elsewhere  # type: ignore[method-assign,assignment]
member_admin.register()

urlpatterns = [
    path("", front_page.home, name="home"),
    path("accounts/", include("allauth.urls")),
    path("contacts/", include("importer.urls")),
    path("invitations/", include("invites.urls")),
    path("i/", include("invites.recipients.urls")),
    path("", include("invites.recipients.open_urls")),
    path("admin/audit/", include("invites.desk.urls")),
    path("admin/", admin.site.urls),
]
if settings.MAIL_PROVIDER:
    urlpatterns.append(path("mail/events/", provider_events.webhook, name="mail_events"))
