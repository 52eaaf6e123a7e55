"""The site's environment when the sandbox plays the outside world: for bin/dev and the tests."""

from __future__ import annotations

from urllib.parse import urlsplit

# Of each address book: its kind, its label, the path of its API, and its client there. Google's two
# are one client, as they would be at Google.
SOURCES = {
    "google": ("people_api", "Google (sandbox)", "/v1", "contacts"),
    "google_other": ("google_other", "Google (sandbox)", "/v1", "contacts"),
    "microsoft": ("microsoft", "Microsoft (sandbox)", "/graph/v1.0", "microsoft"),
    "linkedin": ("linkedin", "LinkedIn (sandbox)", "/linkedin/rest", "linkedin"),
    "hubspot": ("hubspot", "HubSpot (sandbox)", "/hubspot", "hubspot"),
    "jmap": ("jmap", "JMAP (sandbox)", "/jmap/session", "jmap"),
}
# Members name their own server for these. The sandbox is one by JMAP, with its accounts' names and
# password; README.md says how to start one by CardDAV.
BY_MEMBER = ("carddav", "jmap")


def connected_to(sandbox_url: str, smtp_port: int) -> dict[str, str]:
    """The variables that point address books, sign-in and mail at a running sandbox."""
    found = {
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "SOURCES": ",".join(dict.fromkeys([*SOURCES, *BY_MEMBER])),
        "PRIVATE_SERVERS": f"{urlsplit(sandbox_url).netloc},localhost:5232",
        "SIGN_IN_SERVER_URL": sandbox_url,
        "SIGN_IN_ID": "sandbox",
        "SIGN_IN_NAME": "Sandbox",
        "SIGN_IN_CLIENT_ID": "handpicked-sign-in",
        "SIGN_IN_CLIENT_SECRET": "sandbox-sign-in-secret",
    }
    for name, (kind, label, path, client) in SOURCES.items():
        if name in BY_MEMBER:
            continue
        prefix = f"SOURCE_{name.upper()}_"
        found |= {
            f"{prefix}KIND": kind,
            f"{prefix}LABEL": label,
            f"{prefix}CLIENT_ID": f"handpicked-{client}",
            f"{prefix}CLIENT_SECRET": f"sandbox-{client}-secret",
            f"{prefix}AUTHORIZE_URL": f"{sandbox_url}/oauth/authorize/",
            f"{prefix}TOKEN_URL": f"{sandbox_url}/oauth/token/",
            f"{prefix}API_URL": f"{sandbox_url}{path}",
            f"{prefix}ISSUER": sandbox_url,
        }
        # At Microsoft there is nothing to revoke a single access with.
        if name != "microsoft":
            found[f"{prefix}REVOKE_URL"] = f"{sandbox_url}/oauth/revoke/"
    return found
