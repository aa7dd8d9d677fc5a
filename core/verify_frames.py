"""Verification of frames: each by itself, and against the one before.

What a frame adds to the chain is handed out; what the catalog should keep of it is folded into one number on the way.
Frames are taken some hundred at once, column by column, which costs two thirds of taking them one by one. The
latter is done where something is out of the ordinary (damaged, erased, at the catalog's end), to tell what and where.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Sequence
from typing import Final

import attrs
import msgspec
from blake3 import blake3

from ..codecs.compression import Dictionaries
from ..codecs.frames import CRC_BYTES, HEADER_BYTES, Columns, leaf, packed_payload, read_columns, read_fields
from ..codecs.payloads import Payload, content_digest, read_envelope
from .appends import OWN_CONTENT, key_use
from .catalogs import TAG, TYPE, key_hash, pack_position, posting_hash
from .errors import Damaged

__all__ = ["FrameCheck", "Labels"]

Envelope = Payload[msgspec.Raw]
AT_ONCE: Final = 256
"""Frames taken together: fewer cost more calls, and more don't stay in the processor's cache."""
_BODY: Final = slice(HEADER_BYTES, -CRC_BYTES)
_key_of: Final = operator.itemgetter(3)


@attrs.frozen
class Labels:
    """What the catalog should keep one event under.

    Attributes:
        type: name of its type.
        tags: its tags.
        key: the dedup key and the number of events of the append that it begins, if it has one.
        content: digest of what it says; None if it has been erased.
    """

    type: str
    tags: tuple[str, ...] = ()
    key: tuple[str, int] | None = None
    content: bytes | None = None


@attrs.define(eq=False)
class _KeyedAppend:
    """An append with a key, some of whose events have been read."""

    first: int
    key: str
    count: int
    contents: list[bytes | None] = attrs.field(factory=list[bytes | None])

    def copy(self) -> _KeyedAppend:
        """One that goes its own way."""
        return attrs.evolve(self, contents=list(self.contents))


class FrameCheck:
    """Frames read from the first on.

    Attributes:
        position: the last one that was sound.
        size_bytes: what they took together.
        erased: how many of them are stubs.
        fold: sum of the hashes of all that a catalog should keep of them (see `CatalogTally`).
        dictionaries: dictionaries declared so far.
    """

    def __init__(self, checkpoint: int) -> None:
        """Begin.

        Args:
            checkpoint: position of the last event to fold: where the catalog ends.
        """
        self.position = 0
        self.size_bytes = 0
        self.erased = 0
        self.fold = 0
        self.dictionaries = Dictionaries()
        self._checkpoint = checkpoint
        self._time_ns = 0
        self._names: dict[int, str] = {}
        self._type_terms: dict[int, bytes] = {}
        self._counts: Counter[int] = Counter()
        self._append: _KeyedAppend | None = None

    def declare(self, type_id: int, name: str) -> bool:
        """Let frames use an event type; False if it has a number already."""
        is_new = name not in self._names.values()
        self._names[type_id] = name
        self._type_terms[type_id] = TYPE + name.encode()
        return is_new

    @property
    def resume(self) -> int:
        """Position that reading must go back to, to make sense of what comes next: where an append with a key began."""
        return self.position + 1 if self._append is None else self._append.first

    def take(self, frames: Sequence[bytes], leaves: list[bytes]) -> Damaged | None:
        """Check the next frames and add their leaves to `leaves`.

        Returns:
            The damage of the first bad one, if any. It has no position if the frame is whole and makes no sense where
            it stands: then it isn't sure which one is wrong.
        """
        for start in range(0, len(frames), AT_ONCE):
            some = frames[start : start + AT_ONCE]
            try:
                if not self._take_together(some, leaves):
                    for frame in some:
                        self._take_one(frame, leaves)
            except Damaged as error:
                return error if error.position is not None else Damaged(f"event {self.position + 1}: {error}")
        return None

    def _take_together(self, frames: Sequence[bytes], leaves: list[bytes]) -> bool:
        """Take frames that have nothing out of the ordinary; if one has, return False, and nothing has happened."""
        first, last = self.position + 1, self.position + len(frames)
        columns = read_columns(frames, range(first, last + 1))
        if columns is None or first <= self._checkpoint < last or not self._is_orderly(columns):
            return False
        try:
            payloads = self.dictionaries.unpack_all(columns.dictionary_ids, list(map(packed_payload, frames)))
            envelopes = list(map(read_envelope, payloads))
            append, fold = self._follow_keys(first, columns, payloads, envelopes)
        except Damaged:
            return False
        if last <= self._checkpoint:
            fold += self._fold_terms(first, columns.type_ids, envelopes)
        leaves += [frame[:HEADER_BYTES] + blake3(frame[_BODY]).digest() for frame in frames]
        self._counts.update(columns.type_ids)
        self._append, self.fold = append, self.fold + fold
        self.position, self._time_ns = last, columns.times_ns[-1]
        self.size_bytes += sum(map(len, frames))
        return True

    def _is_orderly(self, columns: Columns) -> bool:
        """Whether time doesn't run backward, and all types have been declared."""
        times_ns = columns.times_ns
        is_forward = self._time_ns <= times_ns[0] and all(map(operator.le, times_ns, times_ns[1:]))
        return is_forward and self._names.keys() >= set(columns.type_ids)

    def _follow_keys(
        self, first: int, columns: Columns, payloads: Sequence[bytes], envelopes: Sequence[Envelope]
    ) -> tuple[_KeyedAppend | None, int]:
        """The append with a key that is open after these events, and what their keys fold to."""
        append, fold = self._append, 0
        if append is None and not any(map(_key_of, envelopes)):
            return None, 0
        append = None if append is None else append.copy()
        for index, (_, _, _, key, _) in enumerate(envelopes):
            if key is not None or append is not None:
                name = self._names[columns.type_ids[index]]
                content = content_digest(name, columns.versions[index], payloads[index])
                append, hashed = self._follow_key(append, first + index, key, content)
                fold += hashed
        return append, fold

    def _fold_terms(self, first: int, type_ids: Sequence[int], envelopes: Sequence[Envelope]) -> int:
        """What the types and tags of events fold to: the sum of `posting_hash` over them."""
        places = list(map(pack_position, range(first, first + len(type_ids))))
        fold = sum(map(hash, zip(map(self._type_terms.__getitem__, type_ids), places, strict=True)))
        for place, (tags, _, _, _, _) in zip(places, envelopes, strict=True):
            for tag in tags:
                fold += hash((TAG + tag.encode(), place))
        return fold

    def _take_one(self, frame: bytes, leaves: list[bytes]) -> None:
        """Take a frame of any kind.

        Raises:
            Damaged: it is; without a position if it is whole and makes no sense where it stands.
        """
        position = self.position + 1
        _, flags, type_id, version, dictionary_id, time_ns = read_fields(frame, position)
        if time_ns < self._time_ns:
            message = f"it was recorded {self._time_ns - time_ns} ns before the one before it"
            raise Damaged(message)
        if type_id not in self._names:
            message = f"it has the type number {type_id}, which no commit has declared"
            raise Damaged(message)
        key: tuple[str, int] | None = None
        content: bytes | None = None
        tags: tuple[str, ...] = ()
        if not flags:
            payload = self.dictionaries.unpack(dictionary_id, packed_payload(frame))
            tags, _, _, key, _ = read_envelope(payload)
            content = content_digest(self._names[type_id], version, payload)
        if key is not None or self._append is not None:
            self._append, hashed = self._follow_key(self._append, position, key, content)
            self.fold += hashed
        if position <= self._checkpoint:
            terms = (self._type_terms[type_id], *(TAG + tag.encode() for tag in tags))
            self.fold += sum(posting_hash(term, position) for term in terms)
        leaves.append(leaf(frame))
        self._counts[type_id] += 1
        self.erased += bool(flags)
        self.position, self._time_ns = position, time_ns
        self.size_bytes += len(frame)

    def _follow_key(
        self, append: _KeyedAppend | None, position: int, key: tuple[str, int] | None, content: bytes | None
    ) -> tuple[_KeyedAppend | None, int]:
        """Go on with an append that has a key, or begin one; once it is complete, its key is folded.

        Raises:
            Damaged: it begins before the last one has ended.
        """
        if append is None and key is not None:
            append = _KeyedAppend(position, key[0], 1 if key[0] == OWN_CONTENT else key[1])
        elif append is None or key is not None:
            message = "its key begins an append in the middle of another one"
            raise Damaged(message)
        append.contents.append(content)
        if len(append.contents) < append.count:
            return append, 0
        is_known = append.first <= self._checkpoint
        return None, key_hash(*key_use(append.key, append.first, append.contents)) if is_known else 0

    def finish(self) -> None:
        """Once all frames have been read.

        Raises:
            Damaged: the last append is cut off.
        """
        append = self._append
        if append is not None:
            message = (
                f"event {append.first} begins an append of {append.count} events, but the log ends before its last"
            )
            raise Damaged(message, position=append.first)

    def counts(self) -> dict[str, int]:
        """How many events of each type have been read."""
        return {self._names[number]: count for number, count in sorted(self._counts.items())}

    def labels(self, position: int, frame: bytes) -> Labels:
        """What one of the frames says.

        Raises:
            Damaged: it is.
        """
        _, flags, type_id, version, dictionary_id, _ = read_fields(frame, position)
        name = self._names[type_id]
        if flags:
            return Labels(name)
        payload = self.dictionaries.unpack(dictionary_id, packed_payload(frame))
        tags, _, _, key, _ = read_envelope(payload)
        return Labels(name, tags, key, content_digest(name, version, payload))
