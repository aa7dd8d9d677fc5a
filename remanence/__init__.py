"""Remanence: an embedded, event-sourced memory engine for AI agents.

This module is the face: every name exported here is a promise to users, and no other import path is. The layers below
(`actors`, `projections`, `core`, `codecs`) never import it.
"""

from .actors.actor import Actor as Actor
from .actors.actor import ActorMarked as ActorMarked
from .actors.actor_statistics import ActorStatistics as ActorStatistics
from .actors.address import Address as Address
from .actors.asks import Ask as Ask
from .actors.lanes import Lane as Lane
from .actors.letters import DeadLetter as DeadLetter
from .actors.mailbox import WhenFull as WhenFull
from .actors.reaction import Reaction as Reaction
from .actors.restarts import Restart as Restart
from .actors.supervisor import Group as Group
from .actors.supervisor import Strategy as Strategy
from .actors.supervisor import Supervisor as Supervisor
from .actors.supervisor import supervised as supervised
from .actors.tagger import Tagger as Tagger
from .actors.tagger import Tags as Tags
from .actors.tagger import ToTag as ToTag
from .cloudevents import Exported as Exported
from .cloudevents import Imported as Imported
from .cloudevents import export_events as export_events
from .cloudevents import import_events as import_events
from .codecs.converter import EventConverter as EventConverter
from .codecs.converter import make_converter as make_converter
from .core.appends import Appended as Appended
from .core.embedder import Embedder as Embedder
from .core.embedder import EmbedderIdentity as EmbedderIdentity
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
from .core.errors import Unanswered as Unanswered
from .core.errors import Unreadable as Unreadable
from .core.errors import ViewFailed as ViewFailed
from .core.events import event as event
from .core.events import upcaster as upcaster
from .core.queries import Condition as Condition
from .core.queries import Query as Query
from .core.recorded import Recorded as Recorded
from .engine.appending import Request as Request
from .engine.causes import Caused as Caused
from .engine.engine import Engine as Engine
from .engine.engine import Statistics as Statistics
from .engine.keeping import Cache as Cache
from .engine.replay import replay as replay
from .memory.memory import Memory as Memory
from .opening.cluster_settings import ClusterSettings as ClusterSettings
from .opening.opening import Settings as Settings
from .opening.opening import open_engine as open_engine
from .opening.opening import open_memory as open  # noqa: A004 - `remanence.open(path)` is the point
from .projections.auditing import Audit as Audit
from .projections.auditing import Difference as Difference
from .projections.caching.caches import CacheStatistics as CacheStatistics
from .projections.caching.changes import SettingChanged as SettingChanged
from .projections.caching.contexts import ContextCache as ContextCache
from .projections.caching.pools import Pool as Pool
from .projections.caching.pools import PoolStatistics as PoolStatistics
from .projections.caching.settings import CacheSettings as CacheSettings
from .projections.clusters.measures import Drift as Drift
from .projections.clusters.view import Clusters as Clusters
from .projections.conditions import Where as Where
from .projections.conditions import between as between
from .projections.conditions import ge as ge
from .projections.conditions import gt as gt
from .projections.conditions import has_all as has_all
from .projections.conditions import has_any as has_any
from .projections.conditions import le as le
from .projections.conditions import lt as lt
from .projections.conditions import ne as ne
from .projections.conditions import one_of as one_of
from .projections.conditions import prefix as prefix
from .projections.conditions import where as where
from .projections.memories.view import Memories as Memories
from .projections.memories.view import MemoryRow as MemoryRow
from .projections.plans import Found as Found
from .projections.plans import Plan as Plan
from .projections.projection import Projection as Projection
from .projections.projection import on as on
from .projections.recall.events import MemoryRecalled as MemoryRecalled
from .projections.replaying import DetachedView as DetachedView
from .projections.schema import Index as Index
from .projections.slow import SlowQuery as SlowQuery
from .projections.tables import Table as Table
from .projections.tagging.events import MemoryTagged as MemoryTagged
from .projections.tagging.importance import Importance as Importance
from .projections.tagging.view import MemoryTags as MemoryTags
from .projections.tagging.view import TagRow as TagRow
from .reading.clustering import Cluster as Cluster
from .reading.clustering import Contradiction as Contradiction
from .reading.differing import MemoryChange as MemoryChange
from .reading.differing import MemoryDiff as MemoryDiff
from .reading.identity import NewMemory as NewMemory
from .reading.past_memory import PastMemory as PastMemory
from .reading.reading import MemoryReader as MemoryReader
from .reading.recalling import Hit as Hit

__all__ = [
    "Actor",
    "ActorMarked",
    "ActorStatistics",
    "Address",
    "Appended",
    "Ask",
    "Audit",
    "Behind",
    "Cache",
    "CacheSettings",
    "CacheStatistics",
    "Caused",
    "Closed",
    "Cluster",
    "ClusterSettings",
    "Clusters",
    "Condition",
    "Conflict",
    "ContextCache",
    "Contradiction",
    "Damaged",
    "DeadLetter",
    "DetachedView",
    "Difference",
    "Drift",
    "Embedder",
    "EmbedderIdentity",
    "Engine",
    "EventConverter",
    "Exported",
    "Found",
    "Group",
    "Hit",
    "Importance",
    "Imported",
    "Index",
    "InvalidInput",
    "KeyReused",
    "Lane",
    "Locked",
    "Memories",
    "Memory",
    "MemoryChange",
    "MemoryDiff",
    "MemoryReader",
    "MemoryRecalled",
    "MemoryRow",
    "MemoryTagged",
    "MemoryTags",
    "NewMemory",
    "NotFound",
    "OutcomeUnknown",
    "PastMemory",
    "Plan",
    "Pool",
    "PoolStatistics",
    "Projection",
    "Query",
    "Reaction",
    "Recorded",
    "RemanenceError",
    "Request",
    "Restart",
    "SettingChanged",
    "Settings",
    "SlowQuery",
    "Statistics",
    "StorageFailed",
    "Strategy",
    "Supervisor",
    "Table",
    "TagRow",
    "Tagger",
    "Tags",
    "ToTag",
    "Unanswered",
    "Unreadable",
    "ViewFailed",
    "WhenFull",
    "Where",
    "between",
    "event",
    "export_events",
    "ge",
    "gt",
    "has_all",
    "has_any",
    "import_events",
    "le",
    "lt",
    "make_converter",
    "ne",
    "on",
    "one_of",
    "open",
    "open_engine",
    "prefix",
    "replay",
    "supervised",
    "upcaster",
    "where",
]
