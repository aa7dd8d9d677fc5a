"""Append runs of stores that are used from threads: one thread for each client, as their users would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from time import perf_counter
from typing import Protocol

from .append_journal import Journal, Load, Reader, check_answers
from .harness import Sample
from .material import NoteTaken

__all__ = ["Send", "Store", "run_threads"]

Send = Callable[[Sequence[NoteTaken]], Sequence[int]]
"""Append notes durably; returns their positions."""


class Store(Reader, Protocol):
    """A store with many clients."""

    def connect(self) -> Send:
        """A client of its own for a thread."""
        ...


def run_threads(load: Load, open_store: Callable[[Path], AbstractContextManager[Store]], folder: Path) -> Sample:
    """Append for a while from as many threads as there are clients, and check what came of it.

    Raises:
        WrongAnswer: the store lost, invented or changed something.
    """
    journals = [Journal(number, load.events) for number in range(load.clients)]
    with open_store(folder) as store, ThreadPoolExecutor(load.clients) as pool:
        clients = [(journal, store.connect()) for journal in journals]

        def all_until(stop: float) -> None:
            for done in [pool.submit(_append_until, *client, stop) for client in clients]:
                done.result()

        all_until(perf_counter() + load.seconds / 10)
        for journal in journals:
            journal.begin()
        began = perf_counter()
        all_until(began + load.seconds)
        seconds = perf_counter() - began
        measured = sum(journal.measured for journal in journals)
        latencies = [latency for journal in journals for latency in journal.latencies_s]
        for done in [pool.submit(_append_and_read, *client, store) for client in clients]:
            done.result()
        check_answers(journals, store)
    return Sample(measured, seconds, latencies)


def _append_until(journal: Journal, send: Send, stop: float) -> None:
    while True:
        batch = journal.next()
        began = perf_counter()
        positions = send(batch)
        now = perf_counter()
        journal.took(positions, now - began)
        if now >= stop:
            return


def _append_and_read(journal: Journal, send: Send, reader: Reader) -> None:
    batch = journal.next()
    journal.took(send(batch), 0.0)
    journal.check_last(reader, batch[-1])
