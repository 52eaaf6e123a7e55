"""Declares the guards of invitations and consent records."""

from django.apps import AppConfig


class InvitesConfig(AppConfig):
    name = "invites"

    def ready(self) -> None:
        """Puts this app's guards on the list that every migration installs."""
        from invites import guards
        from ledger import guards as database

        database.declare(guards.GUARDS)
