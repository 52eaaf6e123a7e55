"""The one cipher for what is kept only for a while: tokens, uploaded people, account mail."""

from __future__ import annotations

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def cipher() -> MultiFernet:
    """Encrypts with the newest of GRANT_KEYS, decrypts with any. Raises InvalidToken for others."""
    return MultiFernet([Fernet(key) for key in settings.GRANT_KEYS])
