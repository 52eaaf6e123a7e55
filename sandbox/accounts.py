"""The sandbox's account holders and their address books."""

from dataclasses import dataclass

from sandbox.demo_people import DEMO_OTHERS, DEMO_PEOPLE
from sandbox.people import Book, large_person, network_person, nobody, saved_by_mail

# One password for all, shown on the login page.
PASSWORD = "sandbox"


@dataclass(frozen=True, slots=True)
class Account:
    """An invented person who can sign in here. `number` keeps resource names apart."""

    number: int
    email: str
    given: str
    family: str
    book: Book

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given} {self.family}"

    @property
    def people(self) -> str:
        """The size of the address book in words: "1,200 people"."""
        return f"{self.book.size:,} people" if self.book.size else "nobody yet"


ACCOUNTS: tuple[Account, ...] = (
    Account(
        1,
        "ana@diaz.example",
        "Ana",
        "Diaz",
        Book(len(DEMO_PEOPLE), DEMO_PEOPLE.__getitem__, len(DEMO_OTHERS), DEMO_OTHERS.__getitem__),
    ),
    Account(
        2,
        "bruno@office.example",
        "Bruno",
        "Leclerc",
        Book(1_200, network_person, 60, saved_by_mail),
    ),
    Account(
        3,
        "carla@network.example",
        "Carla",
        "Nyström",
        Book(30_000, large_person, 2_000, saved_by_mail),
    ),
    Account(4, "empty@example.example", "Emil", "Leer", Book(0, nobody, 0, nobody)),
)


def account_of(email: str) -> Account:
    """The account with this e-mail address.

    Raises KeyError when there is none."""
    for account in ACCOUNTS:
        if account.email == email:
            return account
    raise KeyError(email)
