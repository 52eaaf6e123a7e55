"""The Django application of the sandbox: it holds the received mail."""

from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Label `sandbox`: the only tables of our own are those of the mailbox."""

    name = "sandbox"
    label = "sandbox"
    default_auto_field = "django.db.models.BigAutoField"
