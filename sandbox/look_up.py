"""Search in an address book by the beginnings of words.

"foo name" is found by "f", "foo n" and "nam", not by "oo n":
https://developers.google.com/people/api/rest/v1/people/searchContacts
"""

from functools import lru_cache
from itertools import islice

from sandbox.accounts import Account
from sandbox.people import Person

# Fingerprints of the tokens that have sent the empty query.
_warm: set[str] = set()


def _searchable(person: Person) -> str:
    """The fields that are searched, in lower case, each word after a space."""
    addresses = [address.value.replace("@", "@ ") for address in person.addresses]
    whole = [address.value for address in person.addresses]
    texts = (person.name, person.given, person.family, person.organization, person.phone)
    return " " + " \n ".join((*texts, *addresses, *whole)).casefold()


@lru_cache(maxsize=8)
def _index(account: Account) -> tuple[str, ...]:
    return tuple(_searchable(account.book.person(i)) for i in range(account.book.size))


def forget() -> None:
    """Every token has to warm up again."""
    _warm.clear()


def warm_up(account: Account, fingerprint: str) -> None:
    """Build the account's index, and let this token search from now on."""
    _index(account)
    _warm.add(fingerprint)


def search(account: Account, fingerprint: str, query: str, most: int) -> list[int]:
    """Positions of the people who match, at most `most`; none before the warm-up."""
    if fingerprint not in _warm:
        return []
    wanted = " " + " ".join(query.casefold().split())
    matches = (i for i, text in enumerate(_index(account)) if wanted in text)
    return list(islice(matches, most))
