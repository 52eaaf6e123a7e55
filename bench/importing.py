"""What `bin/bench import` does: address books of 30,000 people beside what they are measured by."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import arguments, cards, databases, site
from bin.virtual_environment import ROOT
from importer.sources import people_api
from tests.sandbox.browser import Person, contacts_client, read
from tests.sandbox_process import SandboxProcess

DESCRIPTION = """\
bin/bench import: how fast address books come in, how much memory that takes, and how fast the list of
their people is. Every measured task is a process of its own on a new database; tasks that are
compared follow each other in turn, and the figures are medians. Last line:
  vs_vobject_parse      a file of vCards (2.1, 3.0, 4.0) read, cleaned, merged and stored, by what
                        vobject takes only to parse it
  vs_floor              contacts read over HTTP from the sandbox, cleaned, merged and stored, by what
                        json.loads of the same pages and bulk_create of the same rows take
  peak_mib_over_small   peak memory of these two imports, above that of an import of 300
  choose_30k_vs_300     the choose page with all these people, by what a page of as many rows takes
                        with 300: the worst of the pages, filters and searches in bench/choosing.py
Each is measured on SQLite and on PostgreSQL, and the worse one counts; vs_vobject_parse on SQLite
alone, where one process does all the work, in processor time: who else is busy makes no difference."""
FEW = 300
# The sandbox's address books, with 1,200 and 30,000 people.
NETWORK, LARGE = "bruno@office.example", "carla@network.example"
CARDS_SEED = 1
LIMIT_SECONDS = 900
PROMISED = {
    "vs_vobject_parse": 0.4,
    "vs_floor": 3.0,
    "peak_mib_over_small": 64.0,
    "choose_30k_vs_300": 1.5,
}

Figures = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bin/bench import`."""
    parser.add_argument(
        "--rows", type=arguments.positive, default=30_000, metavar="N", help="people (30000)"
    )
    parser.add_argument(
        "--rounds", type=arguments.positive, default=3, metavar="N", help="of each task (3)"
    )
    parser.add_argument(
        "--database", choices=[*databases.KINDS, "both"], default="both", help="(both)"
    )
    parser.add_argument("--json", action="store_true", help="nothing but the last line")


def run(options: argparse.Namespace) -> int:
    """Measures, and prints the figures. Returns 0 when all that was promised is reached, else 1."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the sandbox is on this machine
    kinds = databases.KINDS if options.database == "both" else (options.database,)
    found: dict[str, Figures] = {}
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        books = Books(folder, options.rows, parts)
        for kind in kinds:
            found[kind] = Measured(kind, folder, books, options, parts).figures()
    worst = {
        name: max(figures[name] for figures in found.values() if name in figures)
        for name in PROMISED
        if any(name in figures for figures in found.values())
    }
    print(json.dumps({**worst, **found}), flush=True)
    return int(any(figure > PROMISED[name] for name, figure in worst.items()))


class Books:
    """The address books: two files of vCards, and a sandbox whose people come over HTTP."""

    def __init__(self, folder: Path, rows: int, parts: ExitStack) -> None:
        self.many, self.few = folder / "many.vcf", folder / "few.vcf"
        cards.write(self.many, rows, CARDS_SEED)
        cards.write(self.few, min(FEW, rows), CARDS_SEED)
        self.owner = LARGE if rows > 1200 else NETWORK
        self.sandbox = parts.enter_context(SandboxProcess(folder))
        self.pages, self.rows = folder / "pages", folder / "rows"
        url, token = self.access(self.owner)
        with self.pages.open("wb") as file:
            asked: dict[str, str] = {}
            while True:
                answer = read(
                    url, token, "people/me/connections",
                    personFields=people_api.FIELDS, pageSize=people_api.PAGE_SIZE, **asked,
                )  # fmt: skip
                answer.raise_for_status()
                file.write(answer.content + b"\n")
                if not answer.json().get("nextPageToken"):
                    break
                asked["pageToken"] = answer.json()["nextPageToken"]

    def access(self, owner: str) -> tuple[str, str]:
        """What an import over HTTP needs: the API's address, and a token of its own."""
        token = contacts_client(self.sandbox).connects(Person(self.sandbox.url, owner))
        return self.sandbox.url, token["access_token"]


class Measured:
    """All figures on one kind of database."""

    def __init__(
        self, kind: str, folder: Path, books: Books, options: argparse.Namespace, parts: ExitStack
    ) -> None:
        self.kind, self.books, self.options = kind, books, options
        self.databases = parts.enter_context(databases.of_kind(kind, folder, durable=True))
        self.empty = self.databases.empty()
        self.runs: dict[str, list[Figures]] = defaultdict(list)
        self._process("-m", "django", "migrate", "--verbosity=0", url=self.empty)

    def figures(self) -> Figures:
        """Runs everything, and makes ratios of it."""
        books = self.books
        people = self._task("people", *self.books.access(books.owner))
        self._task("rows", str(books.rows), url=people)
        self._task("few cards", str(books.few))
        for _ in range(self.options.rounds):
            self._task("cards", str(books.many))
            if self.kind == "sqlite":
                self._task("vobject", str(books.many))
            self._task("people", *self.books.access(books.owner))
            self._task("floor", str(books.pages), str(books.rows))
        self.runs["people"].pop(0)  # it warmed the sandbox up
        peak = max(self._median(name, "peak_mib") for name in ("cards", "people"))
        peak -= self._median("few cards", "peak_mib")
        found = {
            "vs_floor": round(self._ratio("people", "floor", "seconds"), 2),
            "peak_mib_over_small": round(max(0.0, peak), 1),
            **self._choosing(),
            "seconds": {name: round(self._median(name, "seconds"), 2) for name in self.runs},
        }
        if self.kind == "sqlite":
            found["vs_vobject_parse"] = round(self._ratio("cards", "vobject", "work"), 2)
        return found

    def _choosing(self) -> Figures:
        url = self.databases.copy_of(self.empty)
        files = (str(self.books.few), str(self.books.many))
        said = self._process(
            "-m", "bench.choosing", *files, str(self.options.rounds * 2 - 1), url=url
        )
        cases = {name: many / few for name, (few, many) in said.items()}
        worst = max(cases, key=lambda name: cases[name])
        self._say(f"{self.kind}: worst on the choose page: {worst}")
        return {
            "choose_30k_vs_300": round(cases[worst], 2),
            "choose_median": round(statistics.median(cases.values()), 2),
        }

    def _task(self, name: str, *arguments: str, url: str = "") -> str:
        """One task in a process of its own; returns the address of the database it has filled."""
        url = url or self.databases.copy_of(self.empty)
        task = name.removeprefix("few ")
        said = self._process("-m", "bench.import_lane", task, *arguments, url=url)
        self.runs[name].append(said)
        self._say(f"{self.kind}, {name}: {said['seconds']:.2f} s, {said['rows']:,} rows")
        return url

    def _process(self, *arguments: str, url: str) -> Any:
        ran = subprocess.run(
            [sys.executable, *arguments], env=os.environ | site.settings(url), cwd=ROOT, check=True,
            stdout=subprocess.PIPE, text=True, timeout=LIMIT_SECONDS,
        )  # fmt: skip
        return json.loads(ran.stdout.splitlines()[-1]) if ran.stdout else None

    def _median(self, name: str, what: str) -> float:
        return statistics.median(run[what] for run in self.runs[name])

    def _ratio(self, ours: str, theirs: str, what: str) -> float:
        """Of each round, and the median of the rounds."""
        pairs = zip(self.runs[ours], self.runs[theirs], strict=True)
        return statistics.median(one[what] / other[what] for one, other in pairs)

    def _say(self, words: str) -> None:
        if not self.options.json:
            print(words, flush=True)
