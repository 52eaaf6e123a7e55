"""The door for gunicorn: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from config.starting import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
read_settings(exit_code=3)  # gunicorn's own "failed to boot": with any other it would try for ever
application = get_wsgi_application()
