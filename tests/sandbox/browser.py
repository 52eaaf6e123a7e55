"""A person at the sandbox's pages, and the site that wants their consent: both over real HTTP."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import requests
from requests_oauthlib import OAuth2Session

from tests.sandbox_process import SandboxProcess


class _HiddenFields(HTMLParser):
    """The hidden fields of the first form that has any."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._forms = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._forms += tag == "form"
        values = dict(attrs)
        if tag == "input" and self._forms == 1 and values.get("type") == "hidden":
            self.values[values["name"] or ""] = values.get("value") or ""


def hidden_fields(page: str) -> dict[str, str]:
    parser = _HiddenFields()
    parser.feed(page)
    return parser.values


@dataclass
class Person:
    """Somebody with an account, a browser, and a will."""

    url: str
    email: str
    browser: requests.Session = field(default_factory=requests.Session)

    def sign_in(self) -> None:
        page = self.browser.get(f"{self.url}/accounts/login/", timeout=10)
        form = hidden_fields(page.text) | {"pick": self.email}
        self.browser.post(f"{self.url}/accounts/login/", form, timeout=10).raise_for_status()

    def visit(self, address: str) -> requests.Response:
        """Open a page; the way to the sign-in page and back is gone by itself."""
        page = self.browser.get(address, timeout=10, allow_redirects=False)
        if page.is_redirect and "/accounts/login/" in page.headers["Location"]:
            self.sign_in()
            page = self.browser.get(address, timeout=10, allow_redirects=False)
        return page

    def answer(self, address: str, allow: bool, scope: str | None = None) -> dict[str, str]:
        """Answer the consent screen; returns what the browser carries back to the site."""
        page = self.visit(address)
        assert page.status_code == 200, page.text
        form = hidden_fields(page.text)
        if allow:
            form["allow"] = "true"
        if scope is not None:
            form["scope"] = scope
        answer = self.browser.post(address, form, timeout=10, allow_redirects=False)
        assert answer.status_code == 302, answer.text
        return returned(answer)

    def allows(self, address: str, scope: str | None = None) -> dict[str, str]:
        return self.answer(address, allow=True, scope=scope)

    def declines(self, address: str) -> dict[str, str]:
        return self.answer(address, allow=False)


def returned(response: requests.Response) -> dict[str, str]:
    """The parameters of the redirect back to the site, and under "to" where it leads."""
    parts = urlsplit(response.headers["Location"])
    values = {name: value[0] for name, value in parse_qs(parts.query).items()}
    return values | {"to": f"{parts.scheme}://{parts.netloc}{parts.path}"}


@dataclass
class SiteClient:
    """An OAuth client as requests-oauthlib makes one, with S256 unless told otherwise."""

    url: str
    client_id: str
    secret: str
    redirect_uri: str
    scopes: tuple[str, ...]
    pkce: str | None = "S256"
    session: OAuth2Session = field(init=False)
    state: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.session = OAuth2Session(
            self.client_id,
            redirect_uri=self.redirect_uri,
            scope=list(self.scopes),
            pkce=self.pkce,
        )

    def without_pkce(self) -> None:
        """Start again as a client that never heard of RFC 7636."""
        self.pkce = None
        self.__post_init__()

    def asks(self, **extra: str) -> str:
        """The address to which the site sends the browser."""
        address, self.state = self.session.authorization_url(
            f"{self.url}/oauth/authorize/", **extra
        )
        return str(address)

    def exchanges(self, code: str) -> dict[str, str]:
        """Turn the code into tokens.

        Raises oauthlib's OAuth2Error when the sandbox refuses."""
        token = self.session.fetch_token(
            f"{self.url}/oauth/token/", code=code, client_secret=self.secret, timeout=10
        )
        return dict(token)

    def connects(self, person: Person) -> dict[str, str]:
        """The whole way: ask, be allowed, exchange."""
        return self.exchanges(person.allows(self.asks())["code"])

    def refreshes(self, refresh_token: str) -> requests.Response:
        return self._post("token", grant_type="refresh_token", refresh_token=refresh_token)

    def revokes(self, token: str) -> requests.Response:
        return self._post("revoke", token=token)

    def _post(self, endpoint: str, **form: str) -> requests.Response:
        return requests.post(
            f"{self.url}/oauth/{endpoint}/", form, auth=(self.client_id, self.secret), timeout=10
        )


SITE = "http://localhost:8000"


def contacts_client(sandbox: SandboxProcess) -> SiteClient:
    """The product's contacts client, as far as the sandbox can tell."""
    return SiteClient(
        sandbox.url,
        "handpicked-contacts",
        "sandbox-contacts-secret",
        f"{SITE}/contacts/callback/",
        ("contacts.readonly",),
    )


def sign_in_client(sandbox: SandboxProcess) -> SiteClient:
    """The product's sign-in client."""
    return SiteClient(
        sandbox.url,
        "handpicked-sign-in",
        "sandbox-sign-in-secret",
        f"{SITE}/accounts/oidc/sandbox/login/callback/",
        ("openid", "profile", "email"),
    )


def read(url: str, token: str | None, path: str, **parameters: str | int) -> requests.Response:
    """Ask the People API."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return requests.get(f"{url}/v1/{path}", params=parameters, headers=headers, timeout=30)
