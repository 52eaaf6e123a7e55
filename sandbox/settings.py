"""Settings of the sandbox alone. `python -m sandbox` fills the SANDBOX_* environment first.

Nothing here is a secret: the sandbox listens on loopback only, and its people are invented.
"""

import os
from pathlib import Path
from typing import Any

from sandbox import state

HERE = Path(__file__).resolve().parent

# The address that browsers and the site use: also the issuer of tokens (RFC 8414, RFC 9207).
SANDBOX_URL = os.environ.get("SANDBOX_URL", "http://localhost:8001")
SANDBOX_SMTP_PORT = int(os.environ.get("SANDBOX_SMTP_PORT", "8025"))
# Fault controls and "delete all mail": only for tests, off unless asked for.
SANDBOX_CONTROL = os.environ.get("SANDBOX_CONTROL") == "1"
# The DNS record behind every DKIM signature, played for the mailbox. None: it looks at none.
SANDBOX_DKIM_RECORD = os.environ.get("SANDBOX_DKIM_RECORD", "")
# How many mails the mailbox keeps. The oldest go first.
SANDBOX_KEPT_MAILS = 20_000

CONTACTS_CLIENT_ID = os.environ.get("SANDBOX_CONTACTS_CLIENT_ID", "handpicked-contacts")
CONTACTS_CLIENT_SECRET = os.environ.get("SANDBOX_CONTACTS_CLIENT_SECRET", "sandbox-contacts-secret")
SIGN_IN_CLIENT_ID = os.environ.get("SANDBOX_SIGN_IN_CLIENT_ID", "handpicked-sign-in")
SIGN_IN_CLIENT_SECRET = os.environ.get("SANDBOX_SIGN_IN_CLIENT_SECRET", "sandbox-sign-in-secret")

SECRET_KEY = "sandbox-only: nothing that this key signs is worth protecting"
DEBUG = False
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "oauth2_provider",
    "sandbox",
]
MIDDLEWARE = [
    "sandbox.page_headers.add_page_headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": state.database_path(),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            # Mail must survive a restart of the process, not a power cut: NORMAL is enough.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The site runs on localhost too, and browsers share cookies between ports: names of our own.
SESSION_COOKIE_NAME = "sandbox_session"
CSRF_COOKIE_NAME = "sandbox_csrf"
LOGIN_URL = "/accounts/login/"

# The only password is printed on the login page. A slow hash would cost time at each token call
# and protect nothing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_GOOGLE = "https://www.googleapis.com/auth/"
_MICROSOFT = "https://graph.microsoft.com/"
SCOPE_WORDS = {
    "openid": "Know that it is you",
    "profile": "See your name",
    "email": "See your e-mail address",
    "contacts.readonly": "Read your contacts",
    "contacts.other.readonly": "Read the people whom your mail saved by itself",
    "Contacts.Read": "Read your contacts",
    "oauth": "Know which account it is",
    "crm.objects.contacts.read": "Read the contacts in your account",
    "urn:ietf:params:oauth:scope:contacts": "Read and change your contacts",
    "r_dma_portability_3rd_party": "Read all that is kept about you",
}
OAUTH2_PROVIDER: dict[str, Any] = {
    # Both the short names and the full addresses are scopes, with the same words.
    "SCOPES": SCOPE_WORDS
    | {_GOOGLE + name: words for name, words in SCOPE_WORDS.items() if name.startswith("contacts.")}
    | {_MICROSOFT + "Contacts.Read": SCOPE_WORDS["Contacts.Read"]},
    "DEFAULT_SCOPES": ["openid"],
    "SCOPES_BACKEND_CLASS": "sandbox.authorization.ScopesPerClient",
    "OAUTH2_VALIDATOR_CLASS": "sandbox.authorization.SandboxValidator",
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],
    "OIDC_ENABLED": True,
    "OIDC_RSA_PRIVATE_KEY": state.read_key(),
    "OIDC_ISS_ENDPOINT": SANDBOX_URL,
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        # One line for each request would bury the site's own log under bin/dev.
        "django.server": {"level": "CRITICAL", "propagate": False},
        # Refusals are what tests provoke on purpose; the response says what was wrong.
        "django.request": {"level": "ERROR"},
        "oauth2_provider": {"level": "ERROR"},
        "mail.log": {"level": "ERROR"},
    },
}
