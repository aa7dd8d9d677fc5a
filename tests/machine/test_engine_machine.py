"""The whole engine under everything at once: memory, views in the commits and behind them, and the past.

Lives of programs follow each other on one folder. Each may have other code (a second version of a view, a view that
fails, a view that follows instead of being part of the commits); each may be cancelled in a rebuild, or crash at any
write. Wherever a view stands, three things agree: what it holds, what is folded anew from the log, and plain dicts.
And the past is the past: `as_of(p)`, a log forked at p, and a store restored from a backup taken at p are one.

The short form is part of every run. The long one: `make endurance`, or

    HYPOTHESIS_PROFILE=long pytest tests/machine
"""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pytest
import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from trio.testing import MockClock

import remanence
from remanence import Engine, Memory, Projection, Recorded
from remanence.actors import keeper
from remanence.codecs.converter import make_converter
from remanence.core.backup import restore
from remanence.core.events import Registry
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify
from remanence.projections.catalog import VERSION, LmdbCatalog
from remanence.projections.memories.events import MEMORY_EVENTS
from remanence.projections.memories.view import Memories
from remanence.projections.skips import ViewSkipped
from remanence.projections.views import View

from ..effort import short
from .keeping import SETTINGS, Backup, Keeping, Witness, rows_of, witness
from .model import Model
from .process import Command
from .shelf import EVENTS, VERSIONS, Stocked, Taken, Trail, expected, mend, mended, skipped
from .test_memory_machine import picks, simple
from .world import Machine, When

FASTER = 1000
"""The clock that pauses and deadlines are measured by, against a real one."""

items = st.sampled_from(["nuts", "bolts", "nails"])
shelf_events = st.builds(Stocked, items, st.integers(1, 9)) | st.builds(Taken, items)
some_events = st.lists(shelf_events, min_size=1, max_size=6)
which = st.integers(0, 1)
appends = st.tuples(st.just("append"), some_events)
commands = st.one_of(
    appends,
    appends,
    simple,
    st.tuples(st.just("settle")),
    st.tuples(st.just("spoil"), which, items),
    st.tuples(st.just("amend")),
    st.tuples(st.just("retry"), which),
    st.tuples(st.just("skip"), which),
    st.tuples(st.just("rebuild"), which, st.none() | st.integers(1, 4), st.lists(shelf_events, max_size=4)),
    st.tuples(st.just("snapshot")),
    st.tuples(st.just("as of"), picks),
    st.tuples(st.just("audit")),
    st.tuples(st.just("backup")),
)
crashes = st.one_of(
    st.none(),
    st.none(),
    st.tuples(st.just("opening"), st.integers(1, 12), st.sampled_from(["before", "after"])),
    st.tuples(st.just("working"), st.integers(1, 40), st.sampled_from(["before", "after"])),
)


@attrs.frozen
class Code:
    """What a program is like: its version of the shelf, and which of its views follow."""

    version: int
    is_shelf_async: bool
    is_trail_async: bool
    durability: str

    @property
    def projections(self) -> tuple[type[Projection], ...]:
        """Its views."""
        return (VERSIONS[self.version], Trail)

    @property
    def views(self) -> tuple[type[Projection], ...]:
        """All views of its engine."""
        return (Memories, *self.projections)

    @property
    def options(self) -> dict[str, Any]:
        """What its engine is opened with."""
        following = (self.is_shelf_async, self.is_trail_async)
        chosen = list(zip(self.projections, following, strict=True))
        return {
            "events": EVENTS,
            "projections": [each for each, is_async in chosen if not is_async],
            "async_projections": [each for each, is_async in chosen if is_async],
            "settings": attrs.evolve(SETTINGS, durability=self.durability),
        }


codes = st.builds(
    Code, st.sampled_from([1, 1, 2]), st.booleans(), st.booleans(), st.sampled_from(["durable", "durable", "buffered"])
)


class EngineMachine(RuleBasedStateMachine):
    """Lives of programs, one after the other, on one folder."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.root = self.path / "memory"
        self.machine = Machine()
        self.model = Model()
        self.certain = 0
        self.in_doubt = 0
        self.clock = count(1_700_000_000_000_000_000, 1_000_000)
        self.entropy = Random(0).randbytes  # noqa: S311 - ids that are the same every time
        self.witnessed: list[Witness] = []
        self.backups: list[Backup] = []
        self.copies = count()
        self.patched = pytest.MonkeyPatch()
        self.patched.setattr(keeper, "BATCH", 4)
        mend()

    @rule(commands=st.lists(commands, max_size=8), crash=crashes, code=codes)
    def live(self, commands: list[Command], crash: When | None, code: Code) -> None:
        """A program opens the memory, works with it, and closes it or crashes."""
        with self.machine.running(crash):
            try:
                trio.run(self._live, commands, code, clock=MockClock(rate=FASTER))
            except BaseException:
                if not self.machine.is_dead:
                    raise

    @rule()
    def restart(self) -> None:
        """The machine goes down and comes up again."""
        self.machine.restart(self.root)

    @rule(what=st.sampled_from(["views", "views/.snapshots", "views/*-*"]))
    def lose(self, what: str) -> None:
        """Somebody deletes what can be built again."""
        for path in self.root.glob(what):
            shutil.rmtree(path)

    @rule(number=picks, code=codes)
    def restore(self, number: int, code: Code) -> None:
        """A store restored from a backup taken at p is `as_of(p)`."""
        if not self.backups:
            return
        backup = self.backups[number % len(self.backups)]
        copy = self.path / f"copy {next(self.copies)}"
        assert restore(backup.path, copy).problem is None
        self._compare(copy, backup.position, code)

    @rule(number=picks, code=codes)
    def fork(self, number: int, code: Code) -> None:
        """A log forked at p is `as_of(p)`."""
        self.live([], None, code)
        position = number % (self.model.head + 1)
        copy = self.path / f"copy {next(self.copies)}"

        async def make() -> None:
            async with self._opened(self.root, code) as memory:
                await memory.fork(position, copy)

        with self.machine.running(None):
            trio.run(make, clock=MockClock(rate=FASTER))
        self._compare(copy, position, code)

    def _compare(self, copy: Path, position: int, code: Code) -> None:
        with self.machine.running(None):
            trio.run(self._compare_in, copy, position, code, clock=MockClock(rate=FASTER))
        shutil.rmtree(copy)

    async def _compare_in(self, copy: Path, position: int, code: Code) -> None:
        """Views say the same in both places, unless an event has been skipped since: then as the model has it."""
        mend()
        events = self.model.events
        async with self._opened(self.root, code) as memory, self._opened(copy, code) as other:
            self._reconcile(memory.engine)
            assert [each.frame for each in other.engine.read()] == [
                each.frame for each in memory.engine.read(before=position + 1)
            ]
            async with memory.as_of(position) as past:
                for projection in code.views:
                    await other.engine.wait_for(projection)
                    assert other.engine.checkpoint(projection) == past.engine.checkpoint(projection) == position
                    skips = skipped(projection, events[:position])
                    if projection is not Memories:
                        assert rows_of(other.engine, projection) == expected(projection, events[:position], skips)
                    if not {each for each in skipped(projection, events) - skips if each <= position}:
                        assert other.engine.digest(projection) == past.engine.digest(projection)

    # -- lives

    def _opened(self, path: Path, code: Code) -> Any:
        return remanence.open(path, clock=lambda: next(self.clock), entropy=self.entropy, **code.options)

    async def _live(self, commands: list[Command], code: Code) -> None:
        async with self._opened(self.root, code) as memory:
            self._reconcile(memory.engine)
            self.machine.enter("working")
            process = self._process(memory, code)
            try:
                for command in (*commands, ("settle",)):
                    await process.do(command)
                self._prove(process.witnessed, memory.engine.read())
            finally:
                self.certain, self.in_doubt = process.certain, process.in_doubt

    def _process(self, memory: Memory, code: Code) -> Keeping:
        return Keeping(
            memory,
            self.model,
            code.durability == "durable",
            certain=self.certain,
            machine=self.machine,
            projections=code.projections,
            folder=self.path,
            backups=self.backups,
        )

    def _reconcile(self, engine: Engine) -> None:
        """After a crash: all that was certain is there, and nothing that nobody asked for."""
        assert self.certain <= engine.head <= self.model.head + self.in_doubt
        log = engine.read()
        assert [each.position for each in log] == list(range(1, len(log) + 1))
        self.model.cut(engine.head)
        self.model.fold(log[self.model.head :])
        self.certain, self.in_doubt = engine.head, 0
        witness(engine, Memories, self.model)

    def _prove(self, witnessed: list[Witness], log: list[Recorded[Any]]) -> None:
        """What views held is what is folded in one go from nothing."""
        for each in set(witnessed):
            with TemporaryDirectory() as folder:
                view = View(Path(folder), each.projection, b"", make_converter(), map_bytes=1 << 24)
                view.skips = each.skips
                with mended():
                    view.apply(log[: each.position])
                assert view.digest() == each.digest, each
                view.close()

    def teardown(self) -> None:
        """Whatever has happened, the memory opens, all views agree, and its log verifies to the last byte."""
        mend()
        self.live([("settle",), ("audit",)], None, Code(1, False, True, "durable"))  # noqa: FBT003 - as drawn
        store = LmdbStore(self.root / "log", read_only=True)
        catalog = LmdbCatalog(self.root / "views" / f"catalog-{VERSION}", store.log_id, read_only=True)
        report = verify(store, catalog, registry=Registry((*MEMORY_EVENTS, *EVENTS, ViewSkipped)))
        catalog.close()
        store.close()
        assert report.problem is None
        assert report.events == report.catalog_checkpoint == self.model.head
        self.patched.undo()
        self.folder.cleanup()


TestEngine = EngineMachine.TestCase
TestEngine.settings = short(12, steps=6)
