"""Several processes that share work on one database. Imports no models: a new process begins here."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import django
from django.db import DEFAULT_DB_ALIAS, connections

Item = TypeVar("Item")
Result = TypeVar("Result")


def useful() -> int:
    """How many can work at once: what this machine has, or 1 where others would not see our data."""
    connection = connections[DEFAULT_DB_ALIAS]
    in_memory = getattr(connection, "is_in_memory_db", lambda: False)
    if connection.in_atomic_block or in_memory():
        return 1
    return os.cpu_count() or 1


def in_order(
    work: Callable[[Item], Result], items: Iterator[Item], processes: int
) -> Iterator[Result]:
    """`map(work, items)`, by so many processes; with 1, by this one. `items` are taken as needed.

    The first error is the one that `map` would have raised.
    """
    if processes < 2:
        yield from map(work, items)
        return
    name = str(connections[DEFAULT_DB_ALIAS].settings_dict["NAME"])
    # Where it is safe, copies of this process begin at once; they must not share its connection.
    connections.close_all()
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(name,))
    pool.submit(os.getpid).result()
    going_on: deque[Future[Result]] = deque()
    try:
        problem: Exception | None = None
        while problem is None:
            try:
                item = next(items)
            except StopIteration:
                break
            except Exception as error:  # noqa: BLE001 (what came before may have one of its own)
                problem = error
                break
            going_on.append(pool.submit(work, item))
            if len(going_on) > 2 * processes:
                yield going_on.popleft().result()
        while going_on:
            yield going_on.popleft().result()
        if problem:
            raise problem
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(database: str) -> None:
    """A new process: the site's settings, and the database that whoever started it works on."""
    django.setup()
    connections[DEFAULT_DB_ALIAS].settings_dict["NAME"] = database
