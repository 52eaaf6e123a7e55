"""OAuth 2.0 with an address book's provider: ask, exchange, refresh, revoke. Stores nothing.

Apart from signing in: this access is asked for once, for one import, and ends with it.
"""

from __future__ import annotations

import logging
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import cast
from urllib.parse import parse_qsl

import requests
from django.conf import settings
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session
from urllib3.exceptions import HTTPError

from importer.grants import Token
from importer.models import Purpose, Revocation
from importer.sources import KINDS
from importer.sources.contract import AccessRevoked, Kind, Source, SourceError

if settings.DEVELOPMENT:
    # A provider on this machine speaks http; oauthlib refuses that unless told. In production
    # config/environment.py lets no such address through.
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

# At level DEBUG these write tokens, codes and client secrets into the log.
for _name in ("requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.INFO)

SECONDS = (5.0, 15.0)  # to connect, and between two pieces of an answer

# What can go wrong on the way to an access, as a sentence. {provider} is the source's label.
REFUSALS = {
    "declined": "You said no at {provider}. Nothing was read.",
    "not_expected": (
        "That answer does not belong to a question of ours, or was used already. "
        "Nothing was read because of it."
    ),
    "not_granted": "{provider} gave us no access. Nothing was read. You can try again.",
    "wrong_issuer": "The answer did not come from {provider}. Nothing was read.",
    "code_refused": (
        "{provider} did not accept its own answer any more: it was used already or is too old. "
        "Nothing was read. You can try again."
    ),
    "narrowed": (
        "{provider} was not allowed to show us your contacts, so there was nothing to read. "
        "We gave the access back."
    ),
    "unreachable": "{provider} could not be reached. Nothing was read. You can try again.",
}


# How providers say that the member said no: RFC 6749, section 4.1.2.1, and LinkedIn's two words
# https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
_DECLINED = {"access_denied", "user_cancelled_login", "user_cancelled_authorize"}


class NotConnected(Exception):
    """There is no access. `code` is a key of REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a provider, as the browser's session keeps it until the answer comes.

    `continues` is the uid of an import that stopped half-way, or "". `purpose` is one of Purpose.
    """

    source: str
    member: int
    state: str
    verifier: str
    continues: str = ""
    purpose: str = Purpose.READ.value


def configured() -> Mapping[str, Source]:
    """The address books of this site, by name."""
    return cast("Mapping[str, Source]", settings.SOURCES)


def kind_of(name: str) -> Kind | None:
    """The kind of an address book, or None when this site does not offer it (any more)."""
    source = configured().get(name)
    return KINDS[source.kind] if source else None


def ask(
    source: Source, member_id: int, continues: str = "", purpose: Purpose = Purpose.READ
) -> tuple[str, Question]:
    """The address of the provider's consent screen, and the question to keep in the session.

    PKCE is S256 (RFC 9700, section 2.1.1), but at a provider that refuses it; `state` is new for each
    question.
    """
    kind = KINDS[source.kind]
    state = secrets.token_urlsafe(32)
    verifier = secrets.token_urlsafe(48)
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    session = OAuth2Session(source.client_id, scope=_scopes(source), redirect_uri=_callback())
    proof = {"code_challenge": challenge, "code_challenge_method": "S256"} if kind.pkce else {}
    # No access_type=offline, no prompt=consent: one import needs no refresh token.
    url, _ = session.authorization_url(source.authorize_url, state=state, **proof)
    return url, Question(source.name, member_id, state, verifier, continues, purpose.value)


def check_answer(source: Source, question: Question, answer: Mapping[str, str]) -> str:
    """The code in a provider's answer to this question. Raises NotConnected."""
    if not secrets.compare_digest(answer.get("state", "").encode(), question.state.encode()):
        raise NotConnected("not_expected")
    # RFC 9207: an answer must say who gave it, lest one provider's code reach another.
    issuer = answer.get("iss")
    if source.issuer and (issuer or source.iss_required) and issuer != source.issuer:
        raise NotConnected("wrong_issuer")
    if issuer and not source.issuer and issuer in {one.issuer for one in configured().values()}:
        raise NotConnected("wrong_issuer")
    if "error" in answer:
        raise NotConnected("declined" if answer["error"] in _DECLINED else "not_granted")
    if not answer.get("code"):
        raise NotConnected("not_granted")
    return answer["code"]


def exchange(source: Source, question: Question, code: str) -> Token:
    """The token for a code (RFC 6749, section 4.1.3). Raises NotConnected.

    An access that can't read contacts is given back at once.
    """
    scopes = _scopes(source)
    with OAuth2Session(
        source.client_id, scope=scopes, redirect_uri=_callback(), state=question.state
    ) as session:
        session.max_redirects = 0  # the client's secret goes to one address only
        try:
            token = session.fetch_token(
                source.token_url,
                code=code,
                code_verifier=question.verifier if KINDS[source.kind].pkce else None,
                auth=_client(source),
                timeout=SECONDS,
            )
        except Warning as changed:
            # oauthlib's way of saying that another scope was granted than the one asked for.
            if not hasattr(changed, "new_scope"):
                raise
            token = changed.token  # type: ignore[attr-defined]
            if not {*map(_short, scopes)} <= {*map(_short, changed.new_scope)}:
                revoke(source, dict(token))
                raise NotConnected("narrowed") from None
        except requests.RequestException:
            raise NotConnected("unreachable") from None
        except (OAuth2Error, ValueError):
            # `from None`: the provider's words may repeat the code.
            raise NotConnected("code_refused") from None
    return dict(token)


def refresh(source: Source, token: Token) -> Token:
    """A new token (RFC 6749, section 6). Raises AccessRevoked when there is none to be had, and
    SourceError when the provider could not be asked.

    We ask nobody for a refresh token. Some give one unasked, and their access tokens live shorter than
    reading takes (HubSpot's half an hour); then it is used once, and ends with the import like all else.
    """
    if not token.get("refresh_token"):
        raise AccessRevoked
    with OAuth2Session(source.client_id, token=token) as session:
        session.max_redirects = 0
        try:
            return dict(
                session.refresh_token(source.token_url, auth=_client(source), timeout=SECONDS)
            )
        except requests.RequestException:
            raise SourceError("unreachable", permanent=False) from None
        except (OAuth2Error, ValueError, Warning):
            raise AccessRevoked from None


def revoke(source: Source, token: Token) -> Revocation:
    """Ends the access at the provider, the refresh token first, then the access token, where it can.

    RFC 7009 leaves open whether one takes the other with it, so both are told. FAILED means that
    the provider could not be asked, and another try may help.
    """
    if not source.revoke_url:
        return Revocation.IMPOSSIBLE
    hints = [hint for hint in KINDS[source.kind].revokes if token.get(hint)]
    if not hints:
        return Revocation.IMPOSSIBLE
    outcomes = [_revoke_one(source, token[hint], hint) for hint in hints]
    for outcome in (Revocation.FAILED, Revocation.REVOKED):
        if outcome in outcomes:
            return outcome
    return Revocation.ENDED


def _revoke_one(source: Source, token: str, hint: str) -> Revocation:
    # https://www.rfc-editor.org/rfc/rfc7009#section-2.1
    try:
        with requests.post(
            source.revoke_url,
            data={"token": token, "token_type_hint": hint},
            auth=_client(source),
            timeout=SECONDS,
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.status_code == 200:
                return Revocation.REVOKED
            start = response.raw.read(1000, decode_content=True)
    except (requests.RequestException, HTTPError):
        return Revocation.FAILED
    # The RFC answers 200 for a token that is dead already; Google answers 400 invalid_token.
    is_dead = response.status_code == 400 and b"invalid_token" in start
    return Revocation.ENDED if is_dead else Revocation.FAILED


def _scopes(source: Source) -> list[str]:
    return (source.scope or KINDS[source.kind].scope).split()


def _short(scope: str) -> str:
    """A scope without the address before it: Microsoft takes the one and answers with the other."""
    return scope.rpartition("/")[2].casefold()


def _callback() -> str:
    return f"{settings.SITE_URL}/contacts/callback/"


class _ClientInBody(requests.auth.AuthBase):
    """The client's secret as a field of the form (RFC 6749, section 2.3.1), where Basic is unknown."""

    def __init__(self, source: Source) -> None:
        self._fields = {"client_id": source.client_id, "client_secret": source.client_secret}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        form = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        request.prepare_body(dict(parse_qsl(str(form))) | self._fields, None)
        return request


def _client(source: Source) -> requests.auth.AuthBase:
    if KINDS[source.kind].client_in_body:
        return _ClientInBody(source)
    return requests.auth.HTTPBasicAuth(source.client_id, source.client_secret)
