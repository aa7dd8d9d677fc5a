"""Sample events, and the codecs of their classes: one that msgspec reads alone, one that a hook touches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import attrs
import pytest

from remanence.codecs.converter import make_converter
from remanence.codecs.errors import InvalidInput
from remanence.codecs.payloads import PayloadCodec

from .generated import Celsius, hooked_converter


@attrs.frozen
class Line:
    """One line of an order."""

    article: str
    count: int
    notes: tuple[str, ...] = ()


@attrs.frozen
class Ordered:
    """An event of every plain kind of field."""

    order: str
    total: float
    lines: tuple[Line, ...] = ()
    at: datetime | None = None
    extra: dict[str, Any] = attrs.field(factory=dict[str, Any])
    state: Literal["new", "paid"] = "new"


@attrs.frozen
class Reading:
    """An event that goes through the converter, because of a hook."""

    value: Celsius
    extra: Any = None


ORDERED = Ordered(
    "7",
    12.5,
    (Line("pen", 2), Line("ink", 1, ("blue",))),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    {"b": [1], "a": b"x"},
)
CODEC = PayloadCodec(Ordered, make_converter())
HOOKED = PayloadCodec(Reading, hooked_converter())
CODECS: list[tuple[PayloadCodec[Any], Any]] = [(CODEC, ORDERED), (HOOKED, Reading(Celsius(21.5), ["more"]))]


def assert_refused(event: object, complaint: str, codec: PayloadCodec[Any] | None = None) -> None:
    """Encoding and checking an event ends in InvalidInput, whose text begins with the complaint."""
    codec = PayloadCodec[Any](type(event), make_converter()) if codec is None else codec
    with pytest.raises(InvalidInput) as caught:
        codec.checked(codec.encode(event, (), None, None, None))
    assert str(caught.value).startswith(complaint)
