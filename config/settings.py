"""Every setting, from the environment. What it says is a production's, unless DEVELOPMENT is on.

docs/settings.md lists the variables for people; config/environment.py has the refusals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from environs import Env

from config import environment, mail_environment, schedule

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = BASE_DIR / "var"
env = Env()

# --- where and who -------------------------------------------------------------------------------
DEVELOPMENT = env.bool("DEVELOPMENT", False)
DEBUG = False
SECRET_KEY = environment.secret(env, "SECRET_KEY", "Django's key for sessions and forms").decode()
ALLOWED_HOSTS = environment.required(
    env, "ALLOWED_HOSTS", "the site's host names, separated by commas"
).split(",")
SITE_URL = environment.required(env, "SITE_URL", "the site's address, as in https://example.org")
SITE_URL = SITE_URL.rstrip("/")
SITE_NAME = env.str("SITE_NAME", "Handpicked")
POSTAL_ADDRESS = environment.required(
    env, "POSTAL_ADDRESS", "the operator's postal address, which stands in every invitation"
)

# --- keys: each has one job, so that one can be changed without the others ------------------------
TOKEN_KEY = environment.secret(env, "TOKEN_KEY", "the key behind the recipients' secret links")
ADDRESS_KEY = environment.secret(
    env, "ADDRESS_KEY", "the key of the address hashes that keep the promise 'never again'"
)
OLD_ADDRESS_KEYS = environment.old_keys(env, "OLD_ADDRESS_KEYS")  # their hashes are still matched
GRANT_KEYS = environment.fernet_keys(  # newest first; older ones still decrypt (MultiFernet)
    env, "GRANT_KEYS", "the Fernet keys that encrypt OAuth tokens, separated by commas"
)
STAFF_WEBHOOK_URL = environment.webhook(env, "STAFF_WEBHOOK_URL", development=DEVELOPMENT)
STAFF_WEBHOOK_SECRETS = environment.webhook_secrets(env, "STAFF_WEBHOOK_SECRET", STAFF_WEBHOOK_URL)
environment.refuse_equal_keys(
    {
        "SECRET_KEY": SECRET_KEY.encode(),
        "TOKEN_KEY": TOKEN_KEY,
        "ADDRESS_KEY": ADDRESS_KEY,
        "OLD_ADDRESS_KEYS": OLD_ADDRESS_KEYS,
        "GRANT_KEYS": GRANT_KEYS,
        "STAFF_WEBHOOK_SECRET": STAFF_WEBHOOK_SECRETS,
    }
)
LEDGER_KEY = environment.ledger_key(env, "LEDGER_KEY")  # signs tree heads; empty: nothing is sealed
LEDGER_OLD_KEYS: list[str] = env.list("LEDGER_OLD_KEYS", [])  # public keys of earlier heads
# Where the newest head is taken once a day, besides the page /about-invitations/; empty: not.
LEDGER_PUBLISH_FILE = env.str("LEDGER_PUBLISH_FILE", "")
LEDGER_PUBLISH_MAIL = env.str("LEDGER_PUBLISH_MAIL", "")
LEDGER_PUBLISH_WEBHOOK = environment.webhook(env, "LEDGER_PUBLISH_WEBHOOK", development=DEVELOPMENT)
LEDGER_HEAD_FILE = env.path("LEDGER_HEAD_FILE", STATE_DIR / "ledger-head.txt")

# --- how invitations behave -----------------------------------------------------------------------
UNDO_SECONDS = env.int("UNDO_SECONDS", 30 * 60)  # nothing leaves sooner after a confirmation
INVITATIONS_PER_PERIOD = env.int("INVITATIONS_PER_PERIOD", 5)  # what a new member may confirm …
INVITATION_PERIOD_DAYS = env.int("INVITATION_PERIOD_DAYS", 30)  # … in this many days
# A sender sees what became of mails only at multiples of this: see docs/adr/0016.
OUTCOME_SECONDS = env.int("OUTCOME_SECONDS", 60)
LEAVING_SECONDS = 5  # who stops an invitation waits so long at most for one that is just leaving
DRAFT_DAYS = 14  # chosen people, the note and the decisions wait this long for the member
CONTACT_IDLE_HOURS = 24  # unchosen people are erased this long after the member's last POST …
CONTACT_HOURS = 72  # … and in any case this long after they were read
GRANT_MINUTES = 60  # an OAuth token never lives longer than this here
UPLOAD_MINUTES = 30  # nor what a file said of people, encrypted, until it is read
RECIPIENT_DAYS = 365  # one invitation per person and year; links and stored mails die after it

# --- how mail leaves -------------------------------------------------------------------------------
INVITATIONS_ADDRESS = environment.required(
    env, "INVITATIONS_ADDRESS", "the address in From, as in invitations@example.org"
)
# A worker that is silent for so long has lost its claim.
LEASE_SECONDS = env.int("LEASE_SECONDS", 60)
CLAIM_SIZE = env.int("CLAIM_SIZE", 50)  # mails one worker holds at a time
ATTEMPT_MINUTES = [1, 5, 30, 120, 360]  # pause after each attempt that was proven not accepted
ACCOUNT_MAIL_MINUTES = 15  # codes and reset links, encrypted, wait no longer for the mail server
LATE_DAYS = 7  # a confirmation older than this expires: the words may no longer fit
EMAIL_BACKEND = "invites.delivery.AccountMailBackend"
_mail = mail_environment.mail_server(env)
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.implicit_tls
# Seconds without an answer, then the outcome is unknown.
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", 30)
DEFAULT_FROM_EMAIL = INVITATIONS_ADDRESS
DKIM_KEYS = mail_environment.dkim_keys(env)  # none: whoever takes the mail signs it, or nobody
DKIM_DOMAIN = mail_environment.dkim_domain(env, INVITATIONS_ADDRESS)
# Bounces come back to an address of their own for each invitation; "": to INVITATIONS_ADDRESS.
RETURN_PATH_DOMAIN = mail_environment.return_path_domain(env)
# By this field some providers know a mail that they have taken before.
IDEMPOTENCY_HEADER = mail_environment.idempotency_header(env)

# --- how it comes back ------------------------------------------------------------------------------
MAIL_PROVIDER, ANYMAIL = mail_environment.mail_provider(env)  # whose webhooks are believed
REPORTS_MAILBOX = mail_environment.reports_mailbox(env)

# The name server that is asked for a domain's proof; None: the machine's own.
DNS_SERVER = environment.name_server(env)

# --- the outside world -----------------------------------------------------------------------------
SOURCES = environment.sources(env)
PRIVATE_SERVERS = environment.private_servers(env, development=DEVELOPMENT)
# An OpenID Connect issuer; empty: e-mail only.
SIGN_IN_SERVER_URL = env.str("SIGN_IN_SERVER_URL", "")
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
if SIGN_IN_SERVER_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": env.str("SIGN_IN_ID", "sign-in"),
                "name": env.str("SIGN_IN_NAME", "OpenID Connect"),
                "client_id": environment.required(
                    env, "SIGN_IN_CLIENT_ID", "the OpenID Connect client id"
                ),
                "secret": environment.required(
                    env, "SIGN_IN_CLIENT_SECRET", "the OpenID Connect client secret"
                ),
                "settings": {
                    "server_url": SIGN_IN_SERVER_URL,
                    "scope": ["openid", "profile", "email"],
                },
            }
        ],
    }
environment.refuse_loose_ends(
    development=DEVELOPMENT,
    hosts=ALLOWED_HOSTS,
    site_url=SITE_URL,
    outside=[
        SIGN_IN_SERVER_URL,
        *(url for source in SOURCES.values() for url in source.urls()),
    ],
)

# --- Django ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "csp",
    "django_htmx",
    "ledger",
    "importer",
    "invites",
]
MIDDLEWARE = [
    "config.even_times.answer_at_full_seconds",  # the first: it waits for all of the others
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.login_required.LoginRequired",  # public pages say so, one by one
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.wrong_methods.explain_wrong_method",
    "config.silent_provider.ExplainSilentProvider",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    }
]

DATABASES = {"default": environment.database(env, STATE_DIR)}
# For rate limits alone: of signing in, of servers that members name, of what strangers ask for on the
# stop pages. All web processes share it, and it is there when Redis is not.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "site_cache",
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = environment.required(
    env, "REDIS_URL", "Redis, as in redis://host:6379/0 or redis+socket:///path"
)
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    # A page that wakes a worker tries twice, without a pause; otherwise it would wait for 6 seconds.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
}
CELERY_TASK_PUBLISH_RETRY = False  # a page does not wait for Redis; the sweep makes up for it
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False  # a lost wake-up is made up for by the sweep; none is needed twice
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", "handpicked")
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_IMPORTS = ["config.tasks"]
CELERY_BEAT_SCHEDULE = schedule.of_beat(env)

# Sessions in the database: Redis may be lost at any time.
SESSION_COOKIE_NAME = "handpicked_session"
CSRF_COOKIE_NAME = "handpicked_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEVELOPMENT
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_SSL_REDIRECT = not DEVELOPMENT
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
# Whose attempts are counted: behind a proxy the last address in X-Forwarded-For, which it wrote.
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)
SECURE_HSTS_SECONDS = 0 if DEVELOPMENT else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEVELOPMENT
# With "no-referrer" browsers post "Origin: null", and Django would refuse every form of the site.
# The recipients' pages, whose addresses are secrets, say "no-referrer" themselves.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # A form that answers with a redirect to a provider's consent screen needs its origin here.
        "form-action": [
            SELF,
            *sorted({_origin(url) for one in SOURCES.values() if (url := one.consent_screen())}),
            *([_origin(SIGN_IN_SERVER_URL)] if SIGN_IN_SERVER_URL else []),
        ],
    }
}

STATIC_URL = "static/"
STATIC_ROOT = env.path("STATIC_ROOT", BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEVELOPMENT
# Else it knows each file's length as it was at the start, and an edited style sheet is cut off there.
WHITENOISE_AUTOREFRESH = DEVELOPMENT

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
# What a page says once may name a person, so the browser keeps it until then, and no table does.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

# Signing up and asking for a new password take this long, or a multiple of it, for everybody.
EVEN_SECONDS = env.float("EVEN_SECONDS", 1.0)

# --- accounts (django-allauth) ----------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "importer:connect"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "config.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "config.accounts.NameForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
# Asks AccountAdapter to mail somebody without an account too: it takes as long, and mails nobody.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
# allauth offers a change only where there is an account behind the page, and so would give it away.
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = False
ACCOUNT_FORMS = {  # the same forms with our labels and sentences
    name: f"config.account_forms.{form}"
    for name, form in {
        "add_email": "AddEmailForm",
        "change_password": "ChangePasswordForm",
        "confirm_email_verification_code": "CodeForm",
        "login": "LoginForm",
        "reauthenticate": "ReauthenticateForm",
        "reset_password": "ResetPasswordForm",
        "reset_password_from_key": "ResetPasswordKeyForm",
        "set_password": "SetPasswordForm",
        "signup": "SignupForm",
    }.items()
}
SOCIALACCOUNT_FORMS = {"signup": "config.account_forms.SocialSignupForm"}
SOCIALACCOUNT_ADAPTER = "config.accounts.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False  # signing in never grants anything that lasts
SOCIALACCOUNT_AUTO_SIGNUP = True

# --- logs: ids and states, never names, addresses, words or tokens ------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"secret links": {"()": "config.secret_links.MaskSecretLinks"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["secret links"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    # Django's own default would mail ADMINS: mail has one door, and logs are not it.
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
