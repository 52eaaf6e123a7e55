"""Addresses below /admin/audit/: first what needs a person, then any story."""

from django.urls import path

from invites.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("search/", views.search, name="search"),
    path("sender/<int:pk>/", views.sender, name="sender"),
    path("batch/<uuid:uid>/", views.batch, name="batch"),
    path("invitation/<uuid:uid>/", views.invitation, name="invitation"),
    path("invitation/<uuid:uid>/evidence/", views.evidence, name="evidence"),
]
