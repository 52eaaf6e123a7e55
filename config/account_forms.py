"""allauth's forms in our words: labels, hints, and what to do about an error. Named in settings."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from allauth.account import forms as account
from allauth.core import context
from allauth.socialaccount import forms as social
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from invites import rights
from invites.actions import responding


class _Words(NamedTuple):
    label: str
    when_empty: str


_ADDRESS = _Words("E-mail address", "Type your e-mail address.")
_WORDS = {
    "email": _ADDRESS,
    "login": _ADDRESS,
    "password": _Words("Password", "Type your password."),
    "password1": _Words("Password", "Choose a password."),
    "password2": _Words("The same password again", "Type the new password a second time."),
    "oldpassword": _Words("Your password until now", "Type the password that you use until now."),
    "code": _Words("Code", "Type the code from the mail."),
}


class _InOurWords(forms.Form):
    """Labels above the fields instead of placeholders in them, and sentences for errors."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words in _WORDS.items():
            if field := self.fields.get(name):
                field.label = words.label
                field.error_messages["required"] = words.when_empty
                field.widget.attrs.pop("placeholder", None)
                if isinstance(field, forms.EmailField):
                    field.error_messages["invalid"] = (
                        "This is not an e-mail address. One looks like name@example.org."
                    )
        if field := self.fields.get("password1"):
            field.help_text = "At least 8 characters, and not one that many people use."
        if field := self.fields.get("code"):
            field.widget.attrs |= {"autocapitalize": "characters", "spellcheck": "false"}


class _NeedsFreshLogin(_InOurWords):
    """Forms that open a way to sign in. Who has just signed in acts at the desk and gets all their data,
    so a browser that was left open must not be enough to add such a way.
    """

    def clean(self) -> dict[str, Any]:
        """Says what to do."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if why := rights.stale(context.request, context.request.path):
            raise forms.ValidationError(why)
        return cleaned


class LoginForm(_InOurWords, account.LoginForm):  # type: ignore[misc]
    """Address and password."""


class SignupForm(_InOurWords, account.SignupForm):  # type: ignore[misc]
    """Name, address, password; the name comes from config.accounts.NameForm.

    Who comes from an invitation and types another address is asked first, for then its sender will
    not see that they joined. `other` says whose invitation it is and to which address it went.
    """

    invitation = forms.CharField(required=False, max_length=36, widget=forms.HiddenInput)
    other_address = forms.BooleanField(
        required=False, label="Sign up with the address above all the same"
    )
    other: responding.Invited | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["invitation"].initial = context.request.GET.get("invitation", "")

    def invited(self) -> responding.Invited | None:
        """Whose invitation is accepted by this, if any; said above the fields."""
        try:
            return responding.invited(UUID(self["invitation"].value() or ""))
        except ValueError:
            return None

    def visible_fields(self) -> list[forms.BoundField]:
        """Without the question, which the page puts below them where it is due."""
        visible: list[forms.BoundField] = super().visible_fields()
        return [field for field in visible if field.name != "other_address"]

    def clean(self) -> dict[str, Any]:
        """Asks the question."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            uid = UUID(cleaned.get("invitation", ""))
        except ValueError:
            return cleaned
        self.other = responding.other_address(uid=uid, address=cleaned.get("email", ""))
        if self.other and not cleaned.get("other_address"):
            self.add_error(
                "other_address",
                "This is not the address that was invited. Type that one, or say below that you want "
                "this one.",
            )
        return cleaned

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """As allauth's; an address that has an account takes as long as one that gets one."""
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        result: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return result


class SocialSignupForm(_InOurWords, social.SignupForm):  # type: ignore[misc]
    """What a provider did not tell."""


class AddEmailForm(_NeedsFreshLogin, account.AddEmailForm):  # type: ignore[misc]
    """One more address: a link that sets a new password can be mailed to it."""


class CodeForm(_InOurWords, account.ConfirmEmailVerificationCodeForm):  # type: ignore[misc]
    """The code from the mail."""


class ChangePasswordForm(_InOurWords, account.ChangePasswordForm):  # type: ignore[misc]
    """The old one, and the new one twice."""


class SetPasswordForm(_NeedsFreshLogin, account.SetPasswordForm):  # type: ignore[misc]
    """A password for who signed up with a provider."""


class ResetPasswordForm(_InOurWords, account.ResetPasswordForm):  # type: ignore[misc]
    """Where to send the link."""


class ResetPasswordKeyForm(_InOurWords, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password, behind the link."""


class ReauthenticateForm(_InOurWords, account.ReauthenticateForm):  # type: ignore[misc]
    """The password once more."""
