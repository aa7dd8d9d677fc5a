"""Rows: attrs classes ↔ msgpack, as the tables of views keep them. Pure."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec

from .converter import EventConverter
from .errors import Damaged, InvalidInput
from .native import encode_value

__all__ = ["RowCodec"]

R = TypeVar("R")
_decode: Final = msgspec.msgpack.Decoder().decode


class RowCodec(Generic[R]):
    """Bytes of one row class."""

    def __init__(self, cls: type[R], converter: EventConverter) -> None:
        """Prepare `cls`.

        Raises:
            InvalidInput: neither msgspec nor the converter can handle a type in it.
        """
        self._cls = cls
        self._converter = None if converter.is_native(cls) else converter
        self._typed: Any = msgspec.msgpack.Decoder(cls).decode if self._converter is None else None

    def encode(self, row: R) -> bytes:
        """The row's bytes; equal rows have equal bytes.

        Raises:
            InvalidInput: a value that can't be kept.
        """
        try:
            return encode_value(row if self._converter is None else self._converter.unstructure(row))
        except Exception as error:  # a user's hooks may raise anything
            message = f"{self._cls.__name__}: {error}"
            raise InvalidInput(message) from error

    def decode(self, data: bytes) -> R:
        """The row of these bytes.

        Raises:
            Damaged: they aren't a row of this class.
        """
        try:
            if self._converter is None:
                row: R = self._typed(data)
                return row
            return self._converter.structure(_decode(data), self._cls)
        except Exception as error:  # a class's own validators may raise anything
            message = f"the row is not a {self._cls.__name__}: {error}"
            raise Damaged(message) from error
