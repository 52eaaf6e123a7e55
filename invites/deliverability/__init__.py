"""Whether the world can trust this site's mail: what the DNS says, and in words what it should say."""

from invites.deliverability.checks import Site, check
from invites.deliverability.finding import Finding, Verdict
from invites.deliverability.lookups import Lookups

__all__ = ["Finding", "Lookups", "Site", "Verdict", "check"]
