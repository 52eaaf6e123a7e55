"""Addresses below /invitations/, in the order of the journey."""

from django.urls import path

from invites.views import (
    check,
    choose,
    data,
    forget,
    guide,
    links,
    look_up,
    overview,
    requests,
    review,
    sent,
    write,
)

app_name = "invites"
urlpatterns = [
    path("", overview.everything, name="all"),
    path("look-up/<uuid:uid>/", look_up.look_up, name="look_up"),
    path("look-up/<uuid:uid>/done/", look_up.done, name="look_up_done"),
    path("linkedin-link/", guide.mail_link, name="linkedin_link"),
    path("choose/", choose.choose, name="choose"),
    path("write/", write.write, name="write"),
    path("review/", review.next_one, name="review"),
    path("review/<uuid:uid>/", review.card, name="card"),
    path("check/", check.check, name="check"),
    path("check/<uuid:uid>/remove/", check.remove, name="remove"),
    path("sent/<uuid:uid>/", sent.sent, name="sent"),
    path("sent/<uuid:uid>/receipt/", sent.receipt, name="receipt"),
    path("sent/<uuid:uid>/take-back/", sent.take_back, name="take_back"),
    path("sent/<uuid:uid>/not-me/", sent.not_me, name="not_me"),
    path("withdraw/<uuid:uid>/", sent.withdraw, name="withdraw"),
    path("links/new/<int:contact>/", links.make, name="make_link"),
    path("links/<uuid:uid>/", links.show, name="link"),
    path("links/<uuid:uid>/withdraw/", links.withdraw, name="withdraw_link"),
    path("requests/", requests.requests, name="requests"),
    path("data/", data.data, name="data"),
    path("forget/", forget.forget, name="forget"),
    path("forgotten/", forget.forgotten, name="forgotten"),
]
