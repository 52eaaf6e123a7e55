"""Address books in, people out."""

from django.apps import AppConfig


class ImporterConfig(AppConfig):
    name = "importer"
