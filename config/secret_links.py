"""Keeps recipients' secret links out of the logs. Used by LOGGING in settings.py, and by wsgi.py."""

from __future__ import annotations

import logging
import re

# Also a link that lost its end on the way: most of a secret is too much for a log.
_SECRET = re.compile(r"(?<=/i/)[A-Za-z0-9_-]{16,}")


class MaskSecretLinks(logging.Filter):
    """Writes … for the token wherever a line has the path of a recipient's page. Drops no line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record's message in place."""
        message = record.getMessage()
        masked = _SECRET.sub("…", message)
        if masked != message:
            record.msg, record.args = masked, ()
        return True
