"""The door for gunicorn: `gunicorn config.wsgi`."""

import logging
import os

from django.core.wsgi import get_wsgi_application

from config.secret_links import MaskSecretLinks
from config.starting import read_settings, refuse_a_wrong_address_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
read_settings(exit_code=3)  # gunicorn's own "failed to boot": with any other it would try for ever
application = get_wsgi_application()
refuse_a_wrong_address_key(exit_code=3)

# gunicorn's own logs have handlers of their own, which LOGGING does not reach.
for _name in ("gunicorn.access", "gunicorn.error"):
    logging.getLogger(_name).addFilter(MaskSecretLinks())
