"""What tests may do to the sandbox, under /control/, only when started with --control.

    POST   /control/faults/    order a fault; faults.py has the table. Answers with the order.
    GET    /control/faults/    the faults still to come
    DELETE /control/faults/    no more faults
    GET    /control/requests/  ?since_id=: API requests: id, at, endpoint, account, page, token
                               (its SHA-256), status, fault
    GET    /control/tokens/    issued tokens as SHA-256, and whether access and refresh token live
    POST   /control/clients/   {"client_id", "redirect_uri"}: register one more redirect address
    POST   /control/reset/     no faults, no log, no tokens, no sign-ins, no mail

Bodies are JSON with that content type: a web page can't post such without asking first (CORS), so
no stranger's page in a developer's browser reaches these.
"""

import json
from typing import Any

from django.contrib.sessions.models import Session
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)

from sandbox import faults, journal, look_up, mail_store


class BadOrder(ValueError):
    """The request's body can't be used; the message says why."""


def _body(request: HttpRequest) -> dict[str, Any]:
    if request.content_type != "application/json":
        raise BadOrder("Send JSON, with the content type application/json.")
    try:
        body = json.loads(request.body)
    except ValueError as broken:
        raise BadOrder(f"The body is not JSON: {broken}") from broken
    if not isinstance(body, dict):
        raise BadOrder("The body must be a JSON object.")
    return body


def _refuse(reason: Exception, status: int = 400) -> JsonResponse:
    return JsonResponse({"error": str(reason)}, status=status)


@csrf_exempt
@require_http_methods(["GET", "POST", "DELETE"])
def faults_view(request: HttpRequest) -> JsonResponse:
    """Order, list or clear faults."""
    if request.method == "POST":
        try:
            faults.order(_body(request))
        except (BadOrder, faults.UnknownFault) as refused:
            return _refuse(refused)
    elif request.method == "DELETE":
        faults.clear()
    return JsonResponse({"faults": faults.orders()})


@require_GET
def requests_view(request: HttpRequest) -> JsonResponse:
    """The API requests that were seen, oldest first."""
    try:
        since_id = int(request.GET.get("since_id", "0"))
    except ValueError as broken:
        return _refuse(broken)
    return JsonResponse({"requests": journal.seen_requests(since_id)})


@require_GET
def tokens_view(request: HttpRequest) -> JsonResponse:
    """The tokens that were issued, and which of them still live."""
    return JsonResponse({"tokens": journal.issued_tokens()})


@csrf_exempt
@require_POST
def clients_view(request: HttpRequest) -> JsonResponse:
    """Register one more redirect address for a client."""
    try:
        body = _body(request)
        client_id, redirect_uri = str(body["client_id"]), str(body["redirect_uri"])
    except BadOrder as refused:
        return _refuse(refused)
    except KeyError as missing:
        return _refuse(BadOrder(f"{missing.args[0]} is missing."))
    client = get_application_model().objects.filter(client_id=client_id).first()
    if client is None:
        return _refuse(BadOrder(f"There is no client {client_id!r}."), status=404)
    known = client.redirect_uris.split()
    client.redirect_uris = " ".join(dict.fromkeys([*known, redirect_uri]))
    client.save(update_fields=["redirect_uris"])
    return JsonResponse({"client_id": client_id, "redirect_uris": client.redirect_uris.split()})


@csrf_exempt
@require_POST
def reset_view(request: HttpRequest) -> JsonResponse:
    """Back to a fresh start; accounts and clients stay."""
    faults.clear()
    journal.forget()
    look_up.forget()
    # Access tokens refer to refresh tokens and back: the reference goes first.
    get_refresh_token_model().objects.all().delete()
    get_access_token_model().objects.all().delete()
    get_id_token_model().objects.all().delete()
    get_grant_model().objects.all().delete()
    Session.objects.all().delete()
    return JsonResponse({"mails_deleted": mail_store.delete_all()})
