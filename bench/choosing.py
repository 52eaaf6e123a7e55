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

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from bench.import_lane import import_cards  # noqa: E402
from importer.models import Contact  # noqa: E402
from invites.actions import drafting  # noqa: E402
from invites.actions.people import Show, page_of_people  # noqa: E402
from sandbox.names import firm  # noqa: E402
from tests import people  # noqa: E402

# Both members' pages must show as many rows, so whoever is searched for is in both books: nobody, one
# person by work or by name and work, or more than a page.
SEARCHES = ("nobody is called so", firm(40)[1], firm(40)[0], "a", "example", "mail.example.org")
PLACES = ("first", "second", "middle", "last but one")
CHOSEN = 10  # people in each member's draft


def cases() -> Iterator[tuple[Show, str, str]]:
    """Whom to show, what to search for, which page."""
    listed = (Show.WITH_ADDRESS, Show.EVERYBODY)
    yield from product(listed, [""], PLACES)
    yield from product(listed, SEARCHES, ["first"])
    yield from product([Show.CHOSEN], ["", "nobody is called so"], ["first"])


def path(member: User, show: Show, search: str, place: str) -> str:
    """The address of a case for one member, who has a last page of their own."""
    page = page_of_people(member=member, search=search, show=show, number=1)
    numbers = {"first": 1, "second": 2, "middle": page.pages // 2, "last but one": page.pages - 1}
    query = urlencode({"show": show, "q": search, "page": max(1, numbers[place])})
    return f"{reverse('invites:choose')}?{query}"


def browser_of(name: str, cards: str) -> tuple[User, Client]:
    """A new member with the people of a file, some of them chosen, and their browser."""
    member = people.member(f"{name} Diaz")
    import_cards(cards, member)()
    them = Contact.objects.filter(member=member, refusal="").values_list("pk", flat=True)
    ids = set(them[:CHOSEN])
    drafting.choose(member=member, ticked=ids, shown=ids)
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(member)
    return member, browser


def main(few_cards: str, many_cards: str, rounds: str) -> None:
    """Prints one line of JSON: each case → seconds with few and with many people, medians."""
    # One process works with SQLite, so its own time is what counts, whoever else is busy.
    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    both = [browser_of("Few", few_cards), browser_of("Many", many_cards)]
    times: dict[str, tuple[list[float], list[float]]] = {}
    addresses = {case: [path(member, *case) for member, _ in both] for case in cases()}
    for _ in range(int(rounds)):
        for case, paths in addresses.items():
            found = times.setdefault(" / ".join(case), ([], []))
            for (_, browser), address, seconds in zip(both, paths, found, strict=True):
                started = clock()
                answer = browser.get(address)
                seconds.append(clock() - started)
                if answer.status_code != 200:
                    raise RuntimeError(f"{address}: {answer.status_code}")
    print(json.dumps({name: list(map(statistics.median, pair)) for name, pair in times.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
