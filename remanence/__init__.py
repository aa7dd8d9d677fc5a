"""Remanence: an embedded, event-sourced memory engine for AI agents.

This module is the face: every name exported here is a promise to users, and no other import path is. The layers below
(`actors`, `projections`, `core`, `codecs`) never import it.
"""

from .actors.reaction import Reaction as Reaction
from .codecs.converter import EventConverter as EventConverter
from .codecs.converter import make_converter as make_converter
from .core.appends import Appended as Appended
from .core.errors import Behind as Behind
from .core.errors import Closed as Closed
from .core.errors import Conflict as Conflict
from .core.errors import Damaged as Damaged
from .core.errors import InvalidInput as InvalidInput
from .core.errors import KeyReused as KeyReused
from .core.errors import Locked as Locked
from .core.errors import NotFound as NotFound
from .core.errors import OutcomeUnknown as OutcomeUnknown
from .core.errors import RemanenceError as RemanenceError
from .core.errors import StorageFailed as StorageFailed
from .core.errors import Unreadable as Unreadable
from .core.errors import ViewFailed as ViewFailed
from .core.events import event as event
from .core.events import upcaster as upcaster
from .core.queries import Condition as Condition
from .core.queries import Query as Query
from .core.recorded import Recorded as Recorded
from .engine import Engine as Engine
from .engine import Request as Request
from .engine import Statistics as Statistics
from .identity import NewMemory as NewMemory
from .memory import Memory as Memory
from .opening import Settings as Settings
from .opening import open_engine as open_engine
from .opening import open_memory as open  # noqa: A004 - `remanence.open(path)` is the point
from .projections.memories.view import Memories as Memories
from .projections.memories.view import MemoryRow as MemoryRow
from .projections.projection import Projection as Projection
from .projections.projection import on as on
from .projections.schema import Index as Index
from .projections.tables import Table as Table

__all__ = [
    "Appended",
    "Behind",
    "Closed",
    "Condition",
    "Conflict",
    "Damaged",
    "Engine",
    "EventConverter",
    "Index",
    "InvalidInput",
    "KeyReused",
    "Locked",
    "Memories",
    "Memory",
    "MemoryRow",
    "NewMemory",
    "NotFound",
    "OutcomeUnknown",
    "Projection",
    "Query",
    "Reaction",
    "Recorded",
    "RemanenceError",
    "Request",
    "Settings",
    "Statistics",
    "StorageFailed",
    "Table",
    "Unreadable",
    "ViewFailed",
    "event",
    "make_converter",
    "on",
    "open",
    "open_engine",
    "upcaster",
]
