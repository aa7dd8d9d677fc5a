"""The port to what keeps frames, and the plain-object implementation that every other must agree with.

A store keeps whole commits and knows nothing of types, tags or payloads. Invariants of every store:
- positions are dense: a commit's first position is the head's plus one, or it is refused;
- a commit is there completely or not at all, and is durable when `append` returns;
- what was read once is read again the same, by any process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs

from ..codecs.commits import Commit
from ..codecs.digests import genesis_link
from .errors import Damaged, InvalidInput

__all__ = ["Head", "MemoryStore", "Origin", "Sealed", "Store", "Tally"]


@attrs.frozen
class Head:
    """Where a log ends.

    Attributes:
        position: position of the last event, 0 when there is none.
        link: the chain's digest there.
    """

    position: int
    link: bytes


@attrs.frozen
class Origin:
    """Where a forked log's events come from.

    Attributes:
        log_id: id of the log that it was forked from.
        position: the last event that both share.
        link: the other log's link, after its last commit that is whole by then.
    """

    log_id: bytes
    position: int
    link: bytes


@attrs.frozen
class Sealed:
    """A commit ready to be stored.

    Attributes:
        commit: its record.
        frames: its frames, in order.
        dictionaries: the bytes of the dictionaries that it declares, by id.
    """

    commit: Commit
    frames: Sequence[bytes]
    dictionaries: Mapping[int, bytes] = attrs.field(factory=dict[int, bytes])


@attrs.frozen
class Tally:
    """How much a store keeps, whatever it says: to find what belongs to nothing.

    Attributes:
        frames: number of frames.
        commits: number of commit records.
    """

    frames: int
    commits: int


class Store(Protocol):
    """What keeps a log's frames."""

    @property
    def log_id(self) -> bytes:
        """The log's random id: 16 bytes."""
        ...

    def head(self) -> Head:
        """Where the log ends now."""
        ...

    def append(self, sealed: Sealed) -> None:
        """Store a commit, durably and completely.

        Raises:
            InvalidInput: it doesn't follow the head; nothing is stored.
            StorageFailed: the disk refuses; whether it is stored must be read from the head of a reopened store.
        """
        ...

    def read(self, first: int, last: int) -> Sequence[bytes]:
        """The frames of the positions from `first` to `last`, as far as there are any.

        Raises:
            Damaged: one in between is missing.
        """
        ...

    def pick(self, positions: Sequence[int]) -> Sequence[bytes]:
        """The frames of single positions, in the order given.

        Raises:
            Damaged: one is missing.
        """
        ...

    def commits(self, first: int, limit: int) -> Sequence[Commit]:
        """Up to `limit` commits, beginning with the one that holds position `first`."""
        ...

    def types(self) -> Mapping[int, str]:
        """The event types declared so far, by id."""
        ...

    def dictionaries(self) -> Mapping[int, bytes]:
        """The dictionaries declared so far, by id."""
        ...

    def tally(self) -> Tally:
        """How much there is, counted at one moment and without reading any of it."""
        ...

    def used_bytes(self) -> int:
        """What the log takes, in bytes."""
        ...

    def backup(self, target: Path) -> None:
        """Write a copy of the log as of now into the empty directory `target`."""
        ...

    def reopen(self) -> None:
        """Forget everything cached and open again, after an error whose outcome is unknown."""
        ...

    def close(self) -> None:
        """Let go. Using the store afterwards raises `Closed`."""
        ...


def check_follows(sealed: Sealed, head: Head) -> None:
    """Refuse a commit that doesn't follow the head or doesn't hold what it says.

    Raises:
        InvalidInput: so it is.
    """
    commit = sealed.commit
    if commit.first != head.position + 1:
        message = f"the commit begins at position {commit.first}, but the log ends at {head.position}"
        raise InvalidInput(message)
    if commit.count != len(sealed.frames) or not sealed.frames:
        message = f"the commit says it has {commit.count} events, and has {len(sealed.frames)}"
        raise InvalidInput(message)


class MemoryStore:
    """A log in plain lists: the reference, and for tests. It survives `reopen`, not the process."""

    def __init__(self, log_id: bytes = bytes(16)) -> None:
        self._log_id = log_id
        self._frames: list[bytes] = []
        self._commits: list[Commit] = []
        self._types: dict[int, str] = {}
        self._dictionaries: dict[int, bytes] = {}

    @property
    def log_id(self) -> bytes:
        return self._log_id

    def head(self) -> Head:
        link = self._commits[-1].link if self._commits else genesis_link(self._log_id)
        return Head(len(self._frames), link)

    def append(self, sealed: Sealed) -> None:
        check_follows(sealed, self.head())
        self._frames += sealed.frames
        self._commits.append(sealed.commit)
        self._types.update(sealed.commit.declarations.types)
        self._dictionaries.update(sealed.dictionaries)

    def read(self, first: int, last: int) -> Sequence[bytes]:
        return self._frames[max(0, first - 1) : max(0, last)]

    def pick(self, positions: Sequence[int]) -> Sequence[bytes]:
        for position in positions:
            if not 0 < position <= len(self._frames):
                message = f"event {position} is missing"
                raise Damaged(message, position=position)
        return [self._frames[position - 1] for position in positions]

    def commits(self, first: int, limit: int) -> Sequence[Commit]:
        return [commit for commit in self._commits if commit.last >= first][:limit]

    def types(self) -> Mapping[int, str]:
        return dict(self._types)

    def dictionaries(self) -> Mapping[int, bytes]:
        return dict(self._dictionaries)

    def tally(self) -> Tally:
        return Tally(len(self._frames), len(self._commits))

    def used_bytes(self) -> int:
        return sum(map(len, self._frames))

    def backup(self, target: Path) -> None:
        message = f"a log in memory can't be backed up to {target}; use one on disk"
        raise InvalidInput(message)

    def reopen(self) -> None:
        """Nothing is cached."""

    def close(self) -> None:
        """There is nothing to let go of."""
