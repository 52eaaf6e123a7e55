"""Celery wakes somebody up; it never carries anything. Task arguments are row ids, nothing else."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("handpicked")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
