"""Cursors: the place of a row in the answer to one question, as text. Pure.

cursor = base64url(key(digest of the question, number of the way, place))
"""

from __future__ import annotations

import base64
import binascii

from ..codecs import keys
from ..codecs.digests import short_digest
from ..core.errors import Damaged, InvalidInput

__all__ = ["decode_cursor", "encode_cursor"]


def encode_cursor(question: bytes, way: int, place: bytes) -> str:
    """The cursor of the place, for this question answered in that way."""
    return base64.urlsafe_b64encode(keys.pack((short_digest(question), way, place))).decode().rstrip("=")


def decode_cursor(cursor: str, question: bytes) -> tuple[int, bytes]:
    """The way and the place.

    Raises:
        InvalidInput: it isn't a cursor, or another question's.
    """
    try:
        values = keys.unpack(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (TypeError, ValueError, binascii.Error, Damaged) as error:
        raise _refusal() from error
    match values:
        case (bytes() as digest, int() as way, bytes() as place) if way >= 0:
            if digest != short_digest(question):
                message = (
                    "the cursor belongs to another query: give `after` with the conditions, order, index and scan "
                )
                message += "of the page that it came with"
                raise InvalidInput(message)
            return way, place
        case _:
            raise _refusal()


def _refusal() -> InvalidInput:
    return InvalidInput("that is not a cursor: give `after` the `cursor` of the page before, as it was")
