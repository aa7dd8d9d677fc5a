"""Data: what an event says as JSON, and back, exactly or not at all. Pure.

A log stores msgpack, which has more than JSON: bytes, points in time, keys that are no texts. Points in time become
texts in JSON, and their places are noted as JSON pointers (RFC 6901). Data that has anything else, or is stored in
another way than Remanence would store it today, is not JSON: it travels as the bytes that it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec

from ..codecs.native import encode_value
from ..codecs.values import MAX_DEPTH
from ..transcripts.model import Fault

__all__ = ["TIMES_MAX", "from_json", "to_json"]

TIMES_MAX: Final = 100
"""Places of points in time that are noted; data with more of them travels as bytes."""


class _NotJson(Exception):
    """The data has something that JSON hasn't."""


def to_json(data: bytes) -> tuple[dict[str, Any], tuple[str, ...]] | None:
    """What a msgpack map says as JSON values, with the places of points in time; None if JSON can't say it exactly."""
    times: list[str] = []
    try:
        plain = _plain(msgspec.msgpack.decode(data), "", 0, times)
        if not isinstance(plain, dict) or len(times) > TIMES_MAX:
            return None
        fields = cast("dict[str, Any]", plain)
        is_exact = from_json(msgspec.json.decode(msgspec.json.encode(fields)), times) == data
    except (_NotJson, Fault, ValueError, RecursionError):
        return None
    return (fields, tuple(times)) if is_exact else None


def from_json(value: Mapping[str, Any], times: Iterable[str]) -> bytes:
    """The msgpack map of JSON values.

    Args:
        value: the JSON object.
        times: JSON pointers to texts that are points in time.

    Raises:
        Fault: it can't be stored, or a pointer leads to no point in time.
    """
    root: dict[str, Any] = {"": value}
    for pointer in times:
        if not pointer.startswith("/"):
            raise Fault(f"its datetimes name {pointer!r:.60}, which is no JSON pointer to a part of its data")
        _set_time(root, pointer)
    try:
        return encode_value(root[""])
    except (OverflowError, UnicodeEncodeError, TypeError, RecursionError) as error:
        raise Fault(f"its data can't be stored: {error}") from None


def _plain(value: Any, place: str, depth: int, times: list[str]) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case datetime():
            times.append(place)
            return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        case dict() if depth <= MAX_DEPTH:
            fields = cast("dict[Any, Any]", value)
            return {
                _text(key): _plain(part, f"{place}/{_token(key)}", depth + 1, times) for key, part in fields.items()
            }
        case list() if depth <= MAX_DEPTH:
            parts = cast("list[Any]", value)
            return [_plain(part, f"{place}/{index}", depth + 1, times) for index, part in enumerate(parts)]
        case _:
            raise _NotJson


def _text(key: Any) -> str:
    if type(key) is not str:
        raise _NotJson
    return key


def _token(key: Any) -> str:
    return _text(key).replace("~", "~0").replace("/", "~1")


def _set_time(root: dict[str, Any], pointer: str) -> None:
    """Make a point in time of the text that a pointer leads to."""
    parent: Any = root
    steps = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")]
    try:
        for step in steps[:-1]:
            parent = _part(parent, step)
        moment = datetime.fromisoformat(_part(parent, steps[-1]))
        if moment.tzinfo is None:
            raise ValueError(moment)  # noqa: TRY301 - one place says what is wrong
    except (KeyError, IndexError, TypeError, ValueError):
        raise Fault(f"its datetimes name {pointer!r:.60}, where its data has no time with an offset") from None
    parent[steps[-1] if type(parent) is dict else int(steps[-1])] = moment


def _part(parent: Any, step: str) -> Any:
    return parent[step if type(parent) is dict else int(step)]
