"""The reader of what comes back by mail. Pure: no Django, no database, no network."""

from invites.reports.reading import read
from invites.reports.report import Kind, Reason, Recipient, Report

__all__ = ["Kind", "Reason", "Recipient", "Report", "read"]
