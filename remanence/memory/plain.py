"""Plain: events and memories as JSON, in the shape that the command line prints and sizes are compared with.

What an event or a memory doesn't have is left out, so that a line says what is there and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:  # it looks at what it is given; to put a sentence into JSON takes no view
    from ..core.recorded import Recorded
    from ..projections.memories.view import MemoryRow
    from ..projections.tagging.view import TagRow

__all__ = ["Plain", "encode", "plain_event", "plain_memory", "plain_tags"]

Plain = dict[str, object]
_encoder: Final = msgspec.json.Encoder(enc_hook=str)


def encode(plain: object) -> bytes:
    """Compact JSON: datetimes in ISO 8601, bytes in base 64."""
    return _encoder.encode(plain)


def plain_event(recorded: Recorded[Any]) -> Plain:
    """An event as it stands in the log, whether or not this program knows its type.

    Raises:
        Damaged: its bytes don't decompress.
    """
    plain: Plain = {
        "position": recorded.position,
        "time": recorded.time,
        "type": recorded.type,
        "version": recorded.version,
    }
    if recorded.is_erased:
        return plain | {"erased": True}
    plain["tags"] = recorded.tags
    if recorded.by is not None:
        plain["by"] = recorded.by
    if recorded.cause is not None:
        plain["cause"] = recorded.cause
    if recorded.key is not None and recorded.key[0]:  # an empty one stands for the event's own content
        plain["key"] = recorded.key[0]
    if not recorded.is_known:
        plain["known"] = False
    plain["data"] = recorded.raw
    return plain


def plain_memory(row: MemoryRow) -> Plain:
    """A memory as it is now."""
    plain: Plain = {
        "id": row.id,
        "scope": "/".join(row.scope),
        "kind": row.kind,
        "text": row.text,
        "confidence": row.confidence,
        "importance": row.importance,
        "tags": row.tags,
        "metadata": dict(row.metadata),
    }
    if row.session is not None:
        plain |= {"session": row.session, "place": row.place}
    if row.speaker is not None:
        plain["speaker"] = row.speaker
    return plain | {
        "time": row.time,
        "position": row.position,
        "changed": row.changed,
        "reinforced": row.reinforced,
        "revised": row.revised,
    }


def plain_tags(row: TagRow) -> Plain:
    """What a tagger made of a memory."""
    plain: Plain = {"tagger": row.tagger, "version": row.version, "keywords": row.keywords}
    if row.cxd is not None:
        plain |= {"class": row.cxd, "state": row.state, "sure": row.sure}
    plain |= {"quality": row.quality, "score": row.score}
    if row.duplicate_of is not None:
        plain |= {"duplicate_of": row.duplicate_of, "similarity": row.similarity}
    return plain | {"position": row.tagged}
