"""Addresses below /admin/audit/: first what needs a person, then any story."""

from django.urls import path

from invites.desk import acting, case_pages, exports, figure_views, views

app_name = "desk"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("search/", views.search, name="search"),
    path("invitations/", views.invitations, name="invitations"),
    path("export/invitations/", exports.invitations, name="export_invitations"),
    path("export/steps/<uuid:uid>/", exports.story, name="export_steps"),
    path("figures/", figure_views.show, name="figures"),
    path("members/", figure_views.members, name="members"),
    path("sender/<int:pk>/", views.sender, name="sender"),
    path("batch/<uuid:uid>/", views.batch, name="batch"),
    path("invitation/<uuid:uid>/", views.invitation, name="invitation"),
    path("invitation/<uuid:uid>/evidence/", views.evidence, name="evidence"),
    path("hold/sender/<int:pk>/", acting.hold_sender, name="hold_sender"),
    path("hold/batch/<uuid:uid>/", acting.hold_batch, name="hold_batch"),
    path("hold/source/<slug:name>/", acting.hold_source, name="hold_source"),
    path("hold/site/", acting.hold_site, name="hold_site"),
    path("lift/<int:pk>/", acting.lift, name="lift"),
    path("suppress/", acting.suppress, name="suppress"),
    path("case/<int:pk>/", case_pages.case, name="case"),
    path("answer/<int:pk>/", case_pages.answer, name="answer"),
    path("propose/<int:pk>/", case_pages.propose, name="propose"),
    path("reopening/<int:pk>/", case_pages.reopen, name="reopening"),
]
