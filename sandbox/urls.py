"""The sandbox's addresses."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from oauth2_provider import views as toolkit

from sandbox import (
    control,
    graph_api,
    hubspot_api,
    jmap_api,
    linkedin_api,
    mailbox,
    pages,
    people_api,
    sign_in,
)
from sandbox.consent import ConsentView
from sandbox.faults import may_fail

# The toolkit looks up its own views under its namespace. Only what a client needs is here: no
# pages to manage clients, no device or password grant, no introspection.
oauth = [
    path("oauth/authorize/", ConsentView.as_view(), name="authorize"),
    path("oauth/token/", may_fail("token", toolkit.TokenView.as_view()), name="token"),
    path(
        "oauth/revoke/",
        may_fail("revoke", toolkit.RevokeTokenView.as_view()),
        name="revoke-token",
    ),
    path("oauth/userinfo/", may_fail("userinfo", toolkit.UserInfoView.as_view()), name="user-info"),
    path("oauth/jwks.json", toolkit.JwksInfoView.as_view(), name="jwks-info"),
    path(
        ".well-known/openid-configuration",
        toolkit.ConnectDiscoveryInfoView.as_view(),
        name="oidc-connect-discovery-info",
    ),
    path(
        ".well-known/oauth-authorization-server",
        toolkit.OAuthServerMetadataView.as_view(),
        name="oauth-server-metadata",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.front, name="front"),
    path("sandbox.css", pages.stylesheet, name="stylesheet"),
    path("accounts/", sign_in.account, name="account"),
    path("accounts/login/", sign_in.sign_in, name="sign-in"),
    path("accounts/logout/", sign_in.sign_out, name="sign-out"),
    path("", include((oauth, "oauth2_provider"))),
    path("v1/people/me/connections", people_api.connections),
    path("v1/people:searchContacts", people_api.search_contacts),
    path("v1/otherContacts", people_api.other_contacts),
    path("graph/v1.0/me/contacts", graph_api.contacts),
    path("hubspot/crm/v3/objects/contacts", hubspot_api.contacts),
    path("hubspot/crm/v3/objects/contacts/search", hubspot_api.search),
    path(".well-known/jmap", jmap_api.well_known),
    path("jmap/session", jmap_api.session),
    path("jmap/api", jmap_api.api),
    path("linkedin/rest/memberSnapshotData", linkedin_api.snapshot),
    path("mailbox/", mailbox.recipients_page, name="mailbox"),
    path("mailbox/api/messages", mailbox.messages_json, name="messages-json"),
    # An address may hold a slash in its local part (RFC 5321), hence `path:`.
    path("mailbox/<path:address>/<int:number>/html", mailbox.mail_html, name="mail-html"),
    path("mailbox/<path:address>/<int:number>/mail.eml", mailbox.mail_source, name="mail-source"),
    path("mailbox/<path:address>/<int:number>/", mailbox.mail_page, name="mail"),
    path("mailbox/<path:address>/", mailbox.recipient_page, name="recipient"),
]

if settings.SANDBOX_CONTROL:
    urlpatterns += [
        path("control/faults/", control.faults_view),
        path("control/requests/", control.requests_view),
        path("control/tokens/", control.tokens_view),
        path("control/clients/", control.clients_view),
        path("control/reset/", control.reset_view),
    ]
