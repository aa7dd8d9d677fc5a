"""Questions: what `recall` and `similar` are asked, checked at the edge, before anything is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import attrs

from ..core.errors import InvalidInput
from .identity import as_labels, as_scope, check_kind, check_label, check_moment, check_share

if TYPE_CHECKING:  # it needs numpy, which costs as much to import as all of ours: only who recalls pays for it
    from ..projections.recall.recaller import Filters

__all__ = ["LIMIT", "Asking", "checked", "filters_of"]

LIMIT: Final = 10
LIMIT_MAX: Final = 10_000
NEIGHBOURS_MAX: Final = 100
QUERY_BYTES_MAX: Final = 1 << 20
"""As much as a memory may say."""


@attrs.frozen
class Asking:
    """A question, checked."""

    scope: tuple[str, ...]
    text: str
    limit: int
    neighbours: int
    preset: str
    explain: bool


def checked(
    query: str, scope: str | Sequence[str], limit: int, neighbours: int, preset: str, *, explain: bool
) -> Asking:
    """A question that can be taken.

    Raises:
        InvalidInput: it can't.
    """
    if not isinstance(query, str) or not query.strip():
        message = f"a question is a text that says something, not {query!r:.60}"
        raise InvalidInput(message)
    try:
        size = len(query.encode())
    except UnicodeEncodeError as error:
        message = f"the question {query!r:.60} is not valid text: {error.reason}"
        raise InvalidInput(message) from error
    if size > QUERY_BYTES_MAX:
        message = f"a question has at most {QUERY_BYTES_MAX:,} bytes, this one {size:,}"
        raise InvalidInput(message)
    for name, value, most in (("limit", limit, LIMIT_MAX), ("neighbours", neighbours, NEIGHBOURS_MAX)):
        least = int(name == "limit")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            message = f"{name} is a number from {least} to {most:,}, not {value!r}"
            raise InvalidInput(message)
    if preset not in {"fast", "balanced", "accurate"}:
        message = f"preset is 'fast', 'balanced' or 'accurate', not {preset!r}"
        raise InvalidInput(message)
    return Asking(as_scope(scope), query, limit, neighbours, preset, explain)


def filters_of(
    *,
    kinds: str | Iterable[str] = (),
    tags: Iterable[str] = (),
    sessions: str | Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    min_confidence: float = 0.0,
    without: str | None = None,
) -> Filters:
    """Which memories may answer.

    Raises:
        InvalidInput: something can't be taken.
    """
    from ..projections.recall.recaller import Filters  # noqa: PLC0415 - see the import above

    wanted = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in wanted:
        check_kind(kind)
    among = (sessions,) if isinstance(sessions, str) else tuple(sessions)
    for session in among:
        check_label("session", session)
    check_share("min_confidence", min_confidence)
    return Filters(
        kinds=wanted,
        tags=as_labels(tags),
        sessions=among,
        since_ns=None if since is None else check_moment("since", since),
        until_ns=None if until is None else check_moment("until", until),
        min_confidence=float(min_confidence),
        without=without,
    )
