"""Memory under everything at once: random commands, crashes at any write, of the process or the machine, lost views.

At every step three things agree: the live view, a view built from scratch, and a plain dict. What was acknowledged is
never lost (buffered: no more than what was not yet committed), and in the end the whole log verifies.

The short form is part of every run. The long one looks at some hundred thousand steps: `make endurance`, or

    HYPOTHESIS_PROFILE=long pytest tests/machine
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from trio.testing import MockClock

import remanence
from remanence import Engine, NewMemory, Recorded, Settings
from remanence.codecs.converter import make_converter
from remanence.core.events import Registry
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify
from remanence.projections.caching.settings import CacheSettings
from remanence.projections.catalog import VERSION, LmdbCatalog
from remanence.projections.memories.events import MEMORY_EVENTS
from remanence.projections.memories.view import Memories
from remanence.projections.views import View, view_path

from ..effort import short
from .model import Fact, Model
from .process import DEATH, Command, Process
from .world import Machine, When

MAP_BYTES = 1 << 24
texts = st.sampled_from(["tea", "coffee", "cocoa"])
scopes = st.sampled_from(["main", "ada"])
sessions = st.sampled_from(["s", "t"])
places = st.none() | st.integers(1, 4)
picks = st.integers(0, 1 << 16)
facts = st.builds(NewMemory, texts, scopes)
turns = st.builds(NewMemory, texts, session=sessions, place=places)
simple = st.one_of(
    st.tuples(st.just("remember"), facts),
    st.tuples(st.just("remember"), turns),
    st.tuples(st.just("revise"), picks, st.none() | texts, st.sampled_from([0.1, 0.9])),
    st.tuples(st.just("reinforce"), picks),
    st.tuples(st.just("forget"), picks),
    st.tuples(st.just("note"), picks, st.integers(0, 5)),
    st.tuples(st.just("transcript"), st.sampled_from(["one", "two"])),
)
commands = st.one_of(
    simple,
    st.tuples(st.just("many"), st.lists(facts | turns, max_size=5)),
    st.tuples(st.just("at once"), st.lists(simple, min_size=2, max_size=4)),
    st.tuples(st.just("flush")),
)
crashes = st.one_of(
    st.none(),
    st.tuples(st.just("opening"), st.integers(1, 8), st.sampled_from(["before", "after"])),
    st.tuples(st.just("working"), st.integers(1, 12), st.sampled_from(["before", "after"])),
)


def digest_from_scratch(log: Sequence[Recorded[Any]], log_id: bytes) -> str:
    """Digest of a view that is built of a log in one go."""
    with TemporaryDirectory() as folder:
        view = View(Path(folder), Memories, log_id, make_converter(), map_bytes=MAP_BYTES)
        view.apply(log)
        digest = view.digest()
        view.close()
    return digest


class MemoryMachine(RuleBasedStateMachine):
    """Lives of programs, one after the other, on one folder.

    Attributes:
        cache: what is kept in memory of what is read.
    """

    cache: CacheSettings | str = "default"

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.root = Path(self.folder.name) / "memory"
        self.machine = Machine()
        self.model = Model()
        self.certain = 0
        self.in_doubt = 0
        self.clock = count(1_700_000_000_000_000_000, 1_000_000)
        self.entropy = Random(0).randbytes  # noqa: S311 - ids that are the same every time
        self.witnessed: list[tuple[str, list[Recorded[Any]], bytes]] = []

    @rule(commands=st.lists(commands, max_size=6), crash=crashes, durability=st.sampled_from(["durable", "buffered"]))
    def live(self, commands: list[Command], crash: When | None, durability: str) -> None:
        """A program opens the memory, works with it, and closes it or crashes."""
        with self.machine.running(crash):
            try:
                trio.run(self._live, commands, durability, clock=MockClock())
            except DEATH:
                assert self.machine.is_dead
        for digest, log, log_id in self.witnessed:
            assert digest == digest_from_scratch(log, log_id)
        self.witnessed.clear()

    @rule()
    def restart(self) -> None:
        """The machine goes down and comes up again."""
        self.machine.restart(self.root)

    @rule(what=st.sampled_from(["views", f"views/catalog-{VERSION}", f"views/{view_path(Path(), Memories).name}"]))
    def lose(self, what: str) -> None:
        """Somebody deletes what can be built again."""
        shutil.rmtree(self.root / what, ignore_errors=True)

    async def _live(self, commands: list[Command], durability: str) -> None:
        settings = Settings(durability=durability, map_bytes=MAP_BYTES, retrain=False, cache=self.cache)
        async with remanence.open(
            self.root, settings=settings, clock=lambda: next(self.clock), entropy=self.entropy
        ) as memory:
            self._reconcile(memory.engine)
            self.machine.enter("working")
            process = Process(memory, self.model, durability == "durable", certain=self.certain)
            try:
                for command in commands:
                    await process.do(command)
                await process.do(("flush",))
                self._witness(memory.engine)
            finally:
                self.certain, self.in_doubt = process.certain, process.in_doubt

    def _reconcile(self, engine: Engine) -> None:
        """After a crash: all that was certain is there, and nothing that nobody asked for."""
        assert self.certain <= engine.head <= self.model.head + self.in_doubt
        self.model.cut(engine.head)
        self.model.fold(engine.read(after=self.model.head))
        self.certain, self.in_doubt = engine.head, 0
        self._witness(engine)

    def _witness(self, engine: Engine) -> None:
        """What is visible is what the model has; whether it is what the log makes is looked at later."""
        live = {row.id: Fact.of(row) for row in engine.view(Memories).rows.iterate()}
        assert live == self.model.now.facts
        assert engine.checkpoint(Memories) == self.model.head
        self.witnessed.append((engine.digest(Memories), engine.read(), engine.log.store.log_id))

    def teardown(self) -> None:
        """Whatever has happened, the memory opens, and its log verifies to the last byte."""
        self.live([], None, "durable")
        store = LmdbStore(self.root / "log", read_only=True)
        catalog = LmdbCatalog(self.root / "views" / f"catalog-{VERSION}", store.log_id, read_only=True)
        report = verify(store, catalog, registry=Registry(MEMORY_EVENTS))
        catalog.close()
        store.close()
        assert report.problem is None
        assert report.events == report.catalog_checkpoint == self.model.head
        self.folder.cleanup()


class UncachedMachine(MemoryMachine):
    """The same with nothing kept: what is read is what is on the disk."""

    cache = "off"


class CrampedMachine(MemoryMachine):
    """The same with all levels, and so little room that most of what is kept has to go soon."""

    cache = CacheSettings(objects_bytes=8192, rows_bytes=8192, results_bytes=16384, policy="lru")


TestMemory = MemoryMachine.TestCase
TestMemory.settings = short(10, steps=6)
TestUncached = UncachedMachine.TestCase
TestUncached.settings = short(4, steps=6)
TestCramped = CrampedMachine.TestCase
TestCramped.settings = short(6, steps=6)
