r"""Keys: tuples of plain values whose bytes sort as the values do. Pure; bytes are compared as by memcmp.

    key    = value*                              no end mark: a shorter key is a prefix of the longer ones it begins
    value  = 08                                  None
           | 10 | 11                             False, True
           | tag magnitude                       int, |n| < 2**64, tag = 20 + size of the magnitude, at most 8 bytes
           | tag complement                      int below zero, tag = 20 - size; magnitude with every bit flipped
           | 30 bits                             float, 8 bytes: sign bit flipped, below zero all bits flipped
           | 38 text 00                          str as UTF-8, whose byte order is the order of code points
           | 40 text 00                          bytes
           | 48 value* 00                        tuple, at most 16 deep
    text   = every byte as it is, but 00 as 01 01 and 01 as 01 02

The order is total and goes by type first: None < False < True < int < float < str < bytes < tuple. So 2 stands before
1.5, as every int does before every float: a column holds one type, and an exact order across two would cost every key.
Within a type it is Python's own. -0.0 is written as 0.0; infinities are the ends of float; NaN, without a place, is
refused.

The model is FoundationDB's tuple layer (apple/foundationdb, design/tuple.md): types first, ints by their size, nested
tuples closed by a mark below every tag. One thing differs. There 00 is escaped as 00 FF, so the bytes of "a" begin
those of "a\0" as well, and a scan by prefix meets keys it must not. Here no value's bytes begin another's, at the price
of escaping 01 too: a key starts with a packed tuple exactly when its values start with that tuple's.

Every value has one form and `unpack` takes no other: `pack(unpack(data)) == data` for all that it accepts. The length
of a key is not limited here: LMDB's 511 bytes are the concern of the table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isnan
from struct import Struct
from typing import Final, TypeAlias, cast

from .errors import Damaged, InvalidInput

__all__ = ["DEPTH_MAX", "KeyValue", "after_prefix", "pack", "pack_each", "pack_prefix", "unpack"]

KeyValue: TypeAlias = "bool | int | float | str | bytes | tuple[KeyValue, ...] | None"

DEPTH_MAX: Final = 16
"""Tuples inside tuples: far beyond any index, far below the interpreter's own limit on recursion."""

_NONE: Final = 0x08
_FALSE: Final = 0x10
_TRUE: Final = 0x11
_ZERO: Final = 0x20
_FLOAT: Final = 0x30
_STR: Final = 0x38
_BYTES: Final = 0x40
_TUPLE: Final = 0x48
_END: Final = 0x00
_ESCAPE: Final = 0x01

_INT_BYTES_MAX: Final = 8
_LOWEST_INT: Final = _ZERO - _INT_BYTES_MAX
_HIGHEST_INT: Final = _ZERO + _INT_BYTES_MAX
_SMALL_END: Final = 1024
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1
_MINUS_ZERO: Final = _SIGN - 1
"""What -0.0 would be written as: the bits just below those of 0.0."""

_TAGS: Final = tuple(bytes([tag]) for tag in range(_TUPLE + 1))
_FULL: Final = tuple((1 << 8 * size) - 1 for size in range(_INT_BYTES_MAX + 1))
_CONSTANTS: Final[dict[int, bool | None]] = {_NONE: None, _FALSE: False, _TRUE: True}
_KINDS: Final = "None, bool, int, float, str, bytes and tuples of these"
_LONE_SURROGATE: Final = "is a str with half of a surrogate pair, which UTF-8 can't hold"
_NOT_UTF8: Final = "text is not UTF-8"
_ESCAPED: Final = {b"\1": b"\0", b"\2": b"\1"}
_escape = re.compile(rb"\x01(.?)", re.DOTALL)
_double = Struct(">d")
_word = Struct(">Q")


def pack(values: Sequence[KeyValue]) -> bytes:
    """Turn values into a key, which is also the prefix of every key that starts with the same values.

    Subclasses (a StrEnum, a named tuple) are packed as the plain value they extend and come back as that.

    Raises:
        InvalidInput: a value that no key can hold; the text names it as `values[index]`.
    """
    kind = type(values)
    if kind is not tuple and isinstance(values, (str, bytes)):
        raise InvalidInput(f"a key is packed from several values, not from one {kind.__name__}: write (value,)")
    return b"".join(_pack_all(values, ()))


def pack_each(values: Sequence[KeyValue]) -> list[bytes]:
    """Turn each value into its part of a key: `pack(values)` is these, end to end.

    Raises:
        InvalidInput: as `pack`.
    """
    return _pack_all(values, ())


def pack_prefix(values: Sequence[KeyValue], beginning: str | bytes) -> bytes:
    """Return the prefix of exactly those keys that hold `values` and next a str (or bytes) starting with `beginning`.

    Raises:
        InvalidInput: as `pack`.
    """
    return pack((*values, beginning))[:-1]  # all but the end mark


def after_prefix(prefix: bytes) -> bytes | None:
    """Return the smallest bytes above every key with this prefix; None when nothing is (it has no byte below FF)."""
    rest = prefix.rstrip(b"\xff")
    return rest[:-1] + bytes([rest[-1] + 1]) if rest else None


def unpack(data: bytes) -> tuple[KeyValue, ...]:
    """Turn a key back into its values.

    Raises:
        Damaged: these are not the bytes that `pack` makes of any values.
    """
    values: list[KeyValue] = []
    at, size = 0, len(data)
    while at < size:
        if data[at] == _STR:  # here alone, as in `pack`: a call would cost as much again
            end = data.find(_END, at) + 1
            raw = data[at + 1 : end - 1]
            if not end or _ESCAPE in raw:
                raw, end = _unpack_text(data, at)
            try:
                values.append(raw.decode())
            except UnicodeDecodeError:
                raise _damage(at, _NOT_UTF8) from None
            at = end
        else:
            value, at = _unpack_value(data, at, 0)
            values.append(value)
    return tuple(values)


def _pack_all(values: Sequence[object], path: tuple[int, ...]) -> list[bytes]:
    """Pack the values of a key, or of a tuple in it; `path` is where the tuple stands."""
    parts: list[bytes] = []
    for value in values:  # the two common types are inline: a call would cost as much again
        if type(value) is str and "\0" not in value and "\1" not in value:
            try:
                parts.append(f"8{value}\0".encode())  # "8" is _STR
            except UnicodeEncodeError:
                raise _refusal((*path, len(parts)), _LONE_SURROGATE) from None
        elif type(value) is int:
            parts.append(_SMALL[value] if 0 <= value < _SMALL_END else _pack_int(value, (*path, len(parts))))
        else:
            parts.append(_pack_value(value, (*path, len(parts))))
    return parts


def _pack_value(value: object, path: tuple[int, ...]) -> bytes:  # noqa: PLR0911 - one return per type
    """Pack one value of any kind; `path` is where it stands: an index for each tuple around it."""
    if type(value) is tuple:  # scopes and paths: asked first, because `match` would come to it last
        return _pack_tuple(cast("tuple[object, ...]", value), path)
    match value:
        case None:
            return _TAGS[_NONE]
        case bool():
            return _TAGS[_TRUE if value else _FALSE]
        case int():
            return _pack_int(value, path)
        case float():
            return _pack_float(value, path)
        case str():
            try:
                return _pack_text(_STR, str.encode(value))
            except UnicodeEncodeError:
                raise _refusal(path, _LONE_SURROGATE) from None
        case bytes():
            return _pack_text(_BYTES, value)
        case tuple():
            return _pack_tuple(cast("tuple[object, ...]", value), path)
        case _:
            raise _refusal(path, f"is a {type(value).__name__}; a key holds {_KINDS}")


def _pack_int(value: int, path: tuple[int, ...]) -> bytes:
    size = (value.bit_length() + 7) >> 3
    if size > _INT_BYTES_MAX:
        raise _refusal(path, "is an int of more than 64 bits")
    if value >= 0:
        return _TAGS[_ZERO + size] + value.to_bytes(size, "big")
    return _TAGS[_ZERO - size] + (value + _FULL[size]).to_bytes(size, "big")


def _pack_float(value: float, path: tuple[int, ...]) -> bytes:
    if isnan(value):
        raise _refusal(path, "is NaN, which has no place in an order")
    (bits,) = _word.unpack(_double.pack(value + 0.0))  # -0.0 + 0.0 is 0.0
    return _TAGS[_FLOAT] + _word.pack(bits ^ (_ALL if bits & _SIGN else _SIGN))


def _pack_text(tag: int, raw: bytes) -> bytes:
    return b"%c%b\0" % (tag, raw.replace(b"\1", b"\1\2").replace(b"\0", b"\1\1"))


def _pack_tuple(values: tuple[object, ...], path: tuple[int, ...]) -> bytes:
    if len(path) > DEPTH_MAX:
        raise _refusal(path, f"is a tuple more than {DEPTH_MAX} deep")
    return b"".join((_TAGS[_TUPLE], *_pack_all(values, path), _TAGS[_END]))


def _refusal(path: tuple[int, ...], fault: str) -> InvalidInput:
    return InvalidInput(f"no key for these: values{''.join(f'[{index}]' for index in path)} {fault}")


def _unpack_value(data: bytes, at: int, depth: int) -> tuple[KeyValue, int]:
    """Read the value at `at` and say where the next one begins; `depth` tuples are open around it."""
    tag = data[at]
    if _LOWEST_INT <= tag <= _HIGHEST_INT:
        return _unpack_int(data, at)
    if tag == _STR:
        text, end = _unpack_text(data, at)
        try:
            return text.decode(), end
        except UnicodeDecodeError:
            raise _damage(at, _NOT_UTF8) from None
    if tag == _TUPLE:
        return _unpack_tuple(data, at, depth + 1)
    if tag == _BYTES:
        return _unpack_text(data, at)
    if tag == _FLOAT:
        return _unpack_float(data, at)
    if tag in _CONSTANTS:
        return _CONSTANTS[tag], at + 1
    raise _damage(at, f"{tag:02x} begins no value")


def _unpack_int(data: bytes, at: int) -> tuple[int, int]:
    size = data[at] - _ZERO
    end = at + 1 + abs(size)
    if end > len(data):
        raise _damage(at, "an int is cut off")
    value = int.from_bytes(data[at + 1 : end], "big")
    if size < 0:
        value -= _FULL[-size]
    if size and abs(value) <= _FULL[abs(size) - 1]:
        raise _damage(at, "an int is longer than it need be")
    return value, end


def _unpack_float(data: bytes, at: int) -> tuple[float, int]:
    end = at + 1 + _word.size
    if end > len(data):
        raise _damage(at, "a float is cut off")
    (bits,) = _word.unpack_from(data, at + 1)
    (value,) = _double.unpack(_word.pack(bits ^ (_SIGN if bits & _SIGN else _ALL)))
    if isnan(value) or bits == _MINUS_ZERO:
        raise _damage(at, "a float is NaN or minus zero, which are never written")
    return value, end


def _unpack_text(data: bytes, at: int) -> tuple[bytes, int]:
    end = data.find(_END, at)
    if end < 0:
        raise _damage(at, "text has no end")
    raw = data[at + 1 : end]
    if _ESCAPE in raw:
        try:
            raw = _escape.sub(lambda found: _ESCAPED[found[1]], raw)
        except KeyError:
            raise _damage(at, "text holds a broken escape") from None
    return raw, end + 1


def _unpack_tuple(data: bytes, at: int, depth: int) -> tuple[tuple[KeyValue, ...], int]:
    if depth > DEPTH_MAX:
        raise _damage(at, f"a tuple is more than {DEPTH_MAX} deep")
    values: list[KeyValue] = []
    next_at = at + 1
    while data[next_at : next_at + 1] != b"\0":
        if next_at == len(data):
            raise _damage(at, "a tuple has no end")
        value, next_at = _unpack_value(data, next_at, depth)
        values.append(value)
    return tuple(values), next_at + 1


def _damage(at: int, fault: str) -> Damaged:
    return Damaged(f"a key is not as it was packed: at byte {at}, {fault}")


_SMALL: Final = tuple(_pack_int(number, ()) for number in range(_SMALL_END))
"""The ints of most keys (places, versions, counts), ready made: half the time for a key of one."""
