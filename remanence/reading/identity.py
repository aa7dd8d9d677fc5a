"""What makes a memory the same memory, and what may be said of one: the checks and names at the edge."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, cast

import attrs

from ..codecs.digests import short_digest
from ..core.clock import base32, to_ns
from ..core.errors import InvalidInput
from ..projections.memories.events import Scalar

__all__ = ["DEFAULT_SCOPE", "NewMemory", "as_scope", "turn_id", "turn_key"]

DEFAULT_SCOPE: Final = ("main",)
SCOPE_BYTES: Final = 120
SCOPES_KEPT: Final = 1024
"""Scopes given as texts whose parts are kept at hand: who remembers much does so in few."""
LABEL_BYTES: Final = 100
"""Scopes, sessions and tags are parts of index keys, which end at 511 bytes together."""
TAGS_MAX: Final = 64
NS_MAX: Final = (1 << 63) - 1
INT_MAX: Final = (1 << 64) - 1
"""What msgpack can hold."""
_KIND: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


def as_scope(scope: str | Sequence[str]) -> tuple[str, ...]:
    """A scope as a path: `"ada/project-x"` and `("ada", "project-x")` are the same.

    Raises:
        InvalidInput: it is empty, too long, or a part is empty or holds a slash or NUL.
    """
    return _split(scope) if isinstance(scope, str) else _checked(scope, _several("a scope", scope))


@lru_cache(SCOPES_KEPT)
def _split(scope: str) -> tuple[str, ...]:
    return _checked(scope, tuple(scope.split("/")))


def _checked(scope: object, parts: tuple[Any, ...]) -> tuple[str, ...]:
    for part in parts:
        if not isinstance(part, str) or not part or "/" in part or "\0" in part:
            message = (
                f"the scope {scope!r}: every part is a text of its own, without slash or NUL, as in 'ada/project-x'"
            )
            raise InvalidInput(message)
    size = _size("scope", "/".join(parts))
    if not 1 <= size <= SCOPE_BYTES:
        message = f"the scope {scope!r} has {size} bytes of UTF-8; it has 1 to {SCOPE_BYTES}"
        raise InvalidInput(message)
    return parts


def turn_key(where: str) -> str:
    """The dedup key of a turn: where it stands, by its `turn_id`, whatever it says."""
    return f"turn:{where}"


def turn_id(scope: tuple[str, ...], session: str, place: int) -> str:
    """The id of a turn that is given its place: the same for the same place, so that importing twice adds nothing."""
    return base32(short_digest(b"turn", "/".join(scope).encode(), session.encode(), str(place).encode()))


def as_labels(tags: Iterable[str]) -> tuple[str, ...]:
    """Labels in order, each once.

    Raises:
        InvalidInput: one is empty, too long or not a text, or there are too many.
    """
    if isinstance(tags, str):
        message = f"tags are a list of texts, not one text: write [{tags!r}]"
        raise InvalidInput(message)
    labels = _several("tags", tags)
    for tag in labels:
        check_label("tag", tag)
    found = tuple(dict.fromkeys(labels))
    if len(found) > TAGS_MAX:
        message = f"a memory has at most {TAGS_MAX} tags, this one {len(found)}"
        raise InvalidInput(message)
    return found


@attrs.frozen
class NewMemory:
    """Something to remember. Built and checked before anything is written.

    Attributes:
        text: what to remember.
        scope: whose memory it is.
        kind: fact, event, preference, procedure, reflection, turn, or a word of your own.
        tags: labels to find it by.
        confidence: how sure it is, 0 to 1.
        importance: how much it matters, 0 to 1.
        metadata: whatever else is known of it: texts, numbers, truth values by name.
        session: the conversation it is a turn of.
        place: its place in that conversation, from 1; the next one unless given.
        speaker: who said it.
        said_at: when it was said or happened; an aware datetime.
    """

    text: str
    scope: tuple[str, ...] = attrs.field(default=DEFAULT_SCOPE, converter=as_scope)
    kind: str = "fact"
    tags: tuple[str, ...] = attrs.field(default=(), converter=as_labels)
    confidence: float = 0.8
    importance: float = 0.5
    metadata: Mapping[str, Scalar] = attrs.field(factory=dict[str, Scalar])
    session: str | None = None
    place: int | None = None
    speaker: str | None = None
    said_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.text, str) or not self.text.strip():
            message = f"a memory is a text that says something, not {self.text!r:.60}"
            raise InvalidInput(message)
        _size("text", self.text)
        check_kind(self.kind)
        check_share("confidence", self.confidence)
        check_share("importance", self.importance)
        check_metadata(self.metadata)
        for name in ("session", "speaker"):
            value = getattr(self, name)
            if value is not None:
                check_label(name, value)
        if self.said_at is not None:
            check_moment("said_at", self.said_at)
        if self.place is not None and (self.session is None or not _is_place(self.place)):
            got = f"place={self.place!r} with session={self.session!r}"
            message = f"place is the number of a turn in its session, from 1; got {got}"
            raise InvalidInput(message)


def check_kind(kind: Any) -> None:
    """Refuse what is not a kind of memory.

    Raises:
        InvalidInput: so it is.
    """
    if not isinstance(kind, str) or not _KIND.fullmatch(kind):
        message = f"the kind {kind!r}: lower-case letters, digits, - and _, 32 at most, as in 'preference'"
        raise InvalidInput(message)


def check_moment(name: str, moment: Any) -> int:
    """Refuse what is not an aware datetime between 1677 and 2262, which 64 bits of nanoseconds can tell.

    Returns:
        The moment, as unix time in nanoseconds.

    Raises:
        InvalidInput: so it is.
    """
    if not isinstance(moment, datetime):
        message = f"{name} is a datetime with a time zone, not {type(moment).__name__}"
        raise InvalidInput(message)
    time_ns = to_ns(moment)
    if not -NS_MAX <= time_ns <= NS_MAX:
        message = f"{name} lies between the years 1678 and 2261, not at {moment.isoformat()}"
        raise InvalidInput(message)
    return time_ns


def check_share(name: str, value: Any) -> None:
    """Refuse what is not a number from 0 to 1.

    Raises:
        InvalidInput: so it is.
    """
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or not 0 <= value <= 1
    ):
        message = f"{name} is a number from 0 to 1, not {value!r}"
        raise InvalidInput(message)


def check_metadata(metadata: Any) -> None:
    """Refuse what is not a flat mapping of names to scalars.

    Raises:
        InvalidInput: so it is.
    """
    if not isinstance(metadata, Mapping):
        message = f"metadata is a mapping from names to values, not {type(metadata).__name__}"
        raise InvalidInput(message)
    for name, value in cast("Mapping[Any, Any]", metadata).items():
        _size("name in metadata", name)
        if isinstance(value, str):
            _size(f"metadata's {name!r:.60}", value)
        elif not _is_scalar(value):
            message = (
                f"metadata holds texts, finite numbers of 64 bits, truth values or None; {name!r:.60} is {value!r:.60}"
            )
            raise InvalidInput(message)


def check_label(what: str, value: Any) -> None:
    """Refuse what is not a short text.

    Raises:
        InvalidInput: so it is.
    """
    size = _size(what, value)
    if not 1 <= size <= LABEL_BYTES or "\0" in value:
        message = f"the {what} {value!r:.60} has {size} bytes of UTF-8; it has 1 to {LABEL_BYTES}, and no NUL"
        raise InvalidInput(message)


def _several(what: str, values: Any) -> tuple[Any, ...]:
    if not isinstance(values, Iterable):
        message = f"{what} is a list of texts, not {type(values).__name__}"
        raise InvalidInput(message)
    return tuple(cast("Iterable[Any]", values))


def _size(what: str, value: Any) -> int:
    if not isinstance(value, str):
        message = f"the {what} is a text, not {type(value).__name__}"
        raise InvalidInput(message)
    try:
        return len(value.encode())
    except UnicodeEncodeError as error:
        message = f"the {what} {value!r:.60} is not valid text: {error.reason}"
        raise InvalidInput(message) from error


def _is_place(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 1 << 53


def _is_scalar(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, int) and -NS_MAX - 1 <= value <= INT_MAX)
