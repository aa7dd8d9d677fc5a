"""Opening: from a path to an open memory, in the way that gets least in the way of others.

Who only reads takes no lease, so reading works while an agent is writing. Views that can't be read yet (they are
missing, or behind) have to be built by whoever may write: this command, if nobody else does; otherwise the one who
writes, for whom it waits a moment.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import trio

from ..core.environment import DATA_FILE
from ..core.errors import InvalidInput, Locked, NotFound
from ..memory.memory import Memory
from ..opening.opening import Settings, open_memory
from ..reading.past_memory import PastMemory
from ..reading.reading import MemoryReader
from .exits import Exit, Failure, Interrupted, notice
from .options import Options
from .progress import bars, interruptible
from .texts import shown

__all__ = ["glancing", "is_memory", "reading", "require_memory", "run", "writing"]

T = TypeVar("T")
WAIT_TRIES: Final = 100
WAIT_S: Final = 0.05
"""Together five seconds: long enough for a commit or a small view, short enough to be told what is the matter."""
QUIET_TRIES: Final = 5
"""A view is behind its log for some milliseconds with every commit; only what lasts is worth a word."""
_PARTS: Final = frozenset({"log", "views", "lease"})
_NO_PARTS: Final[Mapping[str, Any]] = {}


def run(body: Callable[[], Awaitable[T]]) -> T:
    """Run a command in Trio.

    Raises:
        Interrupted: it was asked to end, and everything it had open has been closed.
    """
    return trio.run(_until_interrupted, body)


async def _until_interrupted(body: Callable[[], Awaitable[T]]) -> T:
    """Run the body until it is done, or until the first signal: a second one meets Python's own handler."""
    number: int | None = None
    raised: BaseException | None = None
    results: list[T] = []
    async with trio.open_nursery() as nursery:

        async def watch(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
            nonlocal number
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                task_status.started()
                number = await anext(signals)
            nursery.cancel_scope.cancel()

        await nursery.start(watch)
        try:
            results.append(await body())
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - raised again outside the nursery, which would wrap it up
            raised = error
        nursery.cancel_scope.cancel()
    if results:
        return results[0]
    if raised is not None and number is None:
        raise raised
    raise Interrupted(number or signal.SIGINT) from raised


def is_memory(path: Path) -> bool:
    """Whether there is a log in the folder."""
    data = path / "log" / DATA_FILE
    return data.exists() and data.stat().st_size > 0


def require_memory(path: Path) -> None:
    """Refuse what is no memory.

    Raises:
        Failure: it isn't there, or is something else.
    """
    if is_memory(path):
        return
    where = shown(path)
    what = f"{where} is not a memory: there is no log in it" if path.exists() else f"there is no memory in {where}"
    hint = "Name its folder with --path or REMANENCE_PATH; `remember` and `import` make one."
    raise Failure(what, Exit.NOTHING, hint=hint)


@contextlib.asynccontextmanager
async def reading(options: Options, **parts: Any) -> AsyncGenerator[MemoryReader, None]:
    """The memory, read-only and with its views up to date, or as it stood at the moment that is asked for.

    Args:
        options: what the command line says.
        parts: what `open_memory` takes for parts that not every memory has.

    Raises:
        Failure: there is none.
        Locked: its views have to be built, and another process that writes to it hasn't done so in time.
        Damaged, StorageFailed: as the disk says.
    """
    require_memory(options.path)
    async with contextlib.AsyncExitStack() as stack:
        memory = await _enter_reading(options.path, stack, parts)
        if options.moment is None:
            yield memory
            return
        with bars(replay="folding the past") as progress:
            past = await stack.enter_async_context(memory.as_of(options.moment, progress=progress))
        yield past


@contextlib.asynccontextmanager
async def glancing(options: Options) -> AsyncGenerator[MemoryReader | PastMemory, None]:
    """As `reading`, to ask about single memories: for those of the past, no view has to be folded.

    Raises:
        Failure, Locked, Damaged, StorageFailed: as `reading`.
    """
    require_memory(options.path)
    async with contextlib.AsyncExitStack() as stack:
        memory = await _enter_reading(options.path, stack)
        yield memory if options.moment is None else memory.as_of(options.moment)


async def _enter_reading(path: Path, stack: contextlib.AsyncExitStack, parts: Mapping[str, Any] = _NO_PARTS) -> Memory:
    for attempt in range(WAIT_TRIES):
        with contextlib.suppress(NotFound):
            return await stack.enter_async_context(open_memory(path, read_only=True, **parts))
        try:
            async with _open(path, create=False, settings=Settings(retrain=False), **parts):
                pass  # opened for writing, the views have been built
        except Locked as error:
            if attempt == WAIT_TRIES - 1:
                raise
            if attempt == QUIET_TRIES:
                notice(f"process {error.pid} is writing and has yet to bring the views up to date; waiting for it")
            await trio.sleep(WAIT_S)
    return await stack.enter_async_context(open_memory(path, read_only=True, **parts))


@contextlib.asynccontextmanager
async def writing(options: Options, *, create: bool = False, **parts: Any) -> AsyncGenerator[Memory, None]:
    """The memory, for writing; with parts that not every memory has, as `open_memory` takes them.

    Raises:
        Failure: there is none, and it is not for this command to make one.
        InvalidInput: the folder that it would be made in holds other things.
        Locked: another process writes to it.
        Damaged, StorageFailed: as the disk says.
    """
    if create:
        _refuse_others_folder(options.path)
    else:
        require_memory(options.path)
    async with contextlib.AsyncExitStack() as stack:
        try:
            memory = await stack.enter_async_context(_open(options.path, create=create, by=options.by, **parts))
        except Locked as error:
            what = str(error).partition(";")[0]  # what Python programs can do about it comes after that
            hint = "Stop it first to write; commands that only read work meanwhile."
            raise Failure(what, Exit.LOCKED, hint=hint) from error
        yield memory


@contextlib.asynccontextmanager
async def _open(path: Path, **options: Any) -> AsyncGenerator[Memory, None]:
    async with contextlib.AsyncExitStack() as stack:
        with bars(catalog="indexing the log", memories="building the view of memories") as progress:
            memory = await stack.enter_async_context(open_memory(path, progress=interruptible(progress), **options))
        yield memory


def _refuse_others_folder(path: Path) -> None:
    """A mistyped path must not fill somebody's folder with files of ours."""
    if is_memory(path) or not path.is_dir():
        return
    if any(entry.name not in _PARTS for entry in path.iterdir()):
        message = f"{shown(path)} holds other things than a memory; name a new or an empty folder with --path"
        raise InvalidInput(message)
