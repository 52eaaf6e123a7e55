"""django-post_office as its own documentation would run it fast, on the same kind of database."""

from tests.settings import DATABASES, EMAIL_HOST, EMAIL_PORT  # the same pragmas, the same server

__all__ = ["DATABASES", "EMAIL_HOST", "EMAIL_PORT"]

SECRET_KEY = "bench-only-" + "b" * 40
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "post_office"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
EMAIL_BACKEND = "post_office.EmailBackend"
POST_OFFICE = {
    "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
    "BATCH_SIZE": 5000,
}
LOGGING_CONFIG = None
