"""Skips: events that a view passes over because its projection could not take them, and somebody said so.

A skip is a decision, so it is an event. Whoever builds the view again reads these first, so that the rebuilt view is
the one that was live. A skip holds for one version of a projection: the next is written to take the event.
"""

from __future__ import annotations

from typing import Final

import attrs

from ..core.events import event
from ..core.log import Log
from ..core.queries import Query
from .projection import Projection

__all__ = ["ViewSkipped", "skips_of"]

_NAME: Final = "view.skipped"


@event(_NAME)
@attrs.frozen
class ViewSkipped:
    """A view passes over an event for good.

    Attributes:
        view: its projection's name.
        version: its projection's version.
        position: the event.
    """

    view: str
    version: int
    position: int

    def about(self) -> tuple[str, ...]:
        """The view."""
        return (f"view:{self.view}",)


def skips_of(log: Log, projection: type[Projection]) -> frozenset[int]:
    """Positions of the events that views of a projection pass over.

    Raises:
        Damaged: the log is.
    """
    found = log.read(Query.of([_NAME], [f"view:{projection.name}"]))
    skips = (recorded.raw for recorded in found if not recorded.is_erased)
    return frozenset(skip["position"] for skip in skips if skip["version"] == projection.version)
