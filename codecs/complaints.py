"""Complaints: what msgspec and cattrs say is wrong with a value, and which part of the value they mean. Pure."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from cattrs import BaseValidationError, transform_error

from .native import encode_value
from .values import parts_of, step_text

__all__ = ["ENCODE_ERRORS", "explain", "path_to_unencodable"]

ENCODE_ERRORS: Final = (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError)
"""What msgspec raises for a value that msgpack can't hold."""
_PLACED: Final = re.compile(r"(.*) - at (?:`key` in )?`\$(.*)`", re.DOTALL)
"""msgspec's text, and the path that it ends with: "Expected `int`, got `str` - at `$.name[3]`"."""


def explain(error: BaseException) -> tuple[str, str]:
    """The path to what is wrong, as `.name[3]` or nothing, and what is wrong with it."""
    outer = ""
    text = str(error) or type(error).__name__
    if isinstance(error, BaseValidationError):
        text, _, outer = transform_error(error, path="", format_exception=_describe)[0].rpartition(" @ ")
    placed = _PLACED.fullmatch(text)
    return (outer, text) if placed is None else (outer + placed[2], placed[1])


def path_to_unencodable(value: object) -> str:
    """Where in a value the part stands that msgpack can't hold."""
    for step, part in parts_of(value):
        try:
            encode_value(part)
        except ENCODE_ERRORS:
            return step_text(step) + path_to_unencodable(part)
    return ""


def _describe(error: BaseException, _: type | None) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error) or type(error).__name__
