"""Places where a log can live, and the events that the tests of this folder put there. No expectation lives here."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

import attrs

from remanence.codecs.commits import Commit
from remanence.core.catalogs import Catalog, KeyUse, MemoryCatalog
from remanence.core.clock import Entropy, WallClock
from remanence.core.errors import Closed
from remanence.core.events import Registry, event
from remanence.core.lmdb_store import LmdbStore
from remanence.core.log import Log
from remanence.core.queries import Term
from remanence.core.stores import MemoryStore, Store
from remanence.projections.catalog import LmdbCatalog

MAP_BYTES: Final = 1 << 24
NOON_NS: Final = 1_700_000_000_000_000_000
KINDS: Final = ("memory", "lmdb", "mixed")
"""Store and catalog in memory, both on disk, and a store on disk whose catalog is built anew at every opening."""


@event("money.spent")
@attrs.frozen
class Spent:
    """Money left an account."""

    account: str
    amount: int = 1

    def about(self) -> list[str]:
        """The account."""
        return [f"account:{self.account}"]


@event("note.made", dedup=True)
@attrs.frozen
class Note:
    """A note, known by its own content."""

    text: str
    tags: tuple[str, ...] = ()

    def about(self) -> tuple[str, ...]:
        """The tags."""
        return self.tags


@event("thing.happened")
@attrs.frozen
class Happened:
    """Something, about whatever the tags say."""

    what: str
    tags: tuple[str, ...] = ()

    def about(self) -> tuple[str, ...]:
        """The tags."""
        return self.tags


EVENTS: Final = (Spent, Note, Happened)
REGISTRY: Final = Registry(EVENTS)


class BareStore(MemoryStore):
    """A store in memory whose lists and tables lie bare, to be changed behind its back."""

    def __init__(self, log_id: bytes = bytes(range(16))) -> None:
        super().__init__(log_id)

    @property
    def frames(self) -> list[bytes]:
        """All frames."""
        return self._frames

    @property
    def records(self) -> list[Commit]:
        """All commit records."""
        return self._commits

    @property
    def names(self) -> dict[int, str]:
        """The table of types."""
        return self._types

    @property
    def trained(self) -> dict[int, bytes]:
        """The table of dictionaries."""
        return self._dictionaries

    def pose_as(self, log_id: bytes) -> None:
        """Claim to be another log."""
        self._log_id = log_id


class BareCatalog(MemoryCatalog):
    """A catalog in memory, likewise."""

    @property
    def postings(self) -> dict[Term, list[int]]:
        """All postings."""
        return self._postings

    @property
    def uses(self) -> dict[bytes, KeyUse]:
        """All keys."""
        return self._keys

    def forge(self, proof: bytes) -> None:
        """Claim to have been made from another history."""
        self._proof = proof


def dice(seed: int) -> Random:
    """Choices that are the same every time."""
    return Random(seed)  # noqa: S311 - nothing here is a secret


def ticking() -> WallClock:
    """A clock that goes on by a millisecond whenever it is looked at."""
    return itertools.count(NOON_NS, 1_000_000).__next__


def seeded(seed: int = 1) -> Entropy:
    """Bytes that look random and are the same every time."""
    return dice(seed).randbytes


class Place:
    """Where one log lives, whether it is open or not."""

    def __init__(self, kind: str, root: Path) -> None:
        self.kind = kind
        self.root = root
        self.memory = BareStore()
        self._memory_catalog = MemoryCatalog()
        self._entropy = seeded()
        self._opened: list[Log] = []

    @property
    def log_path(self) -> Path:
        """The log's folder."""
        return self.root / "log"

    @property
    def catalog_path(self) -> Path:
        """The catalog's folder."""
        return self.root / "catalog"

    def store(self, *, read_only: bool = False, map_bytes: int = MAP_BYTES) -> Store:
        """The store, opened."""
        if self.kind == "memory":
            return self.memory
        return LmdbStore(self.log_path, read_only=read_only, map_bytes=map_bytes, entropy=self._entropy)

    def catalog(self, log_id: bytes, *, read_only: bool = False, boot: str = "boot") -> Catalog:
        """The catalog, opened."""
        if self.kind == "memory":
            return self._memory_catalog
        if self.kind == "mixed":
            return MemoryCatalog()
        return LmdbCatalog(self.catalog_path, log_id, read_only=read_only, map_bytes=MAP_BYTES, boot=boot)

    def open(
        self,
        registry: Registry = REGISTRY,
        *,
        clock: WallClock | None = None,
        read_only: bool = False,
        map_bytes: int = MAP_BYTES,
        boot: str = "boot",
    ) -> Log:
        """The log, opened."""
        store = self.store(read_only=read_only, map_bytes=map_bytes)
        catalog = self.catalog(store.log_id, read_only=read_only, boot=boot)
        clock = ticking() if clock is None else clock
        log = Log(store, catalog, registry, clock=clock, entropy=self._entropy, read_only=read_only)
        self._opened.append(log)
        return log

    def lose_catalog(self) -> None:
        """Throw the catalog away; the log is closed."""
        self._memory_catalog = MemoryCatalog()
        if self.kind == "lmdb":
            for path in self.catalog_path.iterdir():
                path.unlink()
            self.catalog_path.rmdir()

    def close(self) -> None:
        """Close whatever is still open."""
        while self._opened:
            with suppress(Closed):
                self._opened.pop().close()


def die(log: Log) -> None:
    """The process that had the log open is gone: nothing is flushed, nothing marked as clean."""
    if isinstance(log.store, LmdbStore):
        log.store.close()
    if isinstance(log.catalog, LmdbCatalog):
        log.catalog.store.env.close()


def ignoring(*_: object) -> None:
    """In the place of something that should be done, and isn't."""


@contextmanager
def place(kind: str) -> Generator[Place]:
    """A place of its own, gone afterwards."""
    with TemporaryDirectory() as folder:
        made = Place(kind, Path(folder))
        try:
            yield made
        finally:
            made.close()


def facts(log: Log) -> list[tuple[object, ...]]:
    """Everything that reading tells of every event."""
    return [
        (each.position, each.type, each.version, each.tags, each.time_ns, each.by, each.cause, each.key, each.data)
        for each in log.read()
    ]
