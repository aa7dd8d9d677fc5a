"""Verification of frames: each by itself, and against the one before.

What a frame adds to the chain is handed out, and what the catalog should keep of it is gathered on the way. This is the
innermost loop of verification: a million events take seconds, so names are local and nothing is called that needn't be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import attrs
from blake3 import blake3

from ..codecs.compression import Dictionaries
from ..codecs.frames import CRC_BYTES, HEADER_BYTES, leaf, packed_payload, read_fields
from ..codecs.payloads import content_digest, read_envelope
from .appends import OWN_CONTENT, key_use
from .catalogs import KeyUse
from .errors import Damaged
from .queries import Term

__all__ = ["FrameCheck", "Gathered", "Labels"]

_BODY: Final = slice(HEADER_BYTES, -CRC_BYTES)


@attrs.define(eq=False)
class Gathered:
    """What the catalog should keep of the events read since the last time.

    Attributes:
        types: ascending positions by number of the type.
        tags: ascending positions by tag.
        keys: dedup keys, by their digest.
    """

    types: defaultdict[int, list[int]] = attrs.field(factory=lambda: defaultdict[int, list[int]](list))
    tags: defaultdict[str, list[int]] = attrs.field(factory=lambda: defaultdict[str, list[int]](list))
    keys: dict[bytes, KeyUse] = attrs.field(factory=dict[bytes, KeyUse])


@attrs.frozen
class Labels:
    """What the catalog should keep one event under.

    Attributes:
        terms: its type and its tags.
        key: digest of the dedup key that it is the first event of, if it is.
    """

    terms: frozenset[Term]
    key: bytes | None


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
        names: types declared so far, by number.
        dictionaries: dictionaries declared so far.
    """

    def __init__(self) -> None:
        self.position = 0
        self.size_bytes = 0
        self.erased = 0
        self.names: dict[int, str] = {}
        self.dictionaries = Dictionaries()
        self._time_ns = 0
        self._gathered = Gathered()
        self._gathered_after = 0
        self._counts: dict[int, int] = {}
        self._append: _KeyedAppend | None = None

    @property
    def pending(self) -> int:
        """How many events have been read since the last `gather`."""
        return self.position - self._gathered_after

    def take(self, frames: Sequence[bytes], leaves: list[bytes]) -> Damaged | None:
        """Check the next frames and add their leaves to `leaves`; the damage of the first bad one, if any."""
        time_ns, names, unpack = self._time_ns, self.names, self.dictionaries.unpack
        types, tags = self._gathered.types, self._gathered.tags
        add, body = leaves.append, _BODY
        position = before = self.position
        damage: Damaged | None = None
        try:
            for position, frame in enumerate(frames, before + 1):  # noqa: B007 - it tells where the damage is
                _, flags, type_id, version, dictionary_id, now_ns = read_fields(frame, position)
                if now_ns < time_ns or type_id not in names:
                    raise _misfit(position, type_id, now_ns - time_ns)
                if flags:
                    types[type_id].append(position)
                    add(leaf(frame))
                    self._take_erased()
                else:
                    payload = unpack(dictionary_id, packed_payload(frame))
                    about, _, _, key, _ = read_envelope(payload)
                    if key is not None or self._append is not None:
                        self._take_keyed(position, key, content_digest(names[type_id], version, payload))
                    types[type_id].append(position)
                    for tag in about:
                        tags[tag].append(position)
                    add(frame[:HEADER_BYTES] + blake3(frame[body]).digest())
                time_ns = now_ns
        except Damaged as error:
            text = str(error) if error.position is not None else f"event {position}: {error}"
            damage = Damaged(text, position=position)
            position -= 1
        self.position, self._time_ns = position, time_ns
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
            digest, use = key_use(append.key, append.first, append.contents)
            self._gathered.keys[digest] = use
            self._append = None

    def finish(self) -> None:
        """Once all frames have been read.

        Raises:
            Damaged: the last append is cut off.
        """
        append = self._append
        if append is not None:
            message = (
                f"event {append.first} begins an append of {append.count} events, and {len(append.contents)} follow"
            )
            raise Damaged(message, position=append.first)

    def gather(self) -> Gathered:
        """What the catalog should keep of the events since the last time."""
        gathered, self._gathered = self._gathered, Gathered()
        self._gathered_after = self.position
        for type_id, positions in gathered.types.items():
            self._counts[type_id] = self._counts.get(type_id, 0) + len(positions)
        return gathered

    def labels(self, position: int, frame: bytes) -> Labels:
        """What one of the frames says.

        Raises:
            Damaged: it is.
        """
        _, flags, type_id, version, dictionary_id, _ = read_fields(frame, position)
        name = self.names[type_id]
        if flags:
            return Labels(frozenset({("type", name)}), None)
        payload = self.dictionaries.unpack(dictionary_id, packed_payload(frame))
        tags, _, _, key, _ = read_envelope(payload)
        digest = None if key is None else key_use(key[0], position, [content_digest(name, version, payload)])[0]
        return Labels(frozenset({("type", name), *(("tag", tag) for tag in tags)}), digest)

    def counts(self) -> dict[str, int]:
        """How many of the events gathered are of each type, by name."""
        return {self.names[number]: count for number, count in sorted(self._counts.items())}


def _misfit(position: int, type_id: int, later_ns: int) -> Damaged:
    if later_ns < 0:
        return Damaged(f"event {position} was recorded {-later_ns} ns before the one before it", position=position)
    return Damaged(f"event {position} has type number {type_id}, which no commit has declared", position=position)
