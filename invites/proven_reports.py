"""Which invitation a returned mail is about, by something that only who had the mail can know.

The Message-ID names an invitation too, but its sender can know it, and so could make up a bounce that
shuts a stranger out. So nothing counts but the MAC of our return path, or the secret link's token:
whoever holds that could press "stop" on the recipient's page anyway.
"""

from __future__ import annotations

import re
from uuid import UUID

from invites import return_path, tokens
from invites.models import Invitation
from invites.reports import parts

_LINK = re.compile(rf"/i/([A-Za-z0-9_-]{{{tokens.LENGTH}}})/")
_MOST_LINKS = 20
_FOLD = re.compile(r"=?\n[ \t]*")  # some servers fold what they quote


def invitation_of(raw: bytes) -> UUID | None:
    """The invitation that a returned mail proves to be about; None: it proves nothing."""
    texts = [raw[: parts.MAX_BYTES].decode("latin-1").replace("\r\n", "\n")]
    texts += [part.text for part in parts.message(raw).parts]
    for text in texts:
        if uid := return_path.invitation_in(text):
            return uid
    for text in texts:
        secrets = [*_LINK.findall(text), *_LINK.findall(_FOLD.sub("", text))]
        hashes = {tokens.hash_of(secret) for secret in secrets[:_MOST_LINKS]}
        found = Invitation.objects.filter(token_hash__in=hashes).values_list("uid", flat=True)
        if len(found) == 1:
            return found[0]
    return None
