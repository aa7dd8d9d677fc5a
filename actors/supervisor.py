"""Supervisors: they begin actors in the order of their needs, begin again what crashes, and end all in order.

Invariants:
- an actor starts after those that it needs and stops before them; those that don't need each other do so at once;
- no restart without a line in the log, and none before a pause;
- each actor has a budget of crashes of its own; when it is used up, the error ends everything: it comes out of `run`;
- stopping has one deadline for all together; what is not done by then is cancelled, and everything ends in any case.

| strategy     | when one crashes, begun again are                        |
|--------------|----------------------------------------------------------|
| one for one  | it alone                                                 |
| rest for one | it and those after it in its group                       |
| one for all  | everyone in its group                                    |
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from enum import Enum
from random import Random
from typing import Any, Final, cast

import attrs
import trio

from ..core.errors import InvalidInput, NotFound
from .actor import Actor
from .actor_statistics import ActorStatistics
from .address import Address
from .cell import Cell
from .letters import DeadLetter
from .restarts import Budget
from .surroundings import Surroundings

__all__ = ["Group", "Maker", "Strategy", "Supervisor", "supervised"]

_logger = logging.getLogger(__name__)
STOP_S: Final = 30.0
Maker = Callable[[], Actor[Any]]
"""An actor's class, or a function that makes one."""


class Strategy(Enum):
    """Who is begun again when one of a group crashes."""

    ONE_FOR_ONE = "one for one"
    REST_FOR_ONE = "rest for one"
    ONE_FOR_ALL = "one for all"


@attrs.frozen
class Group:
    """Actors that are begun again together.

    Attributes:
        members: their classes, or functions that make them, in the order in which they start.
        strategy: who is begun again when one crashes.
        needs: names of actors that all of them need, beside those that each says itself.
    """

    members: Sequence[Maker]
    strategy: Strategy = Strategy.ONE_FOR_ONE
    needs: Sequence[str] = ()


@attrs.define(eq=False)
class _Kept:
    """A cell, and what its supervisor knows of it."""

    cell: Cell
    needs: Sequence[str]
    budget: Budget
    strategy: Strategy
    siblings: list[_Kept]
    lock: trio.Lock


class Supervisor:
    """Looks after actors."""

    def __init__(
        self, members: Iterable[Maker | Group], *, around: Surroundings | None = None, random: Random | None = None
    ) -> None:
        """Make the actors. None of them is begun yet.

        Args:
            members: actors, and groups of them.
            around: what they share.
            random: spreads the pauses before restarts; the same every time unless given.

        Raises:
            InvalidInput: two actors have one name, or one needs another that isn't there, or that needs it.
            Exception: whatever an actor's constructor raises.
        """
        self._around = around or Surroundings()
        self._random = random or Random(0)  # noqa: S311 - no secret hangs on it
        self._kept: dict[str, _Kept] = {}
        for member in members:
            self._add(member if isinstance(member, Group) else Group([member]))
        self._levels = _levels({name: kept.needs for name, kept in self._kept.items()})
        self._hurry = trio.Event()
        self._over = trio.Event()
        self._escalated = trio.Event()
        self._fatal: Exception | None = None
        self._lives: trio.Nursery | None = None

    def address(self, name: str) -> Address:
        """An actor's address.

        Raises:
            NotFound: there is none of that name.
        """
        kept = self._kept.get(name)
        if kept is None:
            message = f"there is no actor called {name}; there are: {', '.join(self._kept) or 'none'}"
            raise NotFound(message)
        return kept.cell.address

    def addresses(self) -> tuple[Address, ...]:
        """Every actor's, in the order in which they were given."""
        return tuple(kept.cell.address for kept in self._kept.values())

    def statistics(self) -> tuple[ActorStatistics, ...]:
        """How every actor is doing, in the order in which they were given."""
        return tuple(kept.cell.statistics() for kept in self._kept.values())

    def dead_letters(self) -> tuple[DeadLetter, ...]:
        """The last messages that reached nobody, the oldest first."""
        return self._around.letters.kept()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the actors until `stop`. Begin it with `nursery.start`: it has started when every actor has.

        Cancelled, it ends all actors at once. `supervised` keeps that away from them, and stops them in order.

        Raises:
            Exception: an actor crashed in its first start, or too often; all have been stopped.
        """
        try:
            async with trio.open_nursery() as self._lives:
                await self._start()
                task_status.started()
                await self._over.wait()
                self._lives.cancel_scope.cancel()
        finally:
            for kept in self._kept.values():
                kept.cell.finish()
            self._over.set()

    async def escalated(self) -> None:
        """Wait until an actor crashes too often: what runs beside the actors had better end then."""
        await self._escalated.wait()

    def check(self) -> None:
        """Raise the error of the actor that crashed too often, if one did."""
        if self._fatal is not None:
            raise self._fatal

    async def stop(self, deadline: float) -> bool:
        """Stop all actors in order, at most until `deadline` (Trio's clock).

        Returns:
            Whether all had handled everything by then.
        """
        self._hurry.set()
        in_time: list[bool] = []

        async def stop(cell: Cell) -> None:
            in_time.append(await cell.stop(deadline))

        for level in reversed(self._levels):
            async with trio.open_nursery() as nursery:
                for name in level:
                    nursery.start_soon(stop, self._kept[name].cell)
        self._over.set()
        return all(in_time)

    # -- inside

    def _add(self, group: Group) -> None:
        siblings: list[_Kept] = []
        lock = trio.Lock()
        for make in group.members:
            cell = Cell(make, self._around)
            if cell.name in self._kept:
                message = f"two actors are called {cell.name}; name one anew"
                raise InvalidInput(message)
            needs = (*cell.needs, *group.needs)
            kept = _Kept(cell, needs, Budget(cell.restart, self._random), group.strategy, siblings, lock)
            siblings.append(kept)
            self._kept[cell.name] = kept

    async def _start(self) -> None:
        for level in self._levels:
            async with trio.open_nursery() as starting:
                for name in level:
                    starting.start_soon(self._begin, self._kept[name])

    async def _begin(self, kept: _Kept) -> None:
        assert self._lives is not None  # noqa: S101 - opened by `run`, from where this is called
        await self._lives.start(self._live, kept)

    async def _live(self, kept: _Kept, *, task_status: trio.TaskStatus[None]) -> None:
        """One life of an actor, and what comes of its end."""
        cell = kept.cell
        is_first = cell.lives == 0
        status = _Status(task_status)
        try:
            crash = await cell.live(task_status=status)
        except BaseException:
            cell.finish()
            raise
        if crash is None:
            if not cell.is_halted:
                cell.finish()
        elif is_first and not status.is_started:
            cell.finish(has_failed=True)
            raise crash
        if not status.is_started:
            task_status.started()
        if crash is not None:
            await self._crashed(kept, crash)

    async def _crashed(self, kept: _Kept, crash: Exception) -> None:
        """Begin an actor again, and those that its group says, after a pause; or give up."""
        cell, life = kept.cell, kept.cell.lives
        async with kept.lock:
            if cell.lives != life or cell.over.is_set():
                return  # a sibling's crash has brought it back meanwhile
            pause_s = kept.budget.crashed(trio.current_time())
            if pause_s is None:
                self._give_up(cell, crash)
                return
            others = [each for each in _affected(kept) if each is not kept and not each.cell.over.is_set()]
            _logger.error(
                "the actor %s crashed (restart %d, in %.2f s%s): %s",
                cell.name,
                cell.statistics().restarts + 1,
                pause_s,
                "".join(f", with {each.cell.name}" for each in others),
                cell.last_error,
                exc_info=crash,
            )
            for each in reversed(others):
                await each.cell.halt()
            with trio.move_on_after(pause_s):
                await self._hurry.wait()
            for each in kept.siblings:
                if each is kept or each in others:
                    each.cell.restarted()
                    await self._begin(each)

    def _give_up(self, cell: Cell, crash: Exception) -> None:
        _logger.error("the actor %s crashed too often: %s", cell.name, cell.last_error, exc_info=crash)
        cell.finish(has_failed=True)
        if self._fatal is None:
            crash.add_note(f"the actor {cell.name} crashed with this, more often than its restart policy forgives")
            self._fatal = crash
            self._escalated.set()


@contextlib.asynccontextmanager
async def supervised(supervisor: Supervisor, *, stop_s: float = STOP_S) -> AsyncGenerator[Supervisor, None]:
    """Run a supervisor's actors around a body, and stop them in order at its end.

    What the body raises comes out as it is, not in a group: that there are tasks beside it is our own affair. An actor
    that crashes too often cancels the body, and its error comes out.

    Args:
        supervisor: whose actors.
        stop_s: how long stopping waits for what is under way, in seconds: one deadline for all together.
    """

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope(shield=True):  # whatever cancels the body: the order of the end is ours
            await supervisor.run(task_status=task_status)

    async def watch(body: trio.CancelScope) -> None:
        await supervisor.escalated()
        body.cancel()

    raised: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            nursery.start_soon(watch, nursery.cancel_scope)
            try:
                yield supervisor
            except trio.Cancelled:
                raise  # it belongs to a scope around us, or to this nursery
            except BaseException as error:  # noqa: BLE001 - raised again below, outside the nursery
                raised = error
            finally:
                with trio.CancelScope(shield=True):
                    await supervisor.stop(trio.current_time() + stop_s)
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise _only(group) from None
    supervisor.check()
    if raised is not None:
        raise raised


class _Status:
    """A task status that remembers whether it was used."""

    def __init__(self, inner: trio.TaskStatus[None]) -> None:
        self._inner = inner
        self.is_started = False

    def started(self, value: None = None) -> None:
        """As Trio's."""
        self.is_started = True
        self._inner.started(value)


def _affected(kept: _Kept) -> list[_Kept]:
    """Who is begun again when one crashes, in the order in which they start."""
    if kept.strategy is Strategy.ONE_FOR_ONE:
        return [kept]
    if kept.strategy is Strategy.ONE_FOR_ALL:
        return kept.siblings
    return kept.siblings[kept.siblings.index(kept) :]


def _levels(needs: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Names in the order in which they start: a level at once, after all before it.

    Raises:
        InvalidInput: a name is needed that isn't there, or some need each other.
    """
    for name, needed in needs.items():
        missing = [each for each in needed if each not in needs]
        if missing:
            message = f"the actor {name} needs {', '.join(missing)}, which isn't there"
            raise InvalidInput(message)
    levels: list[list[str]] = []
    left = dict(needs)
    while left:
        level = [name for name, needed in left.items() if not any(each in left for each in needed)]
        if not level:
            message = f"these actors need each other: {', '.join(left)}"
            raise InvalidInput(message)
        levels.append(level)
        for name in level:
            del left[name]
    return levels


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that a group holds, if it is the only one."""
    if len(group.exceptions) > 1:
        return group
    error = next(iter(group.exceptions))
    return _only(cast("BaseExceptionGroup[BaseException]", error)) if isinstance(error, BaseExceptionGroup) else error
