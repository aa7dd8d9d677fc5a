"""Forking: a new log that shares the past of another one, up to a position.

Its frames are those of the other log, byte for byte, and so are their leaves: by them two logs can be seen to share a
past. Its id is its own, and with the id the chain: every link is computed anew. So no view, backup or reader can take
one log for the other when they go on differently. Where it comes from is noted beside its id (`Origin`).

Commits are put together, because they say nothing but what became durable at once; what has a key stays whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from ..codecs.commits import Commit, Declarations
from ..codecs.digests import chain_link
from ..codecs.frames import leaf, read_fields
from .clock import Entropy, system_entropy
from .environment import LOCK_FILE
from .errors import Damaged, InvalidInput
from .files import sync_directory
from .lmdb_store import LmdbStore
from .log import Log
from .past import Moment, past_log, position_at
from .placing import placing
from .stores import Origin, Sealed, Store
from .verify import Progress, Report, verify

__all__ = ["fork"]

COMMIT_EVENTS: Final = 4096
"""Events put into one commit: few flushes, and little held in memory."""
_COMMITS: Final = 1024


def fork(
    log: Log, moment: Moment, target: Path, *, entropy: Entropy = system_entropy, progress: Progress | None = None
) -> Report:
    """Make a log in `target` that begins with all events of `log` up to a moment.

    Args:
        log: the log, which may go on meanwhile.
        moment: a position, or a datetime for the last event recorded by then.
        target: the directory that an engine will open; missing or empty.
        entropy: random bytes, for the new log's id.
        progress: told how many events have been verified, of how many.

    Returns:
        What verification of the new log found: what is in it.

    Raises:
        InvalidInput: `target` holds something, the log has no such position, or it is in the middle of an append.
        Locked: `target` is open in an engine.
        Damaged: the log is. Nothing is made.
        StorageFailed: the disk refuses. Nothing is made.
    """
    source = past_log(log, log.head)
    position = position_at(source, moment)
    _refuse_inside(source, position)
    origin = Origin(source.store.log_id, position, past_log(source, position).store.head().link)
    with placing(target, "forked") as unfinished:
        with contextlib.closing(LmdbStore(unfinished, entropy=entropy, origin=origin)) as store:
            for commits in _grouped(source.store, position):
                _copy(source.store, commits, position, store)
            report = verify(store, progress=progress)
        if report.problem is not None:
            raise Damaged(report.problem.text, position=report.problem.position)
        (unfinished / LOCK_FILE).unlink(missing_ok=True)
        sync_directory(unfinished)
    return report


def _refuse_inside(source: Log, position: int) -> None:
    """Refuse to cut an append in two, as far as the log knows where appends begin: those with a key."""
    found: Sequence[Commit] = source.store.commits(position, 1) if position else ()
    for event in source.read(after=found[0].first - 1, before=position + 1) if found else ():
        count = event.key[1] if event.key is not None and event.key[0] else 1
        last = event.position + count - 1
        if last > position:
            message = f"event {position} is in the middle of an append of {count} events; "
            message += f"fork at {event.position - 1}, before it, or at {last}, its last event"
            raise InvalidInput(message)


def _grouped(source: Store, position: int) -> Iterator[list[Commit]]:
    """The commits that begin by `position`, in groups that become one commit each."""
    group: list[Commit] = []
    first = 1
    while first <= position:
        for commit in source.commits(first, _COMMITS):
            first = commit.last + 1
            if commit.first > position:
                break
            group.append(commit)
            if commit.last - group[0].first >= COMMIT_EVENTS:
                yield group
                group = []
    if group:
        yield group


def _copy(source: Store, commits: list[Commit], position: int, target: LmdbStore) -> None:
    first, last = commits[0].first, min(commits[-1].last, position)
    frames = source.read(first, last)
    if len(frames) != last - first + 1:
        message = f"event {first + len(frames)} is missing"
        raise Damaged(message, position=first + len(frames))
    types = tuple(chain.from_iterable(one.declarations.types for one in commits))
    if last < commits[-1].last:  # what is cut off may be what they were declared for
        used = {read_fields(frame, place)[2] for place, frame in enumerate(frames, first)}
        before = sum(len(one.declarations.types) for one in commits[:-1])
        types = types[:before] + tuple(each for each in types[before:] if each[0] in used)
    dictionaries = tuple(chain.from_iterable(one.declarations.dictionaries for one in commits))
    declarations = Declarations(types, dictionaries)
    known: Mapping[int, bytes] = source.dictionaries() if dictionaries else {}
    link = chain_link(target.head().link, first, len(frames), [leaf(frame) for frame in frames], declarations.pack())
    commit = Commit(first, len(frames), link, declarations)
    target.append(Sealed(commit, frames, {number: known[number] for number, _ in dictionaries}))
