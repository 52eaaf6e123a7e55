"""The site's addresses. tests/test_audiences.py says for each of them who may see it."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import front_page, member_admin
from invites import provider_events

# One login for everybody, with its rate limits.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
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
