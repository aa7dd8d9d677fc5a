"""JSON as it is taken from others: only what has one meaning, and what is wrong told where it stands.

The decoder of the standard library takes more than JSON allows (NaN, 1e999 as infinity, the last of two equal keys,
half of a surrogate pair) or fails as a whole on one part (an int of 5,000 digits). Here such a part is decoded into a
`Flaw` in its place, so that one flawed message leaves its neighbours readable; `refuse_flaws` finds it again.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

import attrs

from .model import Fault

__all__ = ["DEPTH_MAX", "Flaw", "Json", "bare", "decode", "has_lone_surrogate", "kind", "refuse_flaws"]

DEPTH_MAX: Final = 32
"""Lists and objects inside each other: the arguments of a tool call nest, but no person reads 32 levels."""
_DIGITS_MAX: Final = 4_000
"""Python refuses to read an int of more than 4,300 digits from text; no number in a conversation comes near."""


@attrs.frozen
class Flaw:
    """Stands for a value that JSON doesn't allow, or allows to mean two things.

    Attributes:
        reason: what is wrong.
        instead: the object as a lenient reader would take it; it tells what was meant, no more.
    """

    reason: str
    instead: dict[str, Json] = attrs.field(factory=dict[str, "Json"])


_TOO_DEEP: Final = "it nests more than {} levels deep"
_LONE_SURROGATE: Final = "it holds half of a surrogate pair, which is no character"
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | Flaw | None"

_KINDS: Final[dict[type, str]] = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "text",
    type(None): "null",
    Flaw: "not JSON",
}


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json] | Flaw:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counts = Counter(key for key, _ in pairs)
    twice = next(key for key, count in counts.items() if count > 1)
    return Flaw(f"the key {json.dumps(twice[:40])} stands twice in one object", found)


def _int(digits: str) -> int | Flaw:
    return int(digits) if len(digits) <= _DIGITS_MAX else Flaw(f"a number has {len(digits)} digits")


def _float(digits: str) -> float | Flaw:
    value = float(digits)
    return value if math.isfinite(value) else Flaw(f"the number {digits:.40} is too large")


def _constant(name: str) -> Flaw:
    return Flaw(f"{name} is no number of JSON")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_int, parse_float=_float, parse_constant=_constant)


def decode(text: str, *, depth_max: int = DEPTH_MAX) -> Json:
    """Read one JSON value, which `refuse_flaws` will hold to the same depth.

    Raises:
        Fault: the text is not JSON at all; a value that is merely wrong comes back as a `Flaw` in its place.
    """
    try:
        value: Json = _decoder.decode(text)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text else ""
        what = error.msg[:1].lower() + error.msg[1:]
        raise Fault(f"it is not JSON: {what} at {line}column {error.colno}") from None
    except RecursionError:  # the decoder's own guard, far above DEPTH_MAX
        raise Fault(_TOO_DEEP.format(depth_max)) from None
    return value


def refuse_flaws(value: Json, depth: int = 0, *, depth_max: int = DEPTH_MAX) -> None:
    """Look through a whole value for what `decode` could not take, and for what no UTF-8 can hold.

    Raises:
        Fault: the first flaw, or nesting beyond `depth_max`.
    """
    match value:
        case Flaw():
            raise Fault(value.reason)
        case str():
            if has_lone_surrogate(value):
                raise Fault(_LONE_SURROGATE)
        case list() | dict():
            if depth == depth_max:
                raise Fault(_TOO_DEEP.format(depth_max))
            inner: Iterable[Json] = value if isinstance(value, list) else [*value, *value.values()]
            for one in inner:
                refuse_flaws(one, depth + 1, depth_max=depth_max)
        case _:
            pass


def bare(value: Json) -> Json:
    """The value as its writer meant it, to tell its shape by; not to be read from."""
    return value.instead if isinstance(value, Flaw) else value


def kind(value: Json) -> str:
    """What a value is, in words: `a list`."""
    return _KINDS[type(value)]


def has_lone_surrogate(text: str) -> bool:
    """Whether the text holds half of a surrogate pair: JSON can escape one, UTF-8 can't hold it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
