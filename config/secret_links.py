"""Keeps secret links, and what people look for, out of the logs. Used by LOGGING and wsgi.py."""

from __future__ import annotations

import logging
import re

# A recipient's token, also of a link that lost its end on the way (most of a secret is too much for
# a log), and also where the path, or a part of it, is percent-encoded.
_TOKEN = re.compile(r"((?:/|%2f)(?:i|%69)(?:/|%2f))(?:[\w-]|%[0-9a-f]{2}){16,}", re.I | re.A)
# A link that stops invitations to an address, which is sealed in it.
_STOP_LINK = re.compile(r"(/stop/)[\w%=-]{16,}", re.A)
# In /accounts/password/reset/key/<member>-<key>/.
_RESET_KEY = re.compile(r"(/reset/key/)[\w%-]{8,}", re.A)
# Whatever follows an address: OAuth's code and state, a search for somebody's name or address.
_QUERY = re.compile(r"""(/[^\s?"']*\?)[^\s"]+""")


class MaskSecretLinks(logging.Filter):
    """Writes … for the secret part of every address in a line. Drops no line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record's message in place."""
        message = masked = record.getMessage()
        for secret in (_TOKEN, _STOP_LINK, _RESET_KEY, _QUERY):
            masked = secret.sub(r"\1…", masked)
        if masked != message:
            record.msg, record.args = masked, ()
        return True
