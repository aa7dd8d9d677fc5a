"""Staging: deciding, one append after the other, what it becomes: positions, a conflict, a duplicate.

Invariants:
- decisions are made in one thread, in order, and see every decision before them, written or not;
- what is staged and not yet in the catalog is in the overlay, and leaves it only once the catalog has it;
- nothing here touches the disk but look-ups in the catalog.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import cached_property
from itertools import repeat
from typing import Any

import attrs

from ..codecs.commits import Declarations
from ..codecs.compression import dictionary_digest
from ..codecs.frames import pack_frame, pack_header
from ..codecs.payloads import Payload
from .appends import ERASED_CONTENT, Append, Appended, content_key, user_key
from .catalogs import Catalog, Entry, KeyUse
from .clock import WallClock
from .errors import Conflict, InvalidInput, KeyReused
from .events import Registered
from .queries import Condition
from .recorded import Reader, Recorded

__all__ = ["Batch", "Staging"]

MAX_TYPES = 0xFFFF


@attrs.define(eq=False)
class Batch:
    """Staged events that will be one commit.

    Attributes:
        first: position of the first.
        reader: what decodes them.
        frames, leaves, entries, kinds, dictionary_ids, times_ns, payloads: one of each an event, in order.
        keys: digests of the dedup keys that its events are the first to use.
        types: names of event types that the log gets to know with it, by id.
        dictionaries: likewise dictionaries.
    """

    first: int
    reader: Reader
    frames: list[bytes] = attrs.field(factory=list[bytes])
    leaves: list[bytes] = attrs.field(factory=list[bytes])
    entries: list[Entry] = attrs.field(factory=list[Entry])
    kinds: list[Registered[Any]] = attrs.field(factory=list[Registered[Any]])
    dictionary_ids: list[int] = attrs.field(factory=list[int])
    times_ns: list[int] = attrs.field(factory=list[int])
    payloads: list[Payload[Any]] = attrs.field(factory=list[Payload[Any]])
    keys: list[bytes] = attrs.field(factory=list[bytes])
    types: dict[int, str] = attrs.field(factory=dict[int, str])
    dictionaries: dict[int, bytes] = attrs.field(factory=dict[int, bytes])

    @property
    def last(self) -> int:
        """Position of the last event; one less than `first` when there is none."""
        return self.first + len(self.frames) - 1

    @cached_property
    def recorded(self) -> Sequence[Recorded[Any]]:
        """Its events as they will be read, decoded already; made when they are first asked for."""
        positions = range(self.first, self.last + 1)
        names, versions = [kind.name for kind in self.kinds], [kind.version for kind in self.kinds]
        columns = (positions, names, versions, self.times_ns, self.frames, self.dictionary_ids)
        return list(map(Recorded, *columns, repeat(0), repeat(self.reader), self.payloads))

    @property
    def declarations(self) -> Declarations:
        """What the commit declares."""
        digests = {number: dictionary_digest(data) for number, data in self.dictionaries.items()}
        return Declarations(tuple(self.types.items()), tuple(digests.items()))


class Staging:
    """Decides appends, and gathers what they become into batches."""

    def __init__(self, catalog: Catalog, reader: Reader, clock: WallClock, *, position: int, time_ns: int) -> None:
        self._catalog = catalog
        self._reader = reader
        self._clock = clock
        self._time_ns = time_ns
        self._type_ids: dict[str, int] = {}
        self._keys: dict[bytes, KeyUse] = {}
        self._taken: deque[Batch] = deque()
        self._batch = Batch(position + 1, reader)

    @property
    def batch(self) -> Batch:
        """What has been staged since the last `take`."""
        return self._batch

    def knows(self, type_ids: dict[str, int]) -> None:
        """Take over the types that the log has declared."""
        self._type_ids.update(type_ids)

    def declare_dictionary(self, dictionary_id: int, data: bytes) -> None:
        """Have the next commit bring a dictionary with it."""
        self._batch.dictionaries[dictionary_id] = data

    def declare_type(self, name: str, type_id: int) -> None:
        """Have the next commit declare an event type."""
        self._type_ids[name] = type_id
        self._batch.types[type_id] = name

    def stage(self, append: Append) -> Appended:
        """Decide an append.

        Raises:
            Conflict: an event that its condition excludes was recorded.
            KeyReused: its key was used for other content.
        """
        key = None if append.key is None else user_key(append.key)
        if key is not None and append.key is not None:
            use = self._find_key(key)
            if use is not None:
                return _same_or_refuse(append.key, append.content, use)
        known = [None if content is None else self._find_key(content_key(content)) for content in append.contents]
        if all(known):
            return Appended([use.first for use in known if use], is_duplicate=True)
        if append.condition is not None:
            self._check(append.condition)
        for kind in append.kinds:  # before anything is placed, because this can be refused
            if kind.name not in self._type_ids:
                self._new_type(kind.name)
        positions = self._place(append, known)
        if key is not None:
            entry = self._batch.entries[positions[0] - self._batch.first]
            self._note(entry, key, KeyUse(positions[0], len(positions), append.content))
        return Appended(positions)

    def take(self) -> Batch:
        """Close the batch: what is staged from now on belongs to the next one. It is overlaid until `settle`."""
        taken = self._batch
        if not taken.frames:
            return Batch(taken.first, self._reader)  # what is declared waits for the first event
        self._taken.append(taken)
        self._batch = Batch(taken.last + 1, self._reader)
        return taken

    def settle(self, batch: Batch) -> None:
        """Forget a batch that the catalog has by now."""
        while self._taken and self._taken[0].last <= batch.last:
            for digest in self._taken.popleft().keys:
                self._keys.pop(digest, None)

    def _find_key(self, digest: bytes) -> KeyUse | None:
        return self._keys.get(digest) or self._catalog.find_key(digest)

    def _check(self, condition: Condition) -> None:
        query = condition.query
        found = next(
            (
                entry.position
                for batch in (self._batch, *reversed(self._taken))
                for entry in reversed(batch.entries)
                if entry.position > condition.after and query.matches(entry.type, entry.tags)
            ),
            None,
        )
        if found is None:
            newest = self._catalog.select(query, condition.after, 1 << 63, 1, backward=True)
            found = newest[0] if newest else None
        if found is not None:
            message = f"event {found} was recorded after position {condition.after} and matches the append's condition"
            raise Conflict(message, position=found)

    def _place(self, append: Append, known: Sequence[KeyUse | None]) -> list[int]:
        """Give the events that aren't known yet their positions and one time, and put their frames together."""
        batch = self._batch
        first, frames, leaves, entries = batch.first, batch.frames, batch.leaves, batch.entries
        own_ns = append.time_ns
        self._time_ns = time_ns = max(self._clock() if own_ns is None else own_ns, self._time_ns)
        kind, dictionary_id, header = None, 0, b""
        positions: list[int] = []
        columns = (append.kinds, append.dictionary_ids, append.bodies, append.digests, append.contents, append.payloads)
        for use, of_kind, packed_with, body, digest, content, payload in zip(known, *columns, strict=True):
            # Or an equal event stands earlier in the same append.
            twin = use or (None if content is None else self._keys.get(content_key(content)))
            if twin is not None:
                positions.append(twin.first)
                continue
            if of_kind is not kind or packed_with != dictionary_id:
                kind, dictionary_id = of_kind, packed_with
                header = pack_header(self._type_ids[kind.name], kind.version, dictionary_id, time_ns)
            position = first + len(frames)
            frames.append(pack_frame(position, header, body))
            leaves.append(header + digest)
            entry = Entry(position, of_kind.name, payload.tags)
            entries.append(entry)
            batch.kinds.append(of_kind)
            batch.dictionary_ids.append(packed_with)
            batch.times_ns.append(time_ns)
            batch.payloads.append(payload)
            positions.append(position)
            if content is not None:
                self._note(entry, content_key(content), KeyUse(position, 1, content))
        return positions

    def _note(self, entry: Entry, digest: bytes, use: KeyUse) -> None:
        """Note that an event of the batch is the first to use a key."""
        entry.key = (digest, use)
        self._keys[digest] = use
        self._batch.keys.append(digest)

    def _new_type(self, name: str) -> None:
        type_id = max(self._type_ids.values(), default=0) + 1
        if type_id > MAX_TYPES:
            message = f"the log has {MAX_TYPES} event types, and {name} would be one more"
            raise InvalidInput(message)
        self.declare_type(name, type_id)


def _same_or_refuse(key: str, content: bytes, use: KeyUse) -> Appended:
    positions = range(use.first, use.first + use.count)
    if use.content not in (content, ERASED_CONTENT):
        message = f"the key {key!r} was used at position {use.first} for other content; use a new key for new content"
        raise KeyReused(message, key=key, positions=positions)
    return Appended(positions, is_duplicate=True)
