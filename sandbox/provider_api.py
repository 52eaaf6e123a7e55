"""What the providers' APIs have in common: a token that may, ordered faults, and the journal.

How each writes errors and links its pages is a Dialect; the rest of a provider is in its own file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sandbox import faults, journal
from sandbox.accounts import Account, account_of
from sandbox.faults import Fault
from sandbox.tokens import (
    Bearer,
    find_bearer,
    find_owner,
    fingerprint_of,
    kill_access_token,
    shown_token,
)

Body = dict[str, Any]
Handler = Callable[[HttpRequest, Account, Bearer], Body]

_HUGE = 10_000_000


class ApiError(Exception):
    """A refusal: the HTTP status, and words for whoever reads logs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider writes what all of them have.

    `error` makes the response to a refusal. `page` tells which page a request asks for, from 1, or None.
    `again` bends a page so that its link leads to itself. `rename` gives its first person another name.
    """

    error: Callable[[int, str], JsonResponse]
    page: Callable[[HttpRequest], int | None]
    again: Callable[[HttpRequest, Body], Body]
    rename: Callable[[Body, str], None]
    sizes: tuple[str, ...] = ()  # fields that say how many people there are


def endpoint(
    name: str, scope: str, dialect: Dialect, method: str = "GET", *, basic: bool = False
) -> Callable[[Handler], Callable[..., Any]]:
    """A view that authorises, answers in JSON, plays ordered faults and keeps the journal. With `basic`
    an account's own password opens it, too."""

    def decorate(handler: Handler) -> Callable[..., Any]:
        @csrf_exempt  # called by servers, with a token
        @require_http_methods([method])
        @wraps(handler)
        def respond(request: HttpRequest) -> HttpResponseBase:
            token = shown_token(request)
            page = dialect.page(request)
            account, kind = "", ""
            try:
                bearer = (basic and find_owner(request, scope)) or _authorised(token, scope)
                account = bearer.email
                fault = faults.take(name, account, page)
                kind = fault.kind if fault else ""
                response = _answer(handler, request, bearer, fault, dialect)
            except ApiError as refused:
                response = dialect.error(refused.status, refused.message)
                if refused.status in (401, 403):
                    what = "invalid_token" if refused.status == 401 else "insufficient_scope"
                    response["WWW-Authenticate"] = f'Bearer realm="sandbox", error="{what}"'
            journal.note_request(
                endpoint=name,
                account=account,
                page=page,
                token=fingerprint_of(token) if token else "",
                status=response.status_code,
                fault=kind,
            )
            return response

        return respond

    return decorate


def number_in(request: HttpRequest, name: str, default: int, most: int) -> int:
    """A query parameter that is a number from 0 to `most`. Raises ApiError 400."""
    written = request.GET.get(name, str(default))
    if not (written.isascii() and written.isdigit() and int(written) <= most):
        raise ApiError(400, f"Invalid value for {name}: {written!r}.")
    return int(written)


def _authorised(token: str, scope: str) -> Bearer:
    if not token:
        raise ApiError(401, "Request is missing required authentication credential.")
    bearer = find_bearer(token)
    if bearer is None:
        raise _dead_token()
    if scope not in bearer.scopes:
        raise ApiError(403, "Request had insufficient authentication scopes.")
    return bearer


def _dead_token() -> ApiError:
    return ApiError(401, "Request had invalid authentication credentials.")


def _answer(
    handler: Handler, request: HttpRequest, bearer: Bearer, fault: Fault | None, dialect: Dialect
) -> HttpResponseBase:
    def honest() -> HttpResponseBase:
        return JsonResponse(handler(request, account_of(bearer.email), bearer))

    if fault is None:
        return honest()
    if fault.kind in faults.HTTP_KINDS:
        return faults.play(fault, honest, dialect.error)
    if fault.kind == "token_dies":
        kill_access_token(bearer.fingerprint)
        raise _dead_token()
    if fault.kind == "preparing":
        raise ApiError(404, "No data found for this memberId")
    if fault.kind == "scope_goes":
        raise ApiError(403, "Request had insufficient authentication scopes.")
    body = handler(request, account_of(bearer.email), bearer)
    return JsonResponse(_spoilt(body, fault.kind, request, dialect))


def _spoilt(body: Body, kind: str, request: HttpRequest, dialect: Dialect) -> Body:
    """The honest body, bent as faults.py says."""
    if kind == "wrong_shape":
        return {key: {"unexpected": True} for key in body} | dict.fromkeys(dialect.sizes, "many")
    if kind == "repeat_page":
        return dialect.again(request, body)
    if kind == "wrong_total":
        return body | {key: body[key] * 10 for key in dialect.sizes if key in body}
    dialect.rename(body, "x" * _HUGE)
    return body
