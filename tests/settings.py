"""The site's own settings, with keys and addresses made for tests. Nothing is switched off or faked."""

import os

os.environ.setdefault("DEVELOPMENT", "1")
os.environ.setdefault("SECRET_KEY", "tests-only-" + "s" * 40)
os.environ.setdefault("TOKEN_KEY", "tests-only-" + "t" * 40)
os.environ.setdefault("ADDRESS_KEY", "tests-only-" + "a" * 40)
os.environ.setdefault("GRANT_KEYS", "cOZ9bJ9vO6m8yd3o0dYV0dPpVbq1o2cHh4c1oG1xV2A=")
os.environ.setdefault("LEDGER_KEY", "bGVkZ2VyIGtleSBmb3IgdGVzdHMgb25seSwgMzIgYnk=")
os.environ.setdefault("EVEN_SECONDS", "0.001")  # tests/pages/test_alike.py sets a real one
os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1")
os.environ.setdefault("SITE_URL", "http://localhost:8000")
os.environ.setdefault("POSTAL_ADDRESS", "1 Example Street, 1000 Example")
os.environ.setdefault("INVITATIONS_ADDRESS", "invitations@handpicked.example")
os.environ.setdefault("EMAIL_URL", "smtp://127.0.0.1:1")
os.environ.setdefault("MAIL_PROVIDER", "mailgun")
os.environ.setdefault("MAIL_PROVIDER_KEY", "tests-only-" + "m" * 40)
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")
os.environ.setdefault("OUTCOME_SECONDS", "0")

from config.settings import *  # noqa: F403
