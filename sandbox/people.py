"""Invented people, each a pure function of a number: nothing is stored, and no start waits.

All domains are reserved for examples (RFC 2606). Telephone numbers begin with zeros after the
country's prefix, so that nobody can have them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.names import FIRMS, LANGUAGES, TITLES, firm


@dataclass(frozen=True, slots=True)
class Address:
    """An e-mail address and its label: "work", "home", "other", or empty as many are."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Person:
    """One entry of an address book. `updated` is when it was last changed, in RFC 3339."""

    given: str = ""
    family: str = ""
    display: str = ""
    addresses: tuple[Address, ...] = ()
    organization: str = ""
    title: str = ""
    phone: str = ""
    updated: str = "2026-05-11T08:30:00Z"
    birthday: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The name to show; empty for those who are known by their address alone."""
        return self.display or f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Book:
    """An address book: contacts 0 to size - 1, and the people whom the mail saved by itself."""

    size: int
    person: Callable[[int], Person]
    others_size: int
    other: Callable[[int], Person]


# Names that break careless pages: markup, quotes, formulas, marks that turn the writing around.
_AWKWARD_NAMES = (
    "<b>Bold</b> & Sons",
    "<script>alert(1)</script>",
    '"Kit" O\'Shea',
    '=HYPERLINK("http://click.example";"me")',
    "Robert'); DROP TABLE people;--",
    "Anna \u202enetsriK\u202c Berg",
    "Zero\u200bWidth Jones",
    "Łódź 🦊 & Cie",
    "visit-me.example Ltd",
)
_BROKEN_ADDRESSES = (
    "no-at-sign.example",
    "two@@signs.example",
    "nobody@",
    "blank in@local.example",
    "ends.with.dot.@firm.example",
    "<angle@brackets.example>",
    "Name only",
)
_ROLES = ("info", "sales", "support", "office", "noreply", "no-reply", "jobs", "billing", "admin")
_LISTS = ("all-staff", "newsletter", "members-list", "team", "announce")


def _ordinary_person(seed: str, index: int) -> tuple[Person, str, str]:
    """A person with a job and a telephone, and what an address is made of: (local, domain)."""
    # Not for secrets: the seed is what makes the same number give the same person.
    draw = random.Random(f"{seed}/{index}")  # noqa: S311
    language = draw.choice(LANGUAGES)
    given, family = draw.choice(language.given), draw.choice(language.family)
    company, domain = firm(index % FIRMS)
    year = draw.randint(2009, 2026)
    person = Person(
        given=given.written,
        family=family.written,
        display=language.display(given.written, family.written),
        organization=company,
        title=draw.choice(TITLES),
        phone=f"{language.country}000{index:06d}",
        updated=f"{year}-{draw.randint(1, 9):02d}-{draw.randint(1, 28):02d}T08:30:00Z",
        birthday=(draw.randint(1, 12), draw.randint(1, 28)) if index % 10 == 0 else None,
    )
    return person, f"{given.ascii}.{family.ascii}", domain


def network_person(index: int) -> Person:
    """Bruno's book, like a network's export: 1,200 people of whom exactly 84 have an address.

    Those 84 addresses are well-formed and all different, so the count is the same however an
    importer counts. Five of them are shared mailboxes or lists."""
    person, local, domain = _ordinary_person("network", index)
    place, rest = divmod(index, 100)
    # Seven in each hundred, apart from each other; twelve hundreds make 84.
    if rest not in (4, 19, 33, 47, 58, 71, 90):
        return person
    if rest == 4 and place < 3:
        return replace(person, addresses=(Address(f"{_ROLES[place]}@{domain}", "work"),))
    if rest == 19 and place < 2:
        return replace(person, addresses=(Address(f"{_LISTS[place]}@{domain}", "work"),))
    if rest == 33:
        return replace(person, addresses=(Address(f"{local}.{index}@mail.example.org", "home"),))
    return replace(person, addresses=(Address(f"{local}@{domain}", "work"),))


def large_person(index: int) -> Person:
    """Carla's book: 30,000 entries as real ones are, mostly good, with every kind of trouble."""
    if index % 50 == 47:
        return _duplicate_of(large_person(index - 3), index)
    person, local, domain = _ordinary_person("large", index)
    work = Address(f"{local}@{domain}", "work")
    home = Address(f"{local}{index}@mail.example.org", "home")
    if index % 997 == 5:
        long_name = " ".join([person.given or "Ana"] * 60)
        return replace(person, display=f"{long_name} {person.family}", addresses=(work,))
    if index % 331 == 11:
        name = _AWKWARD_NAMES[index // 331 % len(_AWKWARD_NAMES)]
        return replace(person, given=name, family="", display=name, addresses=(work,))
    if index % 307 == 13:
        broken = _BROKEN_ADDRESSES[index // 307 % len(_BROKEN_ADDRESSES)]
        return replace(person, addresses=(Address(broken, "work"),))
    if index % 500 == 21:
        # Internationalised: the local part needs SMTPUTF8 (RFC 6531), the domain IDNA.
        return replace(person, addresses=(Address(f"josé{index}@señal{index}.example", "work"),))
    if index % 211 == 17:
        return Person(addresses=(home,), updated=person.updated)
    if index % 60 == 23:
        role = _ROLES[index // 60 % len(_ROLES)]
        return replace(person, addresses=(Address(f"{role}@{domain}", "work"),))
    if index % 200 == 29:
        mailing_list = _LISTS[index // 200 % len(_LISTS)]
        return replace(person, addresses=(Address(f"{mailing_list}@{domain}", ""),))
    return replace(person, addresses=_usual_addresses(index, work, home))


def _usual_addresses(index: int, work: Address, home: Address) -> tuple[Address, ...]:
    kind = index % 20
    if kind == 3:
        return ()
    if kind in (4, 8, 14):
        return (home, work)
    if kind == 16:
        return (work, home, Address(work.value.replace("@", "+old@", 1), "other"))
    if kind in (1, 6, 11):
        return (home,)
    if kind == 9:
        return (replace(work, label=""),)
    return (work,)


def _duplicate_of(person: Person, index: int) -> Person:
    """The same person entered twice: the address in capitals, or with dots moved about."""
    if not person.addresses:
        return person
    first, *rest = person.addresses
    local, _, domain = first.value.partition("@")
    way = index // 50 % 3
    if way == 0:
        again = first.value.upper()
    elif way == 1:
        again = f"{local.title()}@{domain.title()}"
    else:
        again = f"{local.replace('.', '')}@{domain}"
    return replace(person, addresses=(replace(first, value=again), *rest), phone="")


def saved_by_mail(index: int) -> Person:
    """Someone who once wrote or was written to: no job, no telephone, at times no name."""
    person, local, domain = _ordinary_person("other", index)
    if index % 9 == 4:
        return Person(addresses=(Address(f"noreply-{index}@{domain}", ""),))
    display = "" if index % 5 == 2 else person.display
    return Person(
        display=display, addresses=(Address(f"{local}@{domain}", ""),), updated=person.updated
    )


def nobody(index: int) -> Person:
    """The person of an empty book: there is none, so asking for one is a mistake."""
    raise IndexError(index)
