"""How long the choose page takes with many people, beside few. Run as `python -m bench.choosing`.

Two members of one database, whose people are there already, ask for the same pages in turn.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterator
from itertools import product
from urllib.parse import urlencode

from sandbox.names import firm

SHOWN = ("address", "all", "chosen")
LAST = "999999"  # a page behind the last one is the last one
PAGES = ("1", "2", "600", LAST)
SEARCHES = (
    *("nobody is called so", firm(40)[1], firm(40)[0]),  # none, and exactly one
    *("a", "law", "olga", "ольга соколов", "齋藤", "mail.example.org"),
)
CHOSEN = 10  # people in each member's draft


def cases() -> Iterator[dict[str, str]]:
    """Every filter with every page, and with the first and the last page of every search."""
    for show, page in product(SHOWN, PAGES):
        yield {"show": show, "page": page}
    for show, search, page in product(SHOWN, SEARCHES, ("1", LAST)):
        yield {"show": show, "q": search, "page": page}


def main(few_file: str, many_file: str, rounds: str) -> None:
    """Prints one line of JSON: each case → seconds with few and with many people, medians."""
    from django.db import connection
    from django.test import Client
    from django.urls import reverse

    from bench.import_lane import import_cards
    from importer.models import Contact
    from invites.actions import drafting
    from tests import people

    # One process works with SQLite, so its own time is what counts, whoever else is busy.
    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    browsers = []
    for name, file in (("Few", few_file), ("Many", many_file)):
        member = people.member(f"{name} Diaz")
        import_cards(file, member)()
        browser = Client(SERVER_NAME="localhost")
        browser.force_login(member)
        them = Contact.objects.filter(member=member, refusal="").values_list("pk", flat=True)
        ids = set(them[:CHOSEN])
        drafting.choose(member=member, ticked=ids, shown=ids)
        browsers.append(browser)
    times: dict[str, tuple[list[float], list[float]]] = {}
    for _ in range(int(rounds)):
        for case in cases():
            found = times.setdefault(urlencode(case), ([], []))
            for browser, seconds in zip(browsers, found, strict=True):
                started = clock()
                answer = browser.get(reverse("invites:choose"), case)
                seconds.append(clock() - started)
                assert answer.status_code == 200, answer.content
    print(json.dumps({name: list(map(statistics.median, both)) for name, both in times.items()}))


if __name__ == "__main__":
    import django

    django.setup()
    main(*sys.argv[1:])
