"""Scenarios: given what happened, when a command runs, then these events are recorded.

Reactions and actors that a scenario is opened with (`reactions=[…]`, `actors=[…]`) have handled everything when it
looks: what they recorded because of what was told has happened before the command, what they record because of the
command belongs to its events.

A scenario runs when its `then` or `raises` is called, on a real engine in a folder of its own. It needs no `await`, so
that no check can be forgotten half-way: called from within a Trio test, it runs in a loop of its own in another thread,
while the test's loop waits.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Generic, TypeVar

import attrs
import trio

from ..actors.cacher import CACHER
from ..core.clock import WallClock
from ..core.errors import RemanenceError
from ..core.recorded import Recorded
from ..engine.appending import Request
from ..engine.engine import Engine
from ..memory.memory import Memory
from ..opening.opening import Settings, open_engine, open_memory
from ..projections.memories.events import MEMORY_EVENTS
from ..projections.projection import Projection
from .determinism import Clock, seeded
from .scratch import scratch
from .stories import Told, as_requests, classes_of

__all__ = ["Given", "Outcome", "When", "given", "given_memory"]

F = TypeVar("F", Engine, Memory)
Command = Callable[[F], object]
"""What is tested: it takes the engine or memory; a coroutine function, or a plain one that only looks."""

MARKS: Final = frozenset({"reaction.marked", "actor.marked"})
"""How reactions and actors keep their places: no outcome of anything."""
ROUNDS_MAX: Final = 100
"""No reaction's outcome leads to another's as often."""


@attrs.frozen
class Outcome:
    """What came of a command.

    Attributes:
        result: what it returned.
        events: what it recorded, with tags, causes and times.
        error: what it raised, or None.
    """

    result: Any
    events: tuple[Recorded[Any], ...]
    error: Exception | None = None


def given(
    *told: Told,
    events: Iterable[type] = (),
    projections: Iterable[type[Projection]] = (),
    clock: WallClock | None = None,
    seed: int = 0,
    **options: Any,
) -> Given[Engine]:
    """Begin a scenario whose command takes an `Engine`.

    Args:
        told: what has happened: instances of event classes, or `Request`s for events with tags, causes or keys.
        events: event classes that the command may record; those of the scenario's own events need not be named.
        projections: views that the command looks at.
        clock: what tells the time; a `Clock()` unless given.
        seed: of the random bytes that ids are made of.
        options: whatever else `open_engine` takes: `async_projections`, `reactions`, `settings`, …
    """
    return Given(_engine, as_requests(told), tuple(events), clock, seed, {**options, "projections": tuple(projections)})


def given_memory(
    *told: Told,
    events: Iterable[type] = (),
    projections: Iterable[type[Projection]] = (),
    clock: WallClock | None = None,
    seed: int = 0,
    **options: Any,
) -> Given[Memory]:
    """As `given`, for a command that takes a `Memory`; memory's own events need not be named."""
    return Given(_memory, as_requests(told), tuple(events), clock, seed, {**options, "projections": tuple(projections)})


def _engine(folder: str, events: Iterable[type], **options: Any) -> AbstractAsyncContextManager[Engine]:
    return open_engine(folder, events=events, **options)


def _memory(folder: str, events: Iterable[type], **options: Any) -> AbstractAsyncContextManager[Memory]:
    return open_memory(folder, events=[each for each in events if each not in MEMORY_EVENTS], **options)


@attrs.frozen
class Given(Generic[F]):
    """What has happened before the command; made by `given` and `given_memory`."""

    _open: Callable[..., AbstractAsyncContextManager[F]]
    _told: Sequence[Request]
    _events: tuple[type, ...]
    _clock: WallClock | None
    _seed: int
    _options: dict[str, Any]

    def when(self, command: Command[F]) -> When[F]:
        """Say what is tested. Nothing runs before `then` or `raises` says what should come of it."""
        return When(self, command)

    async def outcome(self, command: Command[F], expected: Iterable[type]) -> Outcome:
        """Run a command after what was told."""
        classes = [*dict.fromkeys([*self._events, *classes_of(self._told), *expected])]
        clock = Clock() if self._clock is None else self._clock
        with scratch() as folder:
            opened = self._open(
                folder,
                classes,
                clock=clock,
                entropy=seeded(self._seed),
                **{"settings": Settings(retrain=False), **self._options},
            )
            async with opened as subject:
                engine = subject.engine if isinstance(subject, Memory) else subject
                for result in await engine.append_all(self._told):
                    if isinstance(result, RemanenceError):
                        raise result
                await _let_react(engine)
                return await _run(command, subject, engine)


async def _run(command: Command[F], subject: F, engine: Engine) -> Outcome:
    head, result, raised = engine.head, None, None
    try:
        result = command(subject)
        if inspect.isawaitable(result):
            result = await result
    except Exception as error:  # noqa: BLE001 - whether it should have been is the scenario's to say
        raised = error
    await engine.flush()
    await _let_react(engine)
    events = tuple(each for each in engine.read(after=head) if each.type not in MARKS)
    return Outcome(result, events, raised)


async def _let_react(engine: Engine) -> None:
    """Let reactions and actors handle what happened, and what they made happen.

    Raises:
        AssertionError: they never come to an end.
    """
    for _ in range(ROUNDS_MAX):
        head = engine.head
        await engine.wait_for_actors(head)
        if engine.head == head:
            return
    following = [each.name for each in engine.statistics().actors if each.position and each.name != CACHER]
    names = ", ".join(name.removeprefix("reaction:") for name in following)
    message = f"after {ROUNDS_MAX} rounds there is still something to react to: do {names} set each other going?"
    raise AssertionError(message)


@attrs.frozen
class When(Generic[F]):
    """A command, and what happened before it; made by `Given.when`."""

    _given: Given[F]
    _command: Command[F]

    def run(self) -> Outcome:
        """Run it, whatever comes of it: for what `then` and `raises` don't ask."""
        return self._run([])

    def then(self, *events: Told) -> Outcome:
        """Run it, and see that it recorded just these events, in this order; none, if none is named.

        Args:
            events: what they say; or `Request`s, whose tags, `by` and `cause`, where given, are compared too.

        Raises:
            AssertionError: it recorded others.
            Exception: whatever the command raised.
        """
        __tracebackhide__ = True
        expected = as_requests(events)
        outcome = self._run(expected)
        if outcome.error is not None:
            raise outcome.error
        _compare(expected, outcome.events)
        return outcome

    def raises(self, error: type[Exception], *events: Told, match: str = "") -> Outcome:
        """Run it, and see that it is refused, having recorded just these events before; none, if none is named.

        Args:
            error: the class of the error.
            events: as `then` takes them.
            match: a regular expression that is found in the error's text.

        Raises:
            AssertionError: it raised nothing, or said something else, or recorded other events.
            Exception: what the command raised, if that is of another class.
        """
        __tracebackhide__ = True
        expected = as_requests(events)
        outcome = self._run(expected)
        if outcome.error is None:
            message = f"{error.__name__} should have been raised; the command returned {outcome.result!r} and recorded "
            message += _listed([_told(each) for each in outcome.events])
            raise AssertionError(message)
        if not isinstance(outcome.error, error):
            raise outcome.error
        if not re.search(match, str(outcome.error)):
            message = f"{error.__name__} should have said {match!r}; it says {str(outcome.error)!r}"
            raise AssertionError(message) from outcome.error
        _compare(expected, outcome.events)
        return outcome

    def _run(self, expected: Sequence[Request]) -> Outcome:
        run = self._given.outcome
        if not trio.lowlevel.in_trio_run():
            return trio.run(run, self._command, classes_of(expected))
        with ThreadPoolExecutor(1) as another:
            return another.submit(trio.run, run, self._command, classes_of(expected)).result()


def _compare(expected: Sequence[Request], found: Sequence[Recorded[Any]]) -> None:
    """See that what was recorded is what was expected."""
    __tracebackhide__ = True
    wanted = [(event, request) for request in expected for event in request.events]
    if len(wanted) == len(found) and all(_fits(*want, have) for want, have in zip(wanted, found, strict=True)):
        return
    message = f"should have been recorded: {_listed([_wanted(*want) for want in wanted])}"
    message += f"\nwas recorded: {_listed([_told(each) for each in found])}"
    raise AssertionError(message)


def _fits(event: object, request: Request, found: Recorded[Any]) -> bool:
    return (
        type(found.data) is type(event)
        and found.data == event
        and set(request.tags) <= set(found.tags)
        and request.by in (None, found.by)
        and request.cause in (None, found.cause)
    )


def _wanted(event: object, request: Request) -> str:
    return repr(event) + _marks(request.tags, request.by, request.cause)


def _told(found: Recorded[Any]) -> str:
    data = found.data if found.is_known else f"{found.type} {found.raw}"
    return f"{data!r}{_marks(found.tags, found.by, found.cause)}"


def _marks(tags: Sequence[str], by: str | None, cause: int | None) -> str:
    marks = {"tags": ", ".join(tags), "by": by, "cause": cause}
    told = "; ".join(f"{name} {value}" for name, value in marks.items() if value)
    return f"  ({told})" if told else ""


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"\n  {number}. {line}" for number, line in enumerate(lines, 1)) or "nothing"
