"""Addresses below /contacts/. The callback is the one GET that writes."""

from django.urls import path

from importer import views

app_name = "importer"
urlpatterns = [
    path("", views.connect, name="connect"),
    path("connect/<slug:source>/", views.start, name="start"),
    path("callback/", views.callback, name="callback"),
    path("type/", views.type_person, name="type"),
    path("imports/<uuid:uid>/", views.show_import, name="import"),
    path("imports/<uuid:uid>/stop/", views.stop, name="stop"),
    path("imports/<uuid:uid>/retry/", views.retry, name="retry"),
]
