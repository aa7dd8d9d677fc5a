"""Naming: what a class of a user's is called in the log, in files and in messages, unless it says so itself."""

from __future__ import annotations

import re
from typing import Any

from .errors import InvalidInput

__all__ = ["name_class"]


def name_class(cls: Any, what: str, length_max: int) -> None:
    """Give a class the name that its own is in lower case with underscores, unless it has one; check what it has.

    Args:
        cls: the class, with an attribute `name`.
        what: what it is, for the message: "actor".
        length_max: how long a name may be, in characters.

    Raises:
        InvalidInput: the name has other signs than lower-case letters, digits and underscores, or too many.
    """
    if "name" not in cls.__dict__:
        cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__.lstrip("_")).lower()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", cls.name) or len(cls.name) > length_max:
        message = f"the {what} name {cls.name!r}: use lower-case letters, digits and underscores, {length_max} at most"
        raise InvalidInput(message)
