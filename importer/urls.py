"""Addresses below /contacts/. The callback is the one GET that writes."""

from django.urls import path

from importer import file_views, server_views, views

app_name = "importer"
urlpatterns = [
    path("", views.connect, name="connect"),
    path("connect/<slug:source>/", views.start, name="start"),
    path("server/<slug:source>/", server_views.server, name="server"),
    path("callback/", views.callback, name="callback"),
    path("type/", views.type_person, name="type"),
    path("linkedin/", file_views.linkedin, name="linkedin"),
    path("file/", file_views.upload, name="upload"),
    path("file/<uuid:uid>/", file_views.choose_columns, name="columns"),
    path("imports/<uuid:uid>/", views.show_import, name="import"),
    path("imports/<uuid:uid>/stop/", views.stop, name="stop"),
    path("imports/<uuid:uid>/retry/", views.retry, name="retry"),
    path("imports/<uuid:uid>/left-out/<int:row>/", file_views.mend, name="mend"),
]
