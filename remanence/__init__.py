"""Remanence: an embedded, event-sourced memory engine for AI agents.

This module is the face: every name exported here is a promise to users, and no other import path is. The layers below
(`actors`, `projections`, `core`, `codecs`) never import it.

`import remanence` imports nothing else of it: a name brings its module along when it is first asked for (PEP 562). So
whoever needs an exception doesn't wait for the engine, and no command for what other commands need. Type checkers read
the imports below; a test holds that `_HOMES` says the same.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
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
    from .opening.opening import open_memory
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
    from .projections.recall.plugs import Analyser as Analyser
    from .projections.recall.plugs import RecallSettings as RecallSettings
    from .projections.recall.plugs import Reranker as Reranker
    from .projections.recall.plugs import Thesaurus as Thesaurus
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

    open = open_memory  # noqa: A001 - `remanence.open(path)` is the point

_HOMES: Final = {
    "actors.actor": "Actor ActorMarked",
    "actors.actor_statistics": "ActorStatistics",
    "actors.address": "Address",
    "actors.asks": "Ask",
    "actors.lanes": "Lane",
    "actors.letters": "DeadLetter",
    "actors.mailbox": "WhenFull",
    "actors.reaction": "Reaction",
    "actors.restarts": "Restart",
    "actors.supervisor": "Group Strategy Supervisor supervised",
    "actors.tagger": "Tagger Tags ToTag",
    "cloudevents": "Exported Imported export_events import_events",
    "codecs.converter": "EventConverter make_converter",
    "core.appends": "Appended",
    "core.embedder": "Embedder EmbedderIdentity",
    "core.errors": "Behind Closed Conflict Damaged InvalidInput KeyReused Locked NotFound OutcomeUnknown "
    "RemanenceError StorageFailed Unanswered Unreadable ViewFailed",
    "core.events": "event upcaster",
    "core.queries": "Condition Query",
    "core.recorded": "Recorded",
    "engine.appending": "Request",
    "engine.causes": "Caused",
    "engine.engine": "Engine Statistics",
    "engine.keeping": "Cache",
    "engine.replay": "replay",
    "memory.memory": "Memory",
    "opening.cluster_settings": "ClusterSettings",
    "opening.opening": "Settings open_engine open",
    "projections.auditing": "Audit Difference",
    "projections.caching.caches": "CacheStatistics",
    "projections.caching.changes": "SettingChanged",
    "projections.caching.contexts": "ContextCache",
    "projections.caching.pools": "Pool PoolStatistics",
    "projections.caching.settings": "CacheSettings",
    "projections.clusters.measures": "Drift",
    "projections.clusters.view": "Clusters",
    "projections.conditions": "Where between ge gt has_all has_any le lt ne one_of prefix where",
    "projections.memories.view": "Memories MemoryRow",
    "projections.plans": "Found Plan",
    "projections.projection": "Projection on",
    "projections.recall.events": "MemoryRecalled",
    "projections.recall.plugs": "Analyser RecallSettings Reranker Thesaurus",
    "projections.replaying": "DetachedView",
    "projections.schema": "Index",
    "projections.slow": "SlowQuery",
    "projections.tables": "Table",
    "projections.tagging.events": "MemoryTagged",
    "projections.tagging.importance": "Importance",
    "projections.tagging.view": "MemoryTags TagRow",
    "reading.clustering": "Cluster Contradiction",
    "reading.differing": "MemoryChange MemoryDiff",
    "reading.identity": "NewMemory",
    "reading.past_memory": "PastMemory",
    "reading.reading": "MemoryReader",
    "reading.recalling": "Hit",
}
"""Where each name is made: the names after each module."""
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names.split()}

if not TYPE_CHECKING:  # for type checkers the imports above say it all, and a `__getattr__` would hide misspelt names
    __all__ = list(_HOME_OF)

    def __getattr__(name: str) -> object:
        """What is asked for the first time; from then on it is an attribute like any other."""
        if name not in _HOME_OF:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        module = import_module(f".{_HOME_OF[name]}", __name__)
        globals()[name] = getattr(module, "open_memory" if name == "open" else name)
        return globals()[name]

    def __dir__() -> list[str]:
        """All names, those that nobody has asked for yet too."""
        return sorted({*globals(), *_HOME_OF})
