"""The only package that knows the environment: settings, URLs, Celery, WSGI, sign-up."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
