"""Pages for everybody who gets invitations or wants none: no account, no cookie."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from invites.recipients import open_views as views


class SealedConverter(StringConverter):
    """What `stopping.ask` puts into its mail; anything else is no address of this site."""

    regex = r"[A-Za-z0-9_-]{80,800}={0,2}"


register_converter(SealedConverter, "sealed")

app_name = "open"
urlpatterns = [
    path("about-invitations/", views.about, name="about"),
    path("stop/", views.stop, name="stop"),
    path("stop/domain/", views.stop_domain, name="stop_domain"),
    path("stop/<sealed:secret>/", views.stop_address, name="stop_address"),
]
