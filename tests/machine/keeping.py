"""One life of a program with views of its own: as `process`, and all that can be done with views and the past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import trio

from remanence import Engine, InvalidInput, Projection, RemanenceError, Settings, ViewFailed, replay
from remanence.projections.memories.view import Memories

from .model import Fact, Model
from .process import Command, Process
from .shelf import Trail, expected, mend, skipped, stumbles
from .world import Crash, Machine

__all__ = ["Backup", "Keeping", "Witness", "rows_of", "witness"]


@attrs.frozen
class Backup:
    """A copy of the log, and the position that it ends with."""

    path: Path
    position: int


@attrs.frozen
class Witness:
    """What a view held at a position, for others to be held against it."""

    projection: type[Projection]
    position: int
    skips: frozenset[int]
    digest: str


def rows_of(engine: Engine, projection: type[Projection]) -> dict[str, object]:
    """What a view of items shows."""
    if projection is Memories:
        return {row.id: Fact.of(row) for row in engine.view(Memories).rows.iterate()}
    table = "traces" if projection is Trail else "places"
    rows: Any = getattr(engine.view(projection), table)
    return {row.item: row for row in rows.iterate()}


def witness(engine: Engine, projection: type[Projection], model: Model) -> Witness:
    """A view that nothing moves now is what the model has, row for row; what it holds is noted."""
    position = engine.checkpoint(projection)
    skips = skipped(projection, model.events)
    if projection is Memories:
        assert rows_of(engine, projection) == model.states[position].facts
    else:
        assert rows_of(engine, projection) == expected(projection, model.events[:position], skips)
    return Witness(projection, position, frozenset(skips), engine.digest(projection))


@attrs.define(eq=False)
class Keeping(Process):
    """A program with views.

    Attributes:
        machine: what it runs on.
        projections: its own, beside memory's.
        folder: where it puts what it copies.
        backups: the copies made so far.
        witnessed: what its views held at times.
        bad: what each of its views has ever failed at in this life, by name.
    """

    machine: Machine = attrs.field(kw_only=True)
    projections: tuple[Any, ...] = attrs.field(kw_only=True)
    folder: Path = attrs.field(kw_only=True)
    backups: list[Backup] = attrs.field(kw_only=True)
    witnessed: list[Witness] = attrs.field(factory=list[Witness])
    bad: dict[str, set[str]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bad = {each.name: set(each.bad) for each in self.projections}

    @property
    def engine(self) -> Engine:
        """Its engine."""
        return self.memory.engine

    async def do(self, command: Command) -> None:
        """Do one thing, and check what comes of it; a process that is dead does nothing."""
        try:
            await super().do(command)
        except (RemanenceError, AssertionError) as error:
            if self.machine.is_dead:
                raise Crash("whatever went wrong, the process is no more") from error
            raise
        if self.machine.is_dead:
            raise Crash("the process is no more, and didn't notice yet")

    def check(self) -> None:
        """As for any process; and no view shows more or less than it says."""
        super().check()
        for projection in self.projections:
            self._check_one(projection)

    def _check_one(self, projection: type[Projection]) -> None:
        [seen] = [each for each in self.engine.statistics().views if each.name == projection.name]
        assert seen.checkpoint + seen.lag_events == self.engine.head
        if not seen.is_async and seen.failure is None:
            assert seen.lag_events == 0
            witness(self.engine, projection, self.model)

    # -- the shelf

    async def _append(self, events: list[object]) -> None:
        self.in_doubt = len(events)
        appended = await self.engine.append(*events)
        assert list(appended.positions) == [self.model.add(event) for event in events]

    async def _spoil(self, which: int, item: str) -> None:
        projection = self._which(which)
        projection.bad.add(item)
        self.bad[projection.name].add(item)

    async def _amend(self) -> None:
        mend()

    # -- views

    def _which(self, number: int) -> Any:
        return self.projections[number % len(self.projections)]

    async def _settle(self) -> None:
        """Every view shows all there is, or stands before an event that it can't take, and says so."""
        await self.engine.flush()
        for projection in self.projections:
            try:
                await self.engine.wait_for(projection)
            except ViewFailed as failure:
                self._check_failure(projection, failure)
            else:
                assert self.engine.checkpoint(projection) == self.engine.head
                self.witnessed.append(witness(self.engine, projection, self.model))
        self.witnessed.append(witness(self.engine, Memories, self.model))

    def _check_failure(self, projection: Any, failure: ViewFailed) -> None:
        """It failed at what it can't take, it stands before that, and it shows nothing beyond."""
        assert stumbles(projection, self.model.events[failure.position - 1], self.bad[projection.name]), str(failure)
        assert failure.position not in skipped(projection, self.model.events)
        [seen] = [each for each in self.engine.statistics().views if each.name == projection.name]
        assert seen.parked is not None
        assert (seen.state, seen.parked.position) == ("parked", failure.position)
        assert seen.checkpoint == failure.position - 1
        if seen.is_async and seen.rows:
            self.witnessed.append(witness(self.engine, projection, self.model))

    async def _retry(self, which: int) -> None:
        projection = self._which(which)
        try:
            await self.engine.retry(projection)
        except ViewFailed as failure:
            self._check_failure(projection, failure)

    async def _skip(self, which: int) -> None:
        projection = self._which(which)
        self.in_doubt = 1
        try:
            await self.engine.skip(projection)
        except InvalidInput:
            pass
        except ViewFailed as failure:
            await self._take_up()
            self._check_failure(projection, failure)
        await self._take_up()

    async def _rebuild(self, which: int, stop_at: int | None, meanwhile: list[object]) -> None:
        """Build a view anew while events come in; perhaps give up after some of it."""
        projection = self._which(which)
        self.in_doubt = len(meanwhile)
        steps = 0
        with trio.CancelScope() as scope:

            def progress(*_: object) -> None:
                nonlocal steps
                steps += 1
                if steps == stop_at:
                    scope.cancel()

            async with trio.open_nursery() as nursery:
                for event in meanwhile:
                    nursery.start_soon(self.engine.append, event)
                try:
                    await self.engine.rebuild(projection, progress=progress)
                except ViewFailed as failure:
                    failed = self.engine.log.get(failure.position)
                    assert failed is not None
                    assert stumbles(projection, failed.data, projection.bad), str(failure)  # noqa: PT017 - or it goes well
        await self._take_up()

    async def _snapshot(self) -> None:
        """They are taken now and then without being asked; a rebuild begins with none of them."""
        await self._settle()
        for projection in self.projections:
            if not projection.bad:
                with replay(self.engine, projection) as view:
                    assert view.digest() == self.engine.digest(projection)

    # -- the past

    async def _as_of(self, number: int) -> None:
        """The past is what it was: what the model had then, and what the events up to then make."""
        await self.engine.flush()
        position = number % (self.engine.head + 1)
        if any(projection.bad for projection in self.projections):
            return
        async with self.memory.as_of(position) as past:
            for projection in (Memories, *self.projections):
                assert past.engine.checkpoint(projection) == position
                rows, skips = rows_of(past.engine, projection), skipped(projection, self.model.events)
                if projection is Memories:
                    assert rows == self.model.states[position].facts
                else:
                    assert rows == expected(projection, self.model.events[:position], skips)
                with replay(self.engine, projection, until=position) as view:
                    assert view.digest() == past.engine.digest(projection)

    async def _audit(self) -> None:
        if not any(projection.bad for projection in self.projections):
            found = await self.engine.audit()
            assert [each for each in found if not each.is_sound] == []

    async def _backup(self) -> None:
        await self.engine.flush()
        path = self.folder / f"backup {len(self.backups)}"
        await self.engine.backup(path)
        self.backups.append(Backup(path, self.engine.head))


SETTINGS = Settings(map_bytes=1 << 24, retrain=False, shutdown_s=1e6, snapshot_events=6)
"""Small; and by a clock that runs fast, closing must not look like being late."""
