"""Sign-up and sign-in: what we ask of django-allauth. Read by settings."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthProcess
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse

from config.person_names import LONGEST, clean_person_name, refuse_the_sites_name
from importer import addresses
from invites import rights, tasks
from invites.actions import account_mails, confirming, responding

_TOO_OFTEN = "That was often in a short time. Wait a few minutes, then try again."


class NameForm(forms.Form):
    """What sign-up asks beside address and password: the full name that invitations carry."""

    field_order = ["first_name", "last_name", "email", "password1"]

    first_name = forms.CharField(
        label="First name",
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
        error_messages={"required": "Type your first name."},
    )
    last_name = forms.CharField(
        label="Last name",
        max_length=LONGEST,
        help_text="The people you invite see your full name and your e-mail address.",
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
        error_messages={"required": "Type your last name."},
    )

    def clean_first_name(self) -> str:
        """See config.person_names."""
        return clean_person_name(self.cleaned_data["first_name"])

    def clean_last_name(self) -> str:
        """See config.person_names."""
        return clean_person_name(self.cleaned_data["last_name"])

    def clean(self) -> dict[str, Any]:
        """See config.person_names; called after both names."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            refuse_the_sites_name(cleaned.get("first_name", ""), cleaned.get("last_name", ""))
        except ValidationError as refusal:
            self.add_error("first_name", refusal)
        return cleaned

    def signup(self, request: HttpRequest, user: User) -> None:
        """Called by allauth with the new user, by either way of signing up."""
        user.first_name = self.cleaned_data["first_name"]
        user.last_name = self.cleaned_data["last_name"]
        user.save(update_fields=["first_name", "last_name"])


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Our words, and our one door for mail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is closed.",
        "cannot_remove_primary_email": "Your main address can’t be removed. "
        "Make another the main one first.",
        "duplicate_email": "This address is already one of yours.",
        "email_password_mismatch": "This address and this password don’t belong together. "
        "Type them again, or choose a new password.",
        "enter_current_password": "This is not your current password.",
        "incorrect_code": "This is not the code that we sent last. Look at the newest mail.",
        "incorrect_password": "This is not your password.",
        "invalid_or_expired_key": "This code is used or too old. Ask for a new one.",
        "invalid_password_reset": "This link is used or too old. Ask for a new one.",
        "max_email_addresses": "An account has at most %d addresses.",
        "rate_limited": _TOO_OFTEN,
        "too_many_login_attempts": _TOO_OFTEN,
        "unverified_primary_email": "Confirm this address first: send a code to it.",
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Plain text through the one door. The words come from templates/account/email/.

        Nothing that a stranger typed about themselves goes in: whoever signs up with somebody
        else's address must not be able to write to that person through us. The page waits for nobody
        and is the same whether the address has an account or not: see invites.actions.account_mails.
        """
        if template_prefix == "account/email/unknown_account":
            template_prefix, email = "account/email/password_reset_key", account_mails.NOBODY
        words = {
            "code": context.get("code"),
            "email": email,
            "minutes": app_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT // 60,
            "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 60 * 60),
            "reset_url": context.get("password_reset_url"),
            "login_url": _absolute("account_login"),
            "site_name": settings.SITE_NAME,
            "site_url": settings.SITE_URL,
        }
        subject = render_to_string(f"{template_prefix}_subject.txt", words)
        text = render_to_string(f"{template_prefix}_message.txt", words)
        account_mails.write(
            template=template_prefix,
            to=email,
            subject=" ".join(subject.split()),
            text=text.strip() + "\n",
        )
        confirming.nudged(tasks.send_account_mails.delay)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """To the contacts, but not on the day on which an invitation brought somebody here."""
        if isinstance(request.user, User) and responding.came_by_invitation(request.user):
            return reverse("home")
        return str(super().get_login_redirect_url(request))

    get_signup_redirect_url = get_login_redirect_url

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whose attempts are counted. Where a unix socket tells no address, all count as one."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return "unknown"

    def clean_email(self, email: str) -> str:
        """Refuses what no mail of ours could reach; asked for every address that a member types."""
        if not _reachable(email):
            raise ValidationError(
                "No mail from here can reach this address. Type another one of yours."
            )
        return email

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Built from SITE_URL, so that a forged Host header can’t lead anyone elsewhere."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "U", "key": "K"})
        return settings.SITE_URL + path.replace("U-K", key)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Signing in with a provider: name and address, nothing else, and no contacts."""

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        """Take over the provider's name if it may stand in a mail; else the member is asked."""
        user: User = super().populate_user(request, sociallogin, data)
        user.first_name = _name_or_nothing(user.first_name)
        user.last_name = _name_or_nothing(user.last_name)
        try:
            refuse_the_sites_name(user.first_name, user.last_name)
        except ValidationError:
            user.first_name = user.last_name = ""
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Some providers answer "false" in quotes, which Python takes for true.

        One more way to sign in is added by whoever has just signed in: see account_forms.py.
        """
        for address in sociallogin.email_addresses:
            address.verified = str(address.verified).lower() == "true"
        adds = sociallogin.state.get("process") == AuthProcess.CONNECT
        if adds and request.user.is_authenticated and not rights.is_fresh(request):
            messages.error(
                request,
                "Nothing was added yet: you signed in a while ago. Show that it is you, then add it "
                "once more.",
            )
            here = reverse("socialaccount_connections")
            raise ImmediateHttpResponse(redirect(rights.way_to_prove_it(request, here)))

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Without a full name or a usable address the sign-up form asks: each invitation has both."""
        user = sociallogin.user
        complete = user.first_name and user.last_name
        usable = all(_reachable(address.email) for address in sociallogin.email_addresses)
        return bool(complete and usable and super().is_auto_signup_allowed(request, sociallogin))


def _absolute(name: str) -> str:
    return str(settings.SITE_URL) + reverse(name)


def _reachable(address: str) -> bool:
    """Whether it is an address of the Internet that can be written in ASCII, as our mail is."""
    try:
        return addresses.read(address).envelope != ""
    except addresses.NotAnAddress:
        return False


def _name_or_nothing(raw: str) -> str:
    try:
        return clean_person_name(raw)
    except ValidationError:
        return ""
