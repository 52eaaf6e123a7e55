"""Installs the ledger's guards after every migration."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        """Declares the ledger's append-only tables and connects the installer of all guards."""
        from ledger import guards

        guards.connect()
        guards.declare(guards.append_only("ledger_entry"))
        guards.declare(guards.append_only("ledger_run", unique=("position", "first_entry")))
        guards.declare(guards.append_only("ledger_block", unique=("number",)))
        guards.declare(guards.append_only("ledger_seal", unique=("number",)))
