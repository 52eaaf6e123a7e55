"""The address books that can be read. ADDING.md says how to add one; config/settings.py reads this.

A plain dict: nothing registers itself. Must stay importable before Django's apps are loaded.
"""

from importer.sources import carddav, graph, hubspot, jmap, linkedin, other_contacts, people_api
from importer.sources.contract import Kind

KINDS: dict[str, Kind] = {
    "google": people_api.GOOGLE,
    # The same API at somebody else's address; the environment names it.
    "people_api": people_api.GOOGLE,
    "google_other": other_contacts.GOOGLE_OTHER,
    "microsoft": graph.MICROSOFT,
    "linkedin": linkedin.LINKEDIN,
    "hubspot": hubspot.HUBSPOT,
    "carddav": carddav.CARDDAV,
    "jmap": jmap.JMAP,
}
