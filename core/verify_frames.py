"""Verification of frames: each by itself, and against the one before.

What a frame adds to the chain is handed out; what the catalog should keep of it is folded into one number on the way.
This is the innermost loop of verification: a million events take seconds, so names are local, and nothing is called
that needn't be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
from blake3 import blake3

from ..codecs.compression import Dictionaries
from ..codecs.frames import CRC_BYTES, HEADER_BYTES, leaf, packed_payload, read_fields
from ..codecs.payloads import content_digest, read_envelope
from .appends import OWN_CONTENT, key_use
from .catalogs import TAG, TYPE, key_hash, pack_position
from .errors import Damaged

__all__ = ["FrameCheck", "Labels"]

_BODY: Final = slice(HEADER_BYTES, -CRC_BYTES)


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
        self._names: dict[int, tuple[str, bytes]] = {}
        self._counts: dict[int, int] = {}
        self._append: _KeyedAppend | None = None

    def declare(self, type_id: int, name: str) -> bool:
        """Let frames use an event type; False if it has a number already."""
        entry = (name, TYPE + name.encode())
        is_new = entry not in self._names.values()
        self._names[type_id] = entry
        self._counts[type_id] = 0
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
        names, counts, unpack, checkpoint = self._names, self._counts, self.dictionaries.unpack, self._checkpoint
        time_ns, fold = self._time_ns, 0
        add, body = leaves.append, _BODY
        position = before = self.position
        damage: Damaged | None = None
        try:
            for position, frame in enumerate(frames, before + 1):
                _, flags, type_id, version, dictionary_id, now_ns = read_fields(frame, position)
                if now_ns < time_ns or type_id not in names:
                    raise _misfit(type_id, now_ns - time_ns)
                name, type_name = names[type_id]
                tags: tuple[str, ...] = ()
                if flags:
                    digest = leaf(frame)
                    self._take_erased()
                else:
                    payload = unpack(dictionary_id, packed_payload(frame))
                    tags, _, _, key, _ = read_envelope(payload)
                    if key is not None or self._append is not None:
                        self._take_keyed(position, key, content_digest(name, version, payload))
                    digest = frame[:HEADER_BYTES] + blake3(frame[body]).digest()
                if position <= checkpoint:
                    place = pack_position(position)
                    fold += hash((type_name, place))
                    for tag in tags:
                        fold += hash((TAG + tag.encode(), place))
                add(digest)
                counts[type_id] += 1
                time_ns = now_ns
        except Damaged as error:
            damage = error if error.position is not None else Damaged(f"event {position}: {error}")
            position -= 1
        self.position, self._time_ns = position, time_ns
        self.fold += fold
        self.size_bytes += sum(map(len, frames[: position - before]))
        return damage

    def _take_erased(self) -> None:
        self.erased += 1
        if self._append is not None:
            self._add_content(self._append, None)

    def _take_keyed(self, position: int, key: tuple[str, int] | None, content: bytes) -> None:
        """An event that begins an append with a key, or goes on with one."""
        append = self._append
        if append is None and key is not None:
            text, count = key
            append = self._append = _KeyedAppend(position, text, 1 if text == OWN_CONTENT else count)
        elif append is None or key is not None:
            message = "its key begins an append in the middle of another one"
            raise Damaged(message)
        self._add_content(append, content)

    def _add_content(self, append: _KeyedAppend, content: bytes | None) -> None:
        append.contents.append(content)
        if len(append.contents) == append.count:
            if append.first <= self._checkpoint:
                self.fold += key_hash(*key_use(append.key, append.first, append.contents))
            self._append = None

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
        return {self._names[number][0]: count for number, count in sorted(self._counts.items()) if count}

    def labels(self, position: int, frame: bytes) -> Labels:
        """What one of the frames says.

        Raises:
            Damaged: it is.
        """
        _, flags, type_id, version, dictionary_id, _ = read_fields(frame, position)
        name, _ = self._names[type_id]
        if flags:
            return Labels(name)
        payload = self.dictionaries.unpack(dictionary_id, packed_payload(frame))
        tags, _, _, key, _ = read_envelope(payload)
        return Labels(name, tags, key, content_digest(name, version, payload))


def _misfit(type_id: int, later_ns: int) -> Damaged:
    if later_ns < 0:
        return Damaged(f"it was recorded {-later_ns} ns before the one before it")
    return Damaged(f"it has the type number {type_id}, which no commit has declared")
