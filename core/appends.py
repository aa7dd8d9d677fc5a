"""Appends: what a caller wants recorded, checked and encoded before anything else happens.

Everything that can be wrong with an event is found here, in the caller's own task: what leaves this module can be
written. The position and the time are all that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import add
from typing import Any, Final, TypedDict, Unpack

import attrs

from ..codecs.compression import Dictionaries, check_size
from ..codecs.digests import body_digests, key_digest, short_digest
from ..codecs.frames import SALT_BYTES
from ..codecs.payloads import Payload, content_digest
from .catalogs import KeyUse
from .clock import Entropy
from .errors import InvalidInput
from .events import Kind, Registered, Registry
from .queries import MAX_POSITION, Condition, check_tags

__all__ = ["Append", "Appended", "Checked", "Encoder", "content_key", "key_use", "user_key"]

MAX_EVENTS: Final = 100_000
"""Events of one append: they are one commit, and a commit is held in memory."""
MAX_KEY_BYTES: Final = 255
MAX_BY_BYTES: Final = 255
OWN_CONTENT: Final = ""
"""The key kept in frames whose event is known by its own content."""
_OWN: Final = (OWN_CONTENT, 1)
ERASED_CONTENT: Final = bytes(16)
"""In place of a content digest, when one of the events has been erased: there is nothing left to compare with."""


def user_key(key: str) -> bytes:
    """What the catalog knows a caller's dedup key by."""
    return key_digest(b"key", key.encode())


def content_key(content: bytes) -> bytes:
    """What the catalog knows an event's own content by."""
    return key_digest(b"content", content)


def key_use(key: str, first: int, contents: Sequence[bytes | None]) -> tuple[bytes, KeyUse]:
    """What the catalog keeps of the key in a frame.

    Args:
        key: the key; `OWN_CONTENT` if the event is known by its own content.
        first: position of the append's first event.
        contents: content digests of the append's events; None for those that have been erased.
    """
    known = [content for content in contents if content is not None]
    if key == OWN_CONTENT:
        return content_key(known[0]), KeyUse(first, 1, known[0])
    content = short_digest(*known) if len(known) == len(contents) else ERASED_CONTENT
    return user_key(key), KeyUse(first, len(contents), content)


@attrs.define(eq=False)  # not frozen, because freezing would triple its price
class Append:
    """Events to record, all or nothing: ready but for their place. One column for each thing known of an event.

    Attributes:
        kinds: the type of each.
        payloads: what each says, as it will be read back.
        dictionary_ids: dictionary that its body is packed with.
        bodies: salt and packed payload.
        digests: digest of the body.
        contents: digest of its content, if equal content is recorded once only.
        key: dedup key of the append, or None.
        content: with a key: digest of what the events say, to tell a retry from a reuse.
        condition: what must not have happened.
        size_bytes: what the bodies take.
        time_ns: when its events were recorded, if that was elsewhere and earlier; None for now.
    """

    kinds: Sequence[Kind]
    payloads: Sequence[Payload[Any]]
    dictionary_ids: Sequence[int]
    bodies: Sequence[bytes]
    digests: Sequence[bytes]
    contents: Sequence[bytes | None]
    key: str | None
    content: bytes
    condition: Condition | None
    size_bytes: int
    time_ns: int | None = None


@attrs.frozen
class Appended:
    """Where the events of an append stand.

    Attributes:
        positions: the position of each event, in order.
        is_duplicate: whether all of them stood there already, so that nothing was written.
    """

    positions: Sequence[int]
    is_duplicate: bool = False

    @property
    def position(self) -> int:
        """Position of the last event."""
        return self.positions[-1]


@attrs.define(eq=False)
class Checked:
    """An append that can be recorded, before it is packed. One column for each thing known of an event.

    Attributes:
        kinds, payloads, contents, key, content, condition: as in `Append`.
        encoded: what is to be packed of each.
    """

    kinds: Sequence[Kind]
    payloads: Sequence[Payload[Any]]
    encoded: Sequence[bytes]
    contents: Sequence[bytes | None]
    key: str | None
    content: bytes
    condition: Condition | None


class AppendOptions(TypedDict, total=False):
    """What `Encoder.check` takes besides the events; each as described there."""

    tags: Iterable[str]
    by: str | None
    cause: int | None
    key: str | None
    condition: Condition | None


class Encoder:
    """Makes appends out of events."""

    def __init__(self, registry: Registry, dictionaries: Dictionaries, entropy: Entropy) -> None:
        self._registry = registry
        self._dictionaries = dictionaries
        self._entropy = entropy

    def encode(self, events: Sequence[object], **options: Unpack[AppendOptions]) -> Append:
        """`check` events and `pack` them."""
        checked = self.check(events, **options)
        return _ready(checked, *self._packed(checked.encoded))

    def check(
        self,
        events: Sequence[object],
        *,
        tags: Iterable[str] = (),
        by: str | None = None,
        cause: int | None = None,
        key: str | None = None,
        condition: Condition | None = None,
    ) -> Checked:
        """Check and encode events.

        Args:
            events: instances of registered event classes. One with a method `about()` bears the tags that it returns.
            tags: further tags, for all of them.
            by: who causes them.
            cause: position of the event that led to them.
            key: dedup key of the append.
            condition: what must not have happened.

        Raises:
            InvalidInput: any of these can't be taken; the text says which and why.
        """
        if not 1 <= len(events) <= MAX_EVENTS:
            message = f"an append has 1 to {MAX_EVENTS} events, this one {len(events)}"
            raise InvalidInput(message)
        _check_text("key", key, MAX_KEY_BYTES)
        _check_text("by", by, MAX_BY_BYTES)
        if cause is not None and not (type(cause) is int and 1 <= cause <= MAX_POSITION):
            message = f"cause is the position of an event, 1 or more, not {cause!r}"
            raise InvalidInput(message)
        if condition is not None and not isinstance(condition, Condition):
            message = (
                f"condition is a Condition, not {type(condition).__name__}: write Condition(query, after=position)"
            )
            raise InvalidInput(message)
        shared = check_tags(tags)
        mark = None if key is None else (key, len(events))
        kinds: list[Registered[Any]] = []
        encoded: list[bytes] = []
        payloads: list[Payload[Any]] = []
        said: list[bytes | None] = []  # digests of contents, where they are asked for
        of = self._registry.of
        for event in events:  # nothing but this loop knows the events: what `pack` does is done to whole columns
            kind = of(event)
            about: Callable[[], Iterable[str]] | None = getattr(event, "about", None)
            borne = check_tags(_join(about(), shared)) if callable(about) else shared
            is_known_by_content = kind.dedup and key is None
            packed = kind.codec.encode(event, borne, by, cause, _OWN if is_known_by_content else mark)
            check_size(packed)
            payloads.append(kind.codec.checked(packed))
            kinds.append(kind)
            encoded.append(packed)
            is_asked_for = is_known_by_content or key is not None
            said.append(content_digest(kind.name, kind.version, packed) if is_asked_for else None)
            mark = None
        if key is None:
            return Checked(kinds, payloads, encoded, said, None, b"", condition)
        content = short_digest(*filter(None, said))
        return Checked(kinds, payloads, encoded, [None] * len(events), key, content, condition)

    def pack(self, several: Sequence[Checked]) -> list[Append]:
        """Make appends ready to be staged: many together at two thirds of the price of each for itself."""
        encoded = [payload for each in several for payload in each.encoded]
        if not encoded:
            return []
        dictionary_ids, bodies, digests = self._packed(encoded)
        appends: list[Append] = []
        start = 0
        for each in several:
            own = slice(start, start + len(each.encoded))
            appends.append(_ready(each, dictionary_ids[own], bodies[own], digests[own]))
            start = own.stop
        return appends

    def _packed(self, encoded: Sequence[bytes]) -> tuple[list[int], list[bytes], list[bytes]]:
        dictionary_ids, packed = self._dictionaries.pack_all(encoded)
        bodies = list(map(add, self._salts(len(encoded)), packed))
        return dictionary_ids, bodies, body_digests(bodies)

    def _salts(self, count: int) -> Iterator[bytes]:
        salts = self._entropy(SALT_BYTES * count)
        return (salts[start : start + SALT_BYTES] for start in range(0, SALT_BYTES * count, SALT_BYTES))


def _ready(checked: Checked, dictionary_ids: list[int], bodies: list[bytes], digests: list[bytes]) -> Append:
    return Append(
        checked.kinds,
        checked.payloads,
        dictionary_ids,
        bodies,
        digests,
        checked.contents,
        checked.key,
        checked.content,
        checked.condition,
        sum(map(len, bodies)),
    )


def _join(own: Iterable[str], shared: tuple[str, ...]) -> Iterable[str]:
    """An event's own tags and those of its append; one text for all of its own is left to be refused."""
    return own if isinstance(own, str) else (*own, *shared)


def _check_text(what: str, text: object, limit_bytes: int) -> None:
    if text is None:
        return
    if not isinstance(text, str):
        message = f"{what} is a text, not {type(text).__name__}"
        raise InvalidInput(message)
    size = len(text.encode(errors="replace"))
    if not 1 <= size <= limit_bytes:
        message = f"{what} has 1 to {limit_bytes} bytes of UTF-8, not {size}"
        raise InvalidInput(message)
