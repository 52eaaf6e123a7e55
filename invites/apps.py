"""Declares the guards of invitations and consent records, and listens: for people who join, for what
a mail provider tells, for a migration that brings a new address key."""

from django.apps import AppConfig


class InvitesConfig(AppConfig):
    name = "invites"

    def ready(self) -> None:
        """Puts this app's guards on the list that every migration installs."""
        from invites import address_key, guards, joining, provider_events, rights
        from ledger import guards as database

        database.declare(guards.GUARDS)
        joining.connect()
        provider_events.connect()
        address_key.connect()
        rights.connect(self)
