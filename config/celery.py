"""Celery wakes somebody up; it never carries anything. Task arguments are row ids, nothing else."""

import os
import sys
from pathlib import Path

from celery import Celery

from config.starting import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if "celery" in Path(sys.argv[0]).parts[-2:]:  # `celery` or `python -m celery`: worker and beat
    read_settings()

app = Celery("handpicked")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
