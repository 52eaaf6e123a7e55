"""Addresses below /i/: the pages of people without an account. The token is their authority."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from invites import tokens
from invites.recipients import link_views, views
from invites.recipients.models import AnswerKind


class SecretConverter(StringConverter):
    """A token as `tokens.token` writes it; anything else is no address of this site."""

    regex = rf"[A-Za-z0-9_-]{{{tokens.LENGTH}}}"


register_converter(SecretConverter, "secret")

app_name = "recipients"
urlpatterns = [
    path("<secret:token>/", views.invitation, name="invitation"),
    path("<secret:token>/stop/", views.stop, name="stop"),
    path("<secret:token>/stop-sender/", views.stop_sender, name="stop_sender"),
    path("<secret:token>/accept/", views.accept, name="accept"),
    path("<secret:token>/decline/", views.answer, {"kind": AnswerKind.DECLINED}, name="decline"),
    path("<secret:token>/not-how/", views.answer, {"kind": AnswerKind.NOT_HOW}, name="not_how"),
    path(
        "<secret:token>/dont-know/", views.answer, {"kind": AnswerKind.DONT_KNOW}, name="dont_know"
    ),
    path("<secret:token>/report/", views.report, name="report"),
    path("<secret:token>/erase/", views.erase, name="erase"),
    path("<secret:token>/by-hand/accept/", link_views.accept, name="accept_by_hand"),
    path("<secret:token>/by-hand/erase/", link_views.erase, name="erase_by_hand"),
]
