"""Sizes: what a log's events take as JSON, and what the log takes for them.

The measure is one that anybody can take with other tools: the bytes of `remanence log --json`, which prints a line for
each event, against the bytes of the log's file.
"""

from __future__ import annotations

import attrs

from ..core.log import Log, Progress
from .plain import encode, plain_event

__all__ = ["Sizes", "measure"]

_NEWLINE_BYTES = 1


@attrs.frozen
class Sizes:
    """What the events of a log take. All sizes are in bytes.

    Attributes:
        events: number of events.
        json_bytes: as compact JSON lines, newlines included.
        frame_bytes: as frames: what each event takes in the log.
        log_bytes: the log's file: frames, their chain, tables, dictionaries and the free space between them.
    """

    events: int
    json_bytes: int
    frame_bytes: int
    log_bytes: int

    @property
    def frame_share(self) -> float:
        """The frames' part of the JSON's size; 0 when there is no event."""
        return self.frame_bytes / self.json_bytes if self.json_bytes else 0.0

    @property
    def log_share(self) -> float:
        """The file's part of the JSON's size; 0 when there is no event."""
        return self.log_bytes / self.json_bytes if self.json_bytes else 0.0


def measure(log: Log, progress: Progress | None = None) -> Sizes:
    """Measure a log as it is now, reading every event once.

    Raises:
        Damaged: an event is.
    """
    head = log.head
    json_bytes = frame_bytes = 0
    for batch in log.scan(before=head + 1):
        for recorded in batch:
            json_bytes += len(encode(plain_event(recorded))) + _NEWLINE_BYTES
            frame_bytes += len(recorded.frame)
        if progress is not None:
            progress("sizes", batch[-1].position, head)
    return Sizes(head, json_bytes, frame_bytes, log.store.used_bytes())
