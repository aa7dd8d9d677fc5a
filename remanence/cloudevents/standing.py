"""Standing: which events of a file are in a log already, because it is where they come from."""

from __future__ import annotations

import attrs

from ..codecs.digests import short_digest
from ..codecs.payloads import content_digest
from ..core.appends import ERASED_CONTENT, user_key
from ..core.catalogs import KeyUse
from ..core.lmdb_store import LmdbStore
from ..core.log import Log
from ..core.stores import Origin
from .model import identity_of, local_position

__all__ = ["Standing"]


@attrs.frozen
class Standing:
    """What a log held when an import into it began.

    Attributes:
        log: the log.
        head: its last position then. What is appended meanwhile is no event of the file, whatever its position.
        origin: the log that it was forked from, and how far both are one.
    """

    log: Log
    head: int
    origin: Origin | None

    @classmethod
    def of(cls, log: Log) -> Standing:
        """What it holds now."""
        store = log.store
        origin = store.origin if isinstance(store, LmdbStore) else None
        return cls(log, log.head, origin)

    def use(self, identity: str) -> KeyUse | None:
        """Where something that was appended or imported under an identity stands."""
        return self.log.catalog.find_key(user_key(identity))

    def position(self, identity: str) -> int | None:
        """Where an event stands that this log itself gave its identity; None if it is known by a key, or not here."""
        found = local_position(identity)
        if found is None or self.use(identity) is not None:
            return None
        log_id, position = found
        if log_id == self.log.store.log_id:
            return position if position <= self.head else None
        is_shared = self.origin is not None and self.origin.log_id == log_id and position <= self.origin.position
        return position if is_shared else None

    def cause(self, source: str, event_id: str) -> int | None:
        """Where an event that isn't in the file stands here."""
        identity = identity_of(source, event_id)
        use = self.use(identity)
        return self.position(identity) if use is None else use.first

    def contradiction(self, identity: str, content: bytes) -> int | None:
        """The position of an event that has an identity and says something else; None if there is none.

        What has been erased says nothing any more: it is known, and stays erased.
        """
        use = self.use(identity)
        if use is not None:
            return None if use.content in (content, ERASED_CONTENT) else use.first
        position = self.position(identity)
        event = None if position is None else self.log.get(position)
        if event is None or event.is_erased:
            return None
        told = short_digest(content_digest(event.type, event.version, event.payload()))
        return None if told == content else position
