"""A member's people as lines of text in a few rows, in the order of the choose page: to search and to leaf.

A search for a rare name looks at everybody. Over 30,000 rows a database needs five times as long for
that as over the same words in sixty large ones. It is made when an import is over and has brought many
people; whoever changes a contact drops it in the same transaction (`storing` then makes it anew, but
for pages of an import), and where there is none the contacts themselves are searched.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import BinaryField, QuerySet
from django.db.models.functions import Cast

from importer.models import Contact, DirectoryPage

FROM_PEOPLE = 2000  # fewer are searched as quickly where they are
PAGE = 500
MOST_FOUND = 500  # people whom a search lists; nobody leafs further
AT_ONCE = 4  # pages that are read before looking whether enough was found
COPY_PAGES = """
    COPY (
        SELECT lines FROM importer_directorypage
        WHERE member_id = %s AND number BETWEEN %s AND %s AND strpos(lines, %s) > 0
        ORDER BY number
    ) TO STDOUT (FORMAT BINARY)"""


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody in it is a line: the words, a tab, "+" for who can be invited or "-", the id."""

    member_id: int
    sizes: list[tuple[int, int, int]]  # of each page: number, people, who of them can be invited

    @property
    def everybody(self) -> int:
        """How many people there are."""
        return sum(people for _, people, _ in self.sizes)

    @property
    def choosable(self) -> int:
        """How many of them can be invited."""
        return sum(choosable for _, _, choosable in self.sizes)

    def found(self, words: Sequence[str], *, choosable: bool) -> list[int]:
        """Ids of whom all these words fit, in order; of more than MOST_FOUND one more than that."""
        longest, *others = (word.encode() for word in sorted(words, key=len, reverse=True))
        ids: list[int] = []
        for text in self._texts(longest):
            at = text.find(longest)
            while at >= 0:
                start, end = text.rfind(b"\n", 0, at) + 1, text.index(b"\n", at)
                for word in others:
                    if text.find(word, start, end) < 0:
                        break
                else:  # few lines come here: the words count, the mark and the id don't
                    line, _, person = text[start:end].rpartition(b"\t")
                    fits = longest in line and all(word in line for word in others)
                    if fits and (person.startswith(b"+") or not choosable):
                        ids.append(int(person[1:]))
                        if len(ids) > MOST_FOUND:
                            return ids
                at = text.find(longest, end)
        return ids

    def slice(self, start: int, stop: int, *, choosable: bool) -> list[int]:
        """Ids of the people at these places, counted from 0."""
        numbers, before = [], None
        first = 0
        for number, people, ready in self.sizes:
            size = ready if choosable else people
            if first < stop and start < first + size:
                numbers.append(number)
                before = first if before is None else before
            first += size
        texts = self._pages().filter(number__in=numbers).values_list("lines", flat=True)
        ids = [
            int(line.rpartition("\t")[2][1:])
            for text in texts
            for line in text.splitlines()
            if not choosable or line.rpartition("\t")[2][0] == "+"
        ]
        offset = start - (before or 0)
        return ids[offset : offset + stop - start]

    def _pages(self) -> QuerySet[DirectoryPage]:
        return DirectoryPage.objects.filter(member_id=self.member_id).order_by("number")

    def _texts(self, word: bytes) -> Iterator[bytes]:
        """Pages on which the word may be, in order, as UTF-8: nothing here needs them decoded."""
        if connection.vendor == "sqlite":
            lines = self._pages().values_list(Cast("lines", BinaryField()), flat=True)
            yield from lines.iterator(AT_ONCE)
            return
        # The server leaves out what it can, and sends page after page while the one before is read.
        # https://www.psycopg.org/psycopg3/docs/basic/copy.html#copying-block-by-block
        for numbers in ((0, AT_ONCE - 1), (AT_ONCE, len(self.sizes))):
            asked = [self.member_id, *numbers, word.decode()]
            # Django's own cursor takes no parameters here while it keeps a log.
            with connection.cursor() as cursor, cursor.cursor.copy(COPY_PAGES, asked) as copy:
                copy.set_types(["bytea"])
                rows = copy.rows()
                try:
                    for (text,) in rows:
                        yield bytes(text)
                finally:  # whoever has found enough; a copy that is left early would be an error
                    for _ in rows:
                        pass


def of(member_id: int) -> Directory | None:
    """The member's directory, if there is one."""
    sizes = DirectoryPage.objects.filter(member_id=member_id).order_by("number")
    found = list(sizes.values_list("number", "people", "choosable"))
    return Directory(member_id, found) if found else None


def drop(member_id: int) -> bool:
    """Removes it, in the transaction that changes contacts; whether there was one."""
    return DirectoryPage.objects.filter(member_id=member_id).delete()[0] > 0


def make(member_id: int) -> None:
    """Makes it from the contacts, in a transaction that holds the member's lock."""
    drop(member_id)
    contacts = Contact.objects.filter(member_id=member_id)
    if contacts.count() < FROM_PEOPLE:
        return
    rows = list(
        contacts.order_by("sort_name", "id").values_list("search", "refusal", "pk").iterator()
    )
    DirectoryPage.objects.bulk_create(
        [
            _page(member_id, first // PAGE, rows[first : first + PAGE])
            for first in range(0, len(rows), PAGE)
        ],
        batch_size=AT_ONCE,
    )


def _page(member_id: int, number: int, rows: Sequence[tuple[str, str, int]]) -> DirectoryPage:
    lines = [
        f"{' '.join(search.split())}\t{'-' if refusal else '+'}{pk}\n"
        for search, refusal, pk in rows
    ]
    return DirectoryPage(
        member_id=member_id,
        number=number,
        people=len(rows),
        choosable=sum(refusal == "" for _, refusal, _ in rows),
        lines="".join(lines),
    )
