"""The mailbox's pages, and its JSON for tests."""

import base64
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from sandbox import mail_store
from sandbox.mail_reading import printable, read_mail, signature
from sandbox.models import Mail

# A stranger's HTML: scripts, forms, plug-ins and foreign pictures stay dead; a click on a link
# opens it in place of the page around.
_FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation;"
    " default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
_BASE = '<base target="_top">'
# A page lists so many mailboxes or mails, the newest; the JSON has all.
_SHOWN = 200


@require_GET
def recipients_page(request: HttpRequest) -> HttpResponse:
    """GET /mailbox/: who has mail."""
    return render(
        request,
        "sandbox/mailbox.html",
        {"recipients": mail_store.recipients(_SHOWN), "shown": _SHOWN},
    )


@require_GET
def recipient_page(request: HttpRequest, address: str) -> HttpResponse:
    """GET /mailbox/<address>/: one person's mail, newest first."""
    newest = mail_store.mails_for(address).reverse()[:_SHOWN]
    mails = [(mail, read_mail(bytes(mail.raw))) for mail in newest]
    return render(request, "sandbox/recipient.html", {"address": address.lower(), "mails": mails})


def _find(address: str, number: int) -> Mail:
    return get_object_or_404(mail_store.mails_for(address), pk=number)


@require_GET
def mail_page(request: HttpRequest, address: str, number: int) -> HttpResponse:
    """GET /mailbox/<address>/<number>/: one mail, as HTML, text and source."""
    mail = _find(address, number)
    raw = bytes(mail.raw)
    context = {
        "address": address.lower(),
        "mail": mail,
        "read": read_mail(raw),
        "source": printable(raw.decode("utf-8", errors="replace")),
        "size": len(raw),
        "signature": signature(raw, record) if (record := settings.SANDBOX_DKIM_RECORD) else "",
    }
    return render(request, "sandbox/mail.html", context)


@require_GET
def mail_html(request: HttpRequest, address: str, number: int) -> HttpResponse:
    """The mail's HTML for the frame, with links that open in the whole window."""
    html = read_mail(bytes(_find(address, number).raw)).html
    # Before <head> would put browsers into quirks mode; a mail without one gets it at the top.
    before, head, after = html.partition("<head>")
    parts = (before, head, _BASE, after) if head else (_BASE, html)
    response = HttpResponse("".join(parts))
    response["Content-Security-Policy"] = _FRAME_POLICY
    return response


@require_GET
def mail_source(request: HttpRequest, address: str, number: int) -> HttpResponse:
    """The mail's bytes as an .eml file to save."""
    raw = bytes(_find(address, number).raw)
    response = HttpResponse(raw, content_type="message/rfc822")
    response["Content-Disposition"] = f'attachment; filename="mail-{number}.eml"'
    return response


def _mail_json(mail: Mail) -> dict[str, Any]:
    raw = bytes(mail.raw)
    read = read_mail(raw)
    return {
        "id": mail.pk,
        "to": [delivery.as_given for delivery in mail.deliveries.all()],
        "from": mail.envelope_from,
        "subject": read.subject,
        "received_at": mail.received_at.isoformat(),
        "links": list(read.links),
        "raw": base64.b64encode(raw).decode("ascii"),
    }


@csrf_exempt
@require_http_methods(["GET", "DELETE"])
def messages_json(request: HttpRequest) -> HttpResponse:
    """GET /mailbox/api/messages?to=…&since_id=…&limit=…: oldest first, raw bytes in base64.

    `to` and `from` are the envelope's. DELETE empties the mailbox, if started with --control."""
    if request.method == "DELETE":
        if not settings.SANDBOX_CONTROL:
            raise Http404("Started without --control.")
        return JsonResponse({"deleted": mail_store.delete_all()})
    try:
        since_id = int(request.GET.get("since_id", "0"))
        limit = int(request.GET.get("limit", str(settings.SANDBOX_KEPT_MAILS)))
    except ValueError:
        return JsonResponse({"error": "since_id and limit must be whole numbers."}, status=400)
    mails = mail_store.mails_for(request.GET.get("to", ""), since_id)[: max(0, limit)]
    return JsonResponse({"messages": [_mail_json(mail) for mail in mails]})
