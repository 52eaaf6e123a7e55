"""Installs the ledger's guards after every migration."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        """Declares the ledger's append-only table and connects the installer of all guards."""
        from ledger import guards

        guards.connect()
        guards.declare(guards.append_only("ledger_entry"))
