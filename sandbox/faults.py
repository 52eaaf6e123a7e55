"""Trouble that tests can order, and how each kind looks on the wire. Only with --control.

    kind              what happens                                   works at
    rate_limit        429 and Retry-After (`retry_after` seconds)    every HTTP endpoint
    server_error      500 and an error in the provider's JSON        every HTTP endpoint
    bad_request       400, as for a page token that has gone stale   every HTTP endpoint
    html              200 and a web page where JSON was expected     every HTTP endpoint
    truncated         200 and JSON that stops in the middle          every HTTP endpoint
    slow              the answer comes after `seconds`               every HTTP endpoint
    drip              one byte each `seconds`                        every HTTP endpoint
    token_dies        the whole grant is revoked, then 401           address books
    scope_goes        403: the scope was taken away                  address books
    wrong_shape       JSON whose lists are something else            address books
    huge_names        the page's first name is 10 MB long            address books
    repeat_page       the next page is the same page again           address books, not searches
    wrong_total       claims ten times as many people as there are   connections, other
    preparing         404: the data are not there yet                linkedin
    smtp_reply        the server answers with `reply` ("451 later")  smtp.rcpt, smtp.data
    smtp_silence      takes the mail, keeps it, and hangs up         smtp.data
                      without a word

`endpoint` is one of the address books (connections, other, search, graph, hubspot, hubspot.search,
linkedin, jmap), or token, revoke, userinfo, smtp.rcpt, smtp.data.
`account` is the account's address (for smtp: the recipient's); empty means any. `page` counts from
1; null means any. `times` is how often it happens; 0 means until cleared.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, get_type_hints

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)

from sandbox import journal
from sandbox.tokens import find_bearer, fingerprint_of, shown_token

HTTP_KINDS = frozenset(
    {"rate_limit", "server_error", "bad_request", "html", "truncated", "slow", "drip"}
)
PEOPLE_KINDS = HTTP_KINDS | {"token_dies", "scope_goes", "wrong_shape", "huge_names"}
PAGED_KINDS = PEOPLE_KINDS | {"repeat_page"}
KINDS_BY_ENDPOINT = {
    "connections": PAGED_KINDS | {"wrong_total"},
    "other": PAGED_KINDS | {"wrong_total"},
    "search": PEOPLE_KINDS,
    "graph": PAGED_KINDS,
    "hubspot": PAGED_KINDS,
    "hubspot.search": PEOPLE_KINDS,
    "linkedin": PAGED_KINDS | {"preparing"},
    "jmap": PAGED_KINDS,
    "token": HTTP_KINDS,
    "revoke": HTTP_KINDS,
    "userinfo": HTTP_KINDS,
    "smtp.rcpt": frozenset({"smtp_reply"}),
    "smtp.data": frozenset({"smtp_reply", "smtp_silence"}),
}


class UnknownFault(ValueError):
    """The ordered fault does not exist; the message says what is wrong with the order."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One order; the table above explains the fields."""

    endpoint: str
    kind: str
    account: str = ""
    page: int | None = None
    times: int = 1
    retry_after: int = 1
    seconds: float = 1.0
    reply: str = "451 4.3.0 Ordered by a test, try later"


_lock = threading.Lock()
_orders: list[Fault] = []


def order(values: dict[str, Any]) -> Fault:
    """Add a fault from its JSON form.

    Raises UnknownFault when a field, kind or endpoint is not in the table."""
    hints = get_type_hints(Fault)
    for name, value in values.items():
        if name not in hints:
            raise UnknownFault(f"There is no field {name!r}; there are {', '.join(hints)}.")
        wanted = float | int if hints[name] is float else hints[name]
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise UnknownFault(f"{name} can't be {value!r}.")
    if not {"endpoint", "kind"} <= values.keys():
        raise UnknownFault("A fault needs an endpoint and a kind.")
    fault = Fault(**values)
    if fault.endpoint not in KINDS_BY_ENDPOINT:
        raise UnknownFault(
            f"There is no endpoint {fault.endpoint!r}; there are {', '.join(KINDS_BY_ENDPOINT)}."
        )
    if fault.kind not in KINDS_BY_ENDPOINT[fault.endpoint]:
        kinds = ", ".join(sorted(KINDS_BY_ENDPOINT[fault.endpoint]))
        raise UnknownFault(f"{fault.endpoint} knows {kinds}, but not {fault.kind!r}.")
    with _lock:
        _orders.append(fault)
    return fault


def orders() -> list[dict[str, Any]]:
    """The faults that are still to come, in JSON form."""
    with _lock:
        return [asdict(fault) for fault in _orders]


def clear() -> None:
    """Forget all orders."""
    with _lock:
        _orders.clear()


def take(endpoint: str, account: str = "", page: int | None = None) -> Fault | None:
    """The first ordered fault that fits, used up by one; None when all shall go well."""
    with _lock:
        for position, fault in enumerate(_orders):
            if (
                fault.endpoint == endpoint
                and fault.account in ("", account)
                and fault.page in (None, page)
            ):
                if fault.times == 1:
                    del _orders[position]
                elif fault.times > 1:
                    _orders[position] = replace(fault, times=fault.times - 1)
                return fault
    return None


# https://cloud.google.com/apis/design/errors: the name of each code, and the reason where one is given.
_GOOGLE = {
    400: ("INVALID_ARGUMENT", ""),
    401: ("UNAUTHENTICATED", ""),
    403: ("PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
    429: ("RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED"),
    500: ("INTERNAL", ""),
}
_WORDS = {
    "rate_limit": (429, "Quota exceeded."),
    "server_error": (500, "Internal error encountered."),
    "bad_request": (400, "Request contains an invalid argument."),
}


def error_json(code: int, message: str) -> JsonResponse:
    """An error as Google's APIs write one: https://cloud.google.com/apis/design/errors"""
    status, reason = _GOOGLE[code]
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if reason:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": reason, "domain": "googleapis.com"}]
    return JsonResponse({"error": error}, status=code)


def play(
    fault: Fault,
    answer: Callable[[], HttpResponseBase],
    error: Callable[[int, str], HttpResponse] = error_json,
) -> HttpResponseBase:
    """The response under one of the HTTP_KINDS; `answer` makes the honest one if it is needed, and
    `error` a refusal as the provider writes it."""
    if fault.kind in _WORDS:
        refusal = error(*_WORDS[fault.kind])
        if fault.kind == "rate_limit":
            refusal["Retry-After"] = str(fault.retry_after)
        return refusal
    if fault.kind == "html":
        return HttpResponse("<!doctype html><title>Be right back</title><h1>Be right back</h1>")
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return answer()
    honest = answer()
    if not isinstance(honest, HttpResponse):
        return honest
    whole = honest.content
    if fault.kind == "truncated":
        honest.content = whole[: max(1, len(whole) // 2)]
        return honest
    drops = StreamingHttpResponse(_drops(whole, fault.seconds), content_type="application/json")
    drops["Content-Length"] = str(len(whole))
    return drops


def _drops(whole: bytes, seconds: float) -> Iterator[bytes]:
    for place in range(len(whole)):
        time.sleep(seconds)
        yield whole[place : place + 1]


def may_fail(
    endpoint: str, view: Callable[..., HttpResponseBase]
) -> Callable[..., HttpResponseBase]:
    """The toolkit's view under the faults ordered for this endpoint, with a journal entry."""

    def respond(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        token = request.POST.get("token", "") or shown_token(request)
        bearer = find_bearer(token) if token else None
        account = bearer.email if bearer else ""
        fault = take(endpoint, account)
        response = (
            play(fault, lambda: view(request, **kwargs)) if fault else view(request, **kwargs)
        )
        journal.note_request(
            endpoint=endpoint,
            account=account,
            page=None,
            token=fingerprint_of(token) if token else "",
            status=response.status_code,
            fault=fault.kind if fault else "",
        )
        return response

    # The toolkit's token, revocation and userinfo views are exempt from CSRF checks: they are
    # called by servers, with credentials of their own.
    respond.csrf_exempt = True  # type: ignore[attr-defined]
    return respond
