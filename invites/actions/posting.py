"""Posts to the webhooks of the site's operator, signed where there is a secret.

The addresses are the operator's own settings, so they are not held to the public internet; but nothing
is followed to another address, nothing is read of an answer but its status, and it all ends in time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence

import requests

from importer.sources.outgoing import Lines

SECONDS = 10.0  # for all of it, however slowly the other side speaks


class NotTaken(Exception):
    """Nobody there took it; says why, without the address."""


def post(url: str, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> None:
    """Returns once the other side has answered with a 2xx. Raises NotTaken."""
    lines = Lines(only_public=False)
    with requests.Session() as session:
        for scheme in ("https://", "http://"):
            session.mount(scheme, lines)
        began = time.monotonic()
        try:
            with lines.within(SECONDS):
                answer = session.post(
                    url,
                    data=body,
                    headers={"Content-Type": content_type, **(headers or {})},
                    timeout=SECONDS,
                    allow_redirects=False,
                    stream=True,
                )
                answer.close()
        except requests.RequestException as problem:
            raise NotTaken(type(problem).__name__) from None  # the text may hold the address
    # Who was hung up on in the middle of the headers seems to have ended them.
    if time.monotonic() - began >= SECONDS:
        raise NotTaken(f"it had not answered after {SECONDS:g} seconds")
    if not 200 <= answer.status_code < 300:
        raise NotTaken(f"it answered {answer.status_code}")


def signature(message: str, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The three headers of Standard Webhooks; `message` is what the receiver knows a repetition by.

    Each secret signs, so that a new one can be brought in before the old one goes.
    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    at = str(int(time.time()))
    content = b".".join([message.encode(), at.encode(), body])
    signed = [
        base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(f"v1,{one}" for one in signed),
    }
