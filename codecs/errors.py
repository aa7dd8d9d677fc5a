"""The base of all errors, and the two that bytes alone can cause.

Every error of Remanence derives from `RemanenceError`. There are few, and each is named by who must act: here the
caller (`InvalidInput`) and whoever looks after the disk (`Damaged`). The others live in `core.errors`.
Facts are attributes, so that programs need not read the text.
"""

from __future__ import annotations

__all__ = ["Damaged", "InvalidInput", "RemanenceError"]


class RemanenceError(Exception):
    """Base of every error that Remanence raises on purpose."""


class InvalidInput(RemanenceError, ValueError):
    """The caller passed something that can't be taken; nothing was written. The text says what, where and the limit."""


class Damaged(RemanenceError):
    """Stored bytes are not as they were written.

    Attributes:
        position: the event that is damaged, or None where the damage is not in an event.
    """

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position
