"""The site's environment when the sandbox plays the outside world: for bin/dev and the tests."""

from __future__ import annotations


def connected_to(sandbox_url: str, smtp_port: int) -> dict[str, str]:
    """The variables that point address books, sign-in and mail at a running sandbox."""
    return {
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "SOURCES": "google",
        "SOURCE_GOOGLE_KIND": "people_api",
        "SOURCE_GOOGLE_LABEL": "Google (sandbox)",
        "SOURCE_GOOGLE_CLIENT_ID": "handpicked-contacts",
        "SOURCE_GOOGLE_CLIENT_SECRET": "sandbox-contacts-secret",
        "SOURCE_GOOGLE_AUTHORIZE_URL": f"{sandbox_url}/oauth/authorize/",
        "SOURCE_GOOGLE_TOKEN_URL": f"{sandbox_url}/oauth/token/",
        "SOURCE_GOOGLE_REVOKE_URL": f"{sandbox_url}/oauth/revoke/",
        "SOURCE_GOOGLE_API_URL": f"{sandbox_url}/v1",
        "SOURCE_GOOGLE_ISSUER": sandbox_url,
        "SIGN_IN_SERVER_URL": sandbox_url,
        "SIGN_IN_ID": "sandbox",
        "SIGN_IN_NAME": "Sandbox",
        "SIGN_IN_CLIENT_ID": "handpicked-sign-in",
        "SIGN_IN_CLIENT_SECRET": "sandbox-sign-in-secret",
    }
