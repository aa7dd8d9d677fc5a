"""The log: one append-only sequence of events, on any store, with a catalog beside it.

Appending has three steps, so that a writer can do each where it costs least: `encode` (the caller's thread; finds
everything that can be wrong), `stage` (one thread; decides), `write` (one thread; makes durable). `append` does all
three. Reading needs none of them, and is exact even where the catalog is behind: what it doesn't have yet is read from
the frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any, Final

from ..codecs.commits import Commit
from ..codecs.compression import Dictionaries, starter_dictionary
from ..codecs.digests import chain_link
from ..codecs.frames import leaf, read_columns, read_fields
from ..codecs.payloads import Payload, content_digest
from .appends import OWN_CONTENT, Append, Appended, Encoder, key_use
from .catalogs import Catalog, Entry, KeyUse
from .clock import Entropy, WallClock, system_clock, system_entropy
from .errors import Damaged, InvalidInput
from .events import Registry
from .queries import ALL, Condition, Query
from .recorded import Reader, Recorded, decode_payloads
from .staging import Batch, Staging
from .stores import Sealed, Store

__all__ = ["Log", "Progress"]

Progress = Callable[[str, int, int], None]
"""Called with what is being built, the events taken, and the events there are to take."""
READ_BATCH: Final = 256
"""Frames fetched by one read transaction: enough to make its cost vanish, short enough to pin nothing.

And few enough that what is decoded of them stays in the processor's cache: 1,024 take a fifth longer each.
"""


class Log:
    """A log of events."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        registry: Registry,
        *,
        clock: WallClock = system_clock,
        entropy: Entropy = system_entropy,
        read_only: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Put a log together and, unless `read_only`, bring its catalog up to date, telling `progress` how far it is.

        Raises:
            Damaged: the store holds something that can't be read.
        """
        self.store = store
        self.catalog = catalog
        self.registry = registry
        self.dictionaries = Dictionaries()
        self._reader = Reader(self.dictionaries, registry)
        self._type_names: dict[int, str] = {}
        self._clock = clock
        self._encoder = Encoder(registry, self.dictionaries, entropy)
        self.encode = self._encoder.encode
        self.check, self.pack = self._encoder.check, self._encoder.pack
        self._load_tables()
        self._link = store.head().link
        if not read_only:
            self.catch_up(progress)
            self._staging = self._begin()

    def _load_tables(self) -> None:
        for number, data in self.store.dictionaries().items():
            if number not in self.dictionaries:
                self.dictionaries.add(number, data)
        self._type_names.update(self.store.types())

    def _begin(self) -> Staging:
        """Start staging after the head; what the store lacks of the tables in use comes with the next commit."""
        position = self.head
        time_ns = self.read(after=position - 1)[0].time_ns if position else 0
        staging = Staging(self.catalog, self._reader, self._clock, position=position, time_ns=time_ns)
        stored_types, stored_dictionaries = self.store.types(), self.store.dictionaries()
        staging.knows({name: number for number, name in stored_types.items()})
        for number, name in self._type_names.items():
            if number not in stored_types:
                staging.declare_type(name, number)
        if not self.dictionaries.ids:
            self.dictionaries.add(1, starter_dictionary())
        for number in self.dictionaries.ids:
            if number not in stored_dictionaries:
                staging.declare_dictionary(number, self.dictionaries.data(number))
        return staging

    # -- writing

    def append(
        self,
        *events: object,
        tags: Iterable[str] = (),
        by: str | None = None,
        cause: int | None = None,
        key: str | None = None,
        condition: Condition | None = None,
    ) -> Appended:
        """Encode, stage and write, at once.

        Raises:
            InvalidInput, Conflict, KeyReused, StorageFailed: as `encode`, `stage` and `write`.
        """
        append = self.encode(events, tags=tags, by=by, cause=cause, key=key, condition=condition)
        try:
            return self.stage(append)
        finally:
            self.flush()

    def stage(self, append: Append) -> Appended:
        """Decide an append after all those staged before. Its positions hold once the batch is written.

        Raises:
            Conflict: an event that its condition excludes was recorded.
            KeyReused: its key was used for other content.
        """
        return self._staging.stage(append)

    @property
    def staged(self) -> Batch:
        """What is staged and not yet taken."""
        return self._staging.batch

    def take(self) -> Batch:
        """Take what is staged, to write it."""
        return self._staging.take()

    def write(self, batch: Batch) -> None:
        """Make a batch durable, then bring the catalog up to it. Batches are written in the order they were taken.

        Raises:
            StorageFailed: the disk refuses; `recover` tells what is there.
        """
        if not batch.frames:
            return
        declarations = batch.declarations
        link = chain_link(self._link, batch.first, len(batch.frames), batch.leaves, declarations.pack())
        commit = Commit(batch.first, len(batch.frames), link, declarations)
        self.store.append(Sealed(commit, batch.frames, batch.dictionaries))
        self._link = link
        if self.catalog.checkpoint == batch.first - 1:
            self.catalog.apply(batch.entries, batch.leaves[-1])
        else:
            self.catch_up()  # it could not take an earlier batch

    def settle(self, batch: Batch) -> None:
        """Note that a batch has been written. Call it in the thread that stages."""
        self._staging.settle(batch)
        for number, name in batch.types.items():
            self._type_names[number] = name

    def flush(self) -> None:
        """Write whatever is staged.

        Raises:
            StorageFailed: the disk refuses; staged events are forgotten unless they are in the log.
        """
        batch = self.take()
        try:
            self.write(batch)
        except BaseException:
            self.recover()
            raise
        self.settle(batch)

    def recover(self) -> int:
        """After an error in `write`: reopen the store, forget what is staged, go on after what is really there.

        Returns:
            The position of the last event in the log.

        Raises:
            StorageFailed, Damaged: the store can't be opened or read.
        """
        self.store.reopen()
        self._load_tables()
        self._link = self.store.head().link
        self.catch_up()
        self._staging = self._begin()
        return self.head

    def add_dictionary(self, data: bytes) -> int:
        """Use a new compression dictionary from now on; the next commit brings it into the log.

        Returns:
            Its id.
        """
        number = max(self.dictionaries.ids, default=0) + 1
        self.dictionaries.add(number, data)
        self._staging.declare_dictionary(number, data)
        return number

    # -- reading

    @property
    def head(self) -> int:
        """Position of the last event, 0 when there is none."""
        return self.store.head().position

    def read(
        self,
        query: Query = ALL,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int | None = None,
        backward: bool = False,
        decoded: bool = False,
    ) -> list[Recorded[Any]]:
        """Events that match, in the order of their positions.

        Args:
            query: which events; all by default.
            after: only those after this position.
            before: only those before this position.
            limit: at most so many.
            backward: the newest first.
            decoded: decode them at once, because their data will be asked for: that is cheaper together.

        Raises:
            Damaged: a frame is.
        """
        if limit is not None and limit < 1:
            message = f"limit is 1 or more, not {limit}"
            raise InvalidInput(message)
        end = self.head + 1
        before = end if before is None else min(before, end)
        after = max(0, after)
        if after + 1 >= before:
            return []
        if not query.items:
            return self._read_all(after, before, limit, backward=backward, decoded=decoded)
        known = min(self.catalog.checkpoint + 1, before)
        tail = [] if known >= before else self._read_tail(query, max(after, known - 1), before)
        if backward:
            tail.reverse()
            tail = tail[:limit]
        rest = None if limit is None else limit - (len(tail) if backward else 0)
        found: list[Recorded[Any]] = []
        if rest is None or rest > 0:
            found = self.pick(self.catalog.select(query, after, known, rest, backward=backward), decoded=decoded)
        return (tail + found) if backward else (found + tail)[:limit]

    def scan(
        self, *, after: int = 0, before: int | None = None, decoded: bool = False
    ) -> Iterator[list[Recorded[Any]]]:
        """All events in order, in batches; what is appended meanwhile comes too, unless `before` ends it.

        Args:
            after: only those after this position.
            before: only those before this position.
            decoded: decode them as they come, because their data will be asked for: that is cheaper together.
        """
        while True:
            last = after + READ_BATCH if before is None else min(after + READ_BATCH, before - 1)
            batch = self._decode_run(self.store.read(after + 1, last), after + 1, decoded=decoded)
            if not batch:
                return
            yield batch
            after = batch[-1].position

    def get(self, position: int) -> Recorded[Any] | None:
        """The event at `position`, if there is one."""
        found = self._decode_run(self.store.read(position, position), position) if position > 0 else []
        return found[0] if found else None

    def _read_all(
        self, after: int, before: int, limit: int | None, *, backward: bool, decoded: bool
    ) -> list[Recorded[Any]]:
        count = max(0, before - after - 1)
        if limit is not None:
            count = min(count, limit)
        first = before - count if backward else after + 1
        found = self._decode_run(self.store.read(first, first + count - 1), first, decoded=decoded)
        if backward:
            found.reverse()
        return found

    def _read_tail(self, query: Query, after: int, before: int) -> list[Recorded[Any]]:
        return [
            recorded
            for batch in self.scan(after=after, before=before)
            for recorded in batch
            if query.matches(recorded.type, recorded.tags)
        ]

    def pick(self, positions: Sequence[int], *, decoded: bool = False) -> list[Recorded[Any]]:
        """The events at single positions, in the order given; `decoded` as in `read`.

        Raises:
            Damaged: one is, or is missing.
        """
        return self._decode(self.store.pick(positions), positions, decoded=decoded)

    def _decode_run(self, frames: Sequence[bytes], first: int, *, decoded: bool = False) -> list[Recorded[Any]]:
        return self._decode(frames, range(first, first + len(frames)), decoded=decoded)

    def _decode(self, frames: Sequence[bytes], positions: Sequence[int], *, decoded: bool) -> list[Recorded[Any]]:
        columns = read_columns(frames, positions) if len(frames) > 1 else None
        if columns is None:
            return [self._decode_one(frame, position) for position, frame in zip(positions, frames, strict=True)]
        type_ids, versions, dictionary_ids, times_ns = columns
        names = self._type_names
        if not (names.keys() >= set(type_ids) and self.dictionaries.known >= set(dictionary_ids)):
            for position, type_id, dictionary_id in zip(positions, type_ids, dictionary_ids, strict=True):
                if type_id not in names or dictionary_id not in self.dictionaries.known:
                    self._learn(position, type_id)
        types, reader = [names[type_id] for type_id in type_ids], self._reader
        payloads: Iterable[Payload[Any] | None] = repeat(None)
        if decoded:
            payloads = decode_payloads(reader, types, versions, dictionary_ids, frames)
        same = (dictionary_ids, repeat(0), repeat(reader))
        return list(map(Recorded, positions, types, versions, times_ns, frames, *same, payloads))

    def _decode_one(self, frame: bytes, position: int) -> Recorded[Any]:
        _, flags, type_id, version, dictionary_id, time_ns = read_fields(frame, position)
        if type_id not in self._type_names or dictionary_id not in self.dictionaries.known:
            self._learn(position, type_id)
        name = self._type_names[type_id]
        return Recorded(position, name, version, time_ns, frame, dictionary_id, flags, self._reader)

    def _learn(self, position: int, type_id: int) -> None:
        """Another process may have declared types and dictionaries since the tables were read."""
        self._load_tables()
        if type_id not in self._type_names:
            message = f"event {position} has type number {type_id}, which the log does not name"
            raise Damaged(message, position=position)

    def types(self) -> Mapping[str, int]:
        """How many events of each type the catalog has."""
        return self.catalog.types()

    # -- the catalog

    def catch_up(self, progress: Progress | None = None) -> int:
        """Bring the catalog up to the head; returns how many events it took up."""
        start, head = self.catalog.checkpoint, self.head
        for batch in self.scan(after=start):
            entries = [entry for entry, _ in self.entries(batch)]
            self.catalog.apply(entries, leaf(batch[-1].frame))
            if progress is not None:
                progress("catalog", batch[-1].position - start, head - start)
        return self.catalog.checkpoint - start

    def entries(self, batch: Sequence[Recorded[Any]]) -> Iterator[tuple[Entry, Recorded[Any]]]:
        """What the catalog keeps of events, made from their frames alone."""
        for recorded in batch:
            key = None if recorded.is_erased else recorded.key
            use = None if key is None else self._key_use(recorded, *key)
            yield Entry(recorded.position, recorded.type, recorded.tags, use), recorded

    def _key_use(self, first: Recorded[Any], key: str, count: int) -> tuple[bytes, KeyUse]:
        events = [first]
        if key != OWN_CONTENT:
            after = first.position + 1
            events += self._decode_run(self.store.read(after, first.position + count - 1), after)
            if len(events) != count:
                message = f"event {first.position} begins an append of {count} events, but only {len(events)} are there"
                raise Damaged(message, position=first.position)
        contents = [
            None if event.is_erased else content_digest(event.type, event.version, event.payload()) for event in events
        ]
        return key_use(key, first.position, contents)

    def close(self) -> None:
        """Close catalog and store."""
        try:
            self.catalog.close()
        finally:
            self.store.close()
