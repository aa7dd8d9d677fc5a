"""Verification: everything in a log computed again, and the first place where it isn't what it was when it was written.

What is checked, in the order of positions:
- commit records: checksum, no gap, none too many, and each link of the chain from the digests of what it seals;
- what they declare: the tables of types and of dictionaries hold just that, bytes against digests;
- frames: checksum, one for each position, declared type and dictionary, time never backward, a payload that opens;
- the catalog, if there is one: every type, tag and key of every event, and nothing else (`verify_catalog`).

Damage is what this is for: it is reported, not raised, and nothing here goes through a `Log`, which might not open.
The chain can't tell that its own end was cut off, whole commits at a time; a catalog that knows more than the log can.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import attrs

from ..codecs.commits import Commit
from ..codecs.compression import dictionary_digest
from ..codecs.digests import chain_link, genesis_link
from .catalogs import Catalog
from .errors import Damaged, InvalidInput
from .events import Registry
from .stores import Head, Store, Tally
from .verify_catalog import CatalogCheck
from .verify_frames import FrameCheck

__all__ = ["Problem", "Report", "verify"]

V = TypeVar("V")
Progress = Callable[[int, int], None]
"""Called with the number of events checked and of those to check."""
FRAMES_MAX: Final = 2048
"""Frames read at once, if they are of the usual size."""
READ_BYTES: Final = 32 << 20
"""What they may take about: where events have megabytes, fewer are read at once."""
COMMITS_MAX: Final = 1024
"""Commit records read at once."""


@attrs.frozen
class Problem:
    """What is wrong.

    Attributes:
        position: the first event that is damaged, missing, or sealed by a record that is; None where the damage belongs
            to no event.
        text: what it is, in one sentence.
    """

    position: int | None
    text: str


@attrs.frozen
class Report:
    """What verification found.

    Attributes:
        head: up to where the log is sound. Noted elsewhere, it can tell later whether an end was cut off.
        commits: number of sound commits.
        size_bytes: bytes of the frames read.
        erased: how many of them are of events whose content has been erased.
        types: how many of them are of each type, by name.
        unknown: names of types that the registry given has no class for.
        catalog_checkpoint: up to where the catalog was compared; None if there is none, or the log is damaged.
        log_problem: the first thing that is wrong with the log: restore a backup.
        catalog_problem: the first thing that is wrong with the catalog: have it built anew.
    """

    head: Head
    commits: int
    size_bytes: int
    erased: int
    types: Mapping[str, int]
    unknown: tuple[str, ...]
    catalog_checkpoint: int | None
    log_problem: Problem | None
    catalog_problem: Problem | None

    @property
    def events(self) -> int:
        """Number of sound events."""
        return self.head.position

    @property
    def problem(self) -> Problem | None:
        """What to see to first: the log's, because the catalog is only derived from it."""
        return self.log_problem or self.catalog_problem


def verify(
    store: Store,
    catalog: Catalog | None = None,
    *,
    registry: Registry | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compute everything again.

    A writer may go on meanwhile: checked is what was there at the beginning.

    Args:
        store: the log's store.
        catalog: the log's catalog; without one, the log alone is checked.
        registry: the program's events, to tell which types it doesn't know.
        progress: told how far it is, every few thousand events.

    Raises:
        StorageFailed, Closed: the store can't be read at all.
    """
    walk = _Walk(store, catalog, progress)
    problem: Problem | None = None
    try:
        walk.run()
    except Damaged as error:
        problem = Problem(error.position, str(error))
    return walk.report(problem, registry)


class _Walk:
    """One pass over a log."""

    def __init__(self, store: Store, catalog: Catalog | None, progress: Progress | None) -> None:
        self._store = store
        self._progress = progress
        self._head = Head(0, genesis_link(store.log_id))
        self._last: Commit | None = None
        self._commits = 0
        self._frames_at_once = min(256, FRAMES_MAX)  # until it is known how large they are
        # While a writer goes on, the order matters: what is read first has to be there in what is read next.
        self._catalog = None if catalog is None else CatalogCheck(catalog, store)
        self._types = _Table(store.types)
        self._dictionaries = _Table(store.dictionaries)
        self._tally = Tally(0, 0)
        self._frames = FrameCheck(0 if self._catalog is None else self._catalog.checkpoint)

    def run(self) -> None:
        """Check everything.

        Raises:
            Damaged: the log is.
        """
        self._tally = self._store.tally()
        self._tell_progress()
        while self._commits < self._tally.commits:
            commits, damage = self._read_commits()
            self._check_commits(commits)
            if damage is not None:
                raise damage
        if self._head.position != self._tally.frames:
            position = self._head.position + 1
            message = f"the log holds {self._tally.frames} frames, but its commits end at event {self._head.position}"
            raise Damaged(message, position=position)
        self._frames.finish()
        self._types.refuse_others("type")
        self._dictionaries.refuse_others("dictionary")
        if self._catalog is not None:
            self._catalog.finish(self._frames)

    def _read_commits(self) -> tuple[Sequence[Commit], Damaged | None]:
        """The next commits, and the damage that stands after them, if any."""
        first, last = self._head.position + 1, self._last
        # Beginning with the one before shows what stands between.
        begin = first if last is None else last.first
        limit = min(COMMITS_MAX, self._tally.commits - self._commits) + (last is not None)
        try:
            commits, damage = self._store.commits(begin, limit), None
        except Damaged as error:
            commits, damage = self._commits_before(begin, limit, error)
        if commits and commits[0] == last:
            commits = commits[1:]
        for index, commit in enumerate(commits):
            if commit.first != first:
                message = f"the commit record after event {first - 1} is that of event {commit.first}, not {first}"
                return commits[:index], Damaged(message, position=first)
            first = commit.last + 1
        if not commits and damage is None:
            message = f"there are {self._tally.commits} commit records, but only {self._commits} follow one another"
            damage = Damaged(message, position=first)
        return commits, damage

    def _commits_before(self, first: int, limit: int, damage: Damaged) -> tuple[Sequence[Commit], Damaged]:
        """Read what couldn't be read at once: each commit together with the one after it."""
        commits: list[Commit] = []
        while len(commits) < limit:
            found: list[Commit] = []
            try:
                found += self._store.commits(first, 2)[:1]
            except Damaged as error:
                damage = error
                if error.position is not None and error.position > first:  # then it is the one after this
                    found += self._store.commits(first, 1)
            if not found:
                break
            commits += found
            first = found[0].last + 1
        return commits, Damaged(str(damage), position=first)

    def _check_commits(self, commits: Sequence[Commit]) -> None:
        """Check what commits declare and seal, reading the frames of as many at once as fit."""
        start = 0
        while start < len(commits):
            end, count = start + 1, commits[start].count
            while end < len(commits) and count + commits[end].count <= self._frames_at_once:
                count += commits[end].count
                end += 1
            self._check_group(commits[start:end], count)
            start = end

    def _check_group(self, commits: Sequence[Commit], count: int) -> None:
        damage: Damaged | None = None
        for index, commit in enumerate(commits):
            try:
                self._declare(commit)
            except Damaged as error:
                commits, count = commits[:index], commit.first - commits[0].first
                damage = error
                break
        leaves: list[bytes] = []
        fault = self._read_leaves(count, leaves)
        done = 0
        for commit in commits:
            if fault is not None and done + commit.count > len(leaves):
                position = commit.first if fault.position is None else fault.position
                message = f"the commit of events {commit.first} to {commit.last} isn't as it was sealed: {fault}"
                raise Damaged(message, position=position)
            self._seal(commit, leaves[done : done + commit.count])
            done += commit.count
        if damage is not None:
            raise damage

    def _declare(self, commit: Commit) -> None:
        """Compare what a commit declares with the tables, and let its frames use it."""
        for number, name in commit.declarations.types:
            if self._types.declared(commit.first, number) != name:
                message = f"the commit of event {commit.first} calls type {number} {name!r}, the table of types doesn't"
                raise Damaged(message, position=commit.first)
            if not self._frames.declare(number, name):
                message = f"the commit of event {commit.first} gives the type {name!r} a second number, {number}"
                raise Damaged(message, position=commit.first)
        for number, digest in commit.declarations.dictionaries:
            data = self._dictionaries.declared(commit.first, number)
            if dictionary_digest(data) != digest:
                message = f"dictionary {number} is not the one that the commit of event {commit.first} declares"
                raise Damaged(message, position=commit.first)
            try:
                self._frames.dictionaries.add(number, data)
            except InvalidInput as error:
                raise Damaged(str(error), position=commit.first) from error

    def _read_leaves(self, count: int, leaves: list[bytes]) -> Damaged | None:
        """Check the frames of a group of commits; the damage that stops it, if any."""
        end = self._frames.position + 1 + count
        while (first := self._frames.position + 1) < end:
            frames, missing = self._read_frames(first, min(end, first + self._frames_at_once) - 1)
            damage = self._frames.take(frames, leaves) or missing
            if damage is not None:
                return damage
            self._frames_at_once = max(1, min(FRAMES_MAX, READ_BYTES * len(frames) // sum(map(len, frames))))
            if self._catalog is not None:
                self._catalog.pass_by(self._frames)
            self._tell_progress()
        return None

    def _read_frames(self, first: int, last: int) -> tuple[Sequence[bytes], Damaged | None]:
        """Frames, and the damage that stands after them, if any."""
        frames: Sequence[bytes] = []
        try:
            frames = self._store.read(first, last)
        except Damaged as error:
            position = first if error.position is None else error.position
            with contextlib.suppress(Damaged):
                frames = self._store.read(first, min(position - 1, last))
            return frames, self._missing(first + len(frames), str(error))
        position = first + len(frames)
        return frames, None if position > last else self._missing(position, f"event {position} is missing")

    def _missing(self, position: int, text: str) -> Damaged:
        """Without a position where the frames end: then it may be the commit that says there are more."""
        return Damaged(text, position=position if position <= self._tally.frames else None)

    def _seal(self, commit: Commit, leaves: Sequence[bytes]) -> None:
        link = chain_link(self._head.link, commit.first, commit.count, leaves, commit.declarations.pack())
        if link != commit.link:
            message = f"the chain breaks: events {commit.first} to {commit.last} are not those that their commit sealed"
            raise Damaged(message, position=commit.first)
        self._head, self._last = Head(commit.last, link), commit
        self._commits += 1

    def _tell_progress(self) -> None:
        if self._progress is not None:
            self._progress(self._frames.position, max(self._frames.position, self._tally.frames))

    def report(self, problem: Problem | None, registry: Registry | None) -> Report:
        """What was found."""
        frames, catalog = self._frames, self._catalog
        counts = frames.counts()
        lack = None if catalog is None else catalog.problem
        return Report(
            head=self._head,
            commits=self._commits,
            size_bytes=frames.size_bytes,
            erased=frames.erased,
            types=counts,
            unknown=() if registry is None else tuple(name for name in counts if registry.named(name) is None),
            catalog_checkpoint=None if catalog is None or problem is not None else catalog.checkpoint,
            log_problem=problem,
            catalog_problem=None if lack is None else Problem(*lack),
        )


class _Table(Generic[V]):
    """One of the store's tables, and which of its entries commits have declared."""

    def __init__(self, read: Callable[[], Mapping[int, V]]) -> None:
        self._read = read
        self._declared: set[int] = set()
        self._damage: Damaged | None = None
        self._first: Mapping[int, V] = {}
        self._rows: Mapping[int, V] = {}
        try:
            self._first = self._rows = read()
        except Damaged as error:
            self._damage = error

    def declared(self, position: int, number: int) -> V:
        """The entry that the commit of the event at `position` declares.

        Raises:
            Damaged: it isn't there, was declared before, or the table can't be read.
        """
        if self._damage is None and number not in self._rows:
            self._rows = self._read()  # a writer may have declared it since
        fault = None
        if self._damage is not None:
            fault = str(self._damage)
        elif number not in self._rows:
            fault = f"number {number}, which the commit of event {position} declares, is missing"
        elif number in self._declared:
            fault = f"the commit of event {position} declares number {number} a second time"
        if fault is not None:
            raise Damaged(fault, position=position)
        self._declared.add(number)
        return self._rows[number]

    def refuse_others(self, what: str) -> None:
        """Once all commits have been read.

        Raises:
            Damaged: the table has an entry that none of them declares, or can't be read.
        """
        if self._damage is not None:
            raise self._damage
        others = sorted(self._first.keys() - self._declared)
        if others:
            message = f"the log has a {what} {others[0]} that no commit declares"
            raise Damaged(message)
