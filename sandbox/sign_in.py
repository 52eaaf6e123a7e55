"""Signing in to the sandbox, and the account page where access can be taken back."""

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST
from oauth2_provider.models import get_access_token_model

from sandbox.accounts import ACCOUNTS, PASSWORD
from sandbox.tokens import kill_grants


def _next(request: HttpRequest) -> str:
    """Where to go afterwards: an address of our own, else the account page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return "/accounts/"


def _person(request: HttpRequest) -> User | None:
    """Who signs in: the pressed button, or address and password."""
    picked = request.POST.get("pick", "")
    if picked:
        return User.objects.filter(username=picked).first()
    email = request.POST.get("email", "").strip().lower()
    person = authenticate(request, username=email, password=request.POST.get("password", ""))
    return person if isinstance(person, User) else None


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """GET and POST /accounts/login/."""
    refused = False
    if request.method == "POST":
        person = _person(request)
        if person is not None:
            login(request, person, backend="django.contrib.auth.backends.ModelBackend")
            return HttpResponseRedirect(_next(request))
        refused = True
    context = {
        "accounts": ACCOUNTS,
        "password": PASSWORD,
        "next": _next(request),
        "refused": refused,
        "email": request.POST.get("email", ""),
    }
    return render(request, "sandbox/login.html", context, status=403 if refused else 200)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST /accounts/logout/: sign out, and on to `next`, which may ask to sign in again."""
    wanted = _next(request)
    logout(request)
    return redirect(wanted)


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """GET /accounts/: what this account has allowed. POST with `client`: take it back."""
    if not request.user.is_authenticated:
        return redirect(settings.LOGIN_URL)
    if request.method == "POST":
        kill_grants(request.user.get_username(), request.POST.get("client", ""))
        return redirect("/accounts/")
    tokens = (
        get_access_token_model()
        .objects.filter(user=request.user, expires__gt=timezone.now())
        .select_related("application")
    )
    allowed = {token.application: sorted(set(token.scopes.values())) for token in tokens}
    return render(request, "sandbox/account.html", {"allowed": allowed.items()})
