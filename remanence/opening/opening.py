"""Opening: from a folder to an engine at work, and back. The order of everything that has to be taken and let go.

Taken: the lease, the store, the catalog, the views, the writer. Let go: the reverse. Whatever fails half-way, what was
taken is let go again.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import trio

from ..actors.actor import Actor
from ..actors.cacher import Cacher
from ..actors.indexer import Following, Indexer
from ..actors.keeper import Keeper
from ..actors.reacting import Reacting
from ..actors.reaction import UPCASTERS, Reaction
from ..actors.retrainer import Retrainer
from ..actors.snapshotter import Snapshotter
from ..actors.supervisor import Group, Maker
from ..actors.writer import Durability, Writer
from ..codecs.converter import EventConverter, make_converter
from ..core.clock import Entropy, Timer, WallClock, system_clock, system_entropy, system_timer
from ..core.embedder import Embedder
from ..core.environment import DEFAULT_MAP_BYTES
from ..core.errors import InvalidInput, NotFound, StorageFailed
from ..core.events import Registry, Upcaster
from ..core.files import make_folder
from ..core.lease import Lease
from ..core.lmdb_store import LmdbStore
from ..core.log import Log, Progress
from ..engine.engine import Engine
from ..engine.running import running
from ..memory.memory import Memory
from ..projections import catalog as catalogs
from ..projections.caching.caches import Caches
from ..projections.caching.changes import decided
from ..projections.caching.noting import NoteFile
from ..projections.caching.settings import CacheSettings
from ..projections.memories.events import MEMORY_EVENTS
from ..projections.memories.view import Memories
from ..projections.projection import Projection
from ..projections.recall.events import MemoryRecalled
from ..projections.recall.plugs import RecallSettings
from ..projections.scratch_folder import remove_leftovers
from ..projections.slow import SlowQueries
from ..projections.slow_file import SlowFile
from ..projections.snapshots import FOLDER, seed_if_lost
from ..projections.tagging.events import TAGGING_EVENTS
from ..projections.view_store import leaves_of
from ..projections.views import View, Views, distinct
from .cluster_settings import ClusterSettings, with_clusters
from .embedder_settings import embedders_of, with_embedders
from .known_events import ENGINE_EVENTS
from .tagging import with_tagger

if TYPE_CHECKING:
    from ..actors.tagger import Tagger

__all__ = ["Settings", "open_engine", "open_memory"]

SHUTDOWN_S: Final = 30.0
SLOW_QUERY_S: Final = 0.1
"""What a person notices as a delay, and a thousand times what a query by index takes."""
SNAPSHOT_EVENTS: Final = 50_000
"""About as many as are folded in a second or less: what a crash of the machine costs at most."""


@attrs.frozen
class Settings:
    """How an engine works.

    Attributes:
        durability: "durable": an append is answered after the flush of its commit; "buffered": when it is accepted, and
            it is durable after 50 operations or 100 ms.
        map_bytes: address space for each file to begin with; it grows when it has to.
        shutdown_s: how long closing waits for what is under way, in seconds.
        retrain: whether the log trains compression dictionaries from its own events when that pays.
        slow_query_s: queries that take so long, in seconds, are listed by `Engine.statistics` with their plans,
            and by `remanence stats` whichever process asked.
        snapshot_events: how many events lie between two copies of the views, which bound what a crash of the machine
            and a look into the past cost; None for none.
        cache: what is kept in memory of what was read: a `CacheSettings`, or the name of a preset: "default",
            "throughput", "latency", "small-memory" or "off".
    """

    durability: str = Durability.DURABLE
    map_bytes: int = DEFAULT_MAP_BYTES
    shutdown_s: float = SHUTDOWN_S
    retrain: bool = True
    slow_query_s: float = SLOW_QUERY_S
    snapshot_events: int | None = SNAPSHOT_EVENTS
    cache: CacheSettings | str = "default"

    def __attrs_post_init__(self) -> None:
        if self.snapshot_events is not None and self.snapshot_events < 1:
            message = f"snapshot_events is 1 or more, or None for none, not {self.snapshot_events!r}"
            raise InvalidInput(message)
        if self.durability not in (Durability.DURABLE, Durability.BUFFERED):
            message = f"durability is 'durable' or 'buffered', not {self.durability!r}"
            raise InvalidInput(message)
        if not self.slow_query_s >= 0:
            message = f"slow_query_s is a time in seconds, 0 or more, not {self.slow_query_s!r}"
            raise InvalidInput(message)
        if not isinstance(self.cache, (CacheSettings, str)):
            message = f"cache is a CacheSettings or a preset's name, 'off' for none, not {self.cache!r}"
            raise InvalidInput(message)


@contextlib.asynccontextmanager
async def open_engine(
    path: Path | str,
    *,
    events: Iterable[type] = (),
    projections: Iterable[type[Projection]] = (),
    async_projections: Iterable[type[Projection]] = (),
    reactions: Iterable[Reaction] = (),
    actors: Iterable[Maker | Group] = (),
    upcasters: Iterable[Upcaster] = (),
    converter: EventConverter | None = None,
    settings: Settings | None = None,
    read_only: bool = False,
    create: bool = True,
    clock: WallClock = system_clock,
    entropy: Entropy = system_entropy,
    timer: Timer = system_timer,
    progress: Progress | None = None,
) -> AsyncGenerator[Engine, None]:
    """Open a log with its views.

    Args:
        path: its folder; made if it isn't there.
        events: the event classes that this program knows.
        projections: the views it wants: each append shows in them when it returns.
        async_projections: views that follow the log a little later, so that appends don't wait for them.
        reactions: what acts outside because of events; nothing does when the log is opened read-only.
        actors: your own: classes, functions that make one, or groups; none runs when the log is opened read-only.
        upcasters: what turns stored data of earlier versions into today's.
        converter: a converter with hooks for types of your own, from `make_converter`.
        settings: durability and limits.
        read_only: read what another process writes, or wrote.
        create: make the log if it isn't there.
        clock: unix time in nanoseconds.
        entropy: random bytes.
        timer: seconds that only go forward, to tell slow queries by.
        progress: told how far building the views is.

    Raises:
        Locked: another process writes to it.
        NotFound: it isn't there; or, read-only, its views have to be built first.
        InvalidInput: the event classes, upcasters or projections contradict each other.
        Damaged, StorageFailed: as the disk says.
    """
    root = Path(path)
    settings = settings or Settings()
    converter = converter or make_converter()
    registry = Registry((*ENGINE_EVENTS, *events), (*UPCASTERS, *upcasters), converter)
    acting = _one_each(reactions)
    wanted = _wanted(projections, async_projections)
    slow = SlowQueries(settings.slow_query_s, clock=timer, wall=clock, also=SlowFile(root / "views").add)
    open_parts = partial(_open_parts, root, registry, wanted, converter, settings, slow=slow, read_only=read_only)
    with _claimed(root, read_only=read_only, create=create):
        log, views = await trio.to_thread.run_sync(partial(open_parts, clock=clock, entropy=entropy, progress=progress))
        writer = None if read_only else Writer(log, views, durability=settings.durability)
        keepers = [] if writer is None else [Keeper(log, view, writer) for view in views]
        engine = Engine(root, log, views, writer, slow, clock=clock, entropy=entropy, keepers=keepers)
        try:
            if writer is None:
                yield engine
            else:
                engine.reacting = [Reacting(log, each, writer) for each in acting]
                own = [*keepers, *_housekeepers(engine, writer, keepers, settings), *engine.reacting]
                async with running(engine, writer, own, actors, stop_s=settings.shutdown_s):
                    yield engine
        finally:
            engine.end()
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(engine.close)


@contextlib.contextmanager
def _claimed(root: Path, *, read_only: bool, create: bool) -> Generator[None]:
    """The folder is there, and nobody else writes to it while we do."""
    if read_only or not create:
        _require_log(root)
    if read_only:
        yield
        return
    _make_folder(root)
    remove_leftovers()
    with contextlib.closing(Lease.acquire(root)):
        yield


@contextlib.asynccontextmanager
async def open_memory(
    path: Path | str,
    *,
    by: str | None = None,
    tagger: Tagger | bool = False,
    clusters: ClusterSettings | bool = False,
    embedder: Embedder | Iterable[Embedder] | None = None,
    recall: RecallSettings | None = None,
    **options: Any,
) -> AsyncGenerator[Memory, None]:
    """Open a memory, making it if it isn't there.

    Args:
        path: its folder.
        by: who remembers; noted on every event.
        tagger: tags every memory in the background: True for the built-in tagger, or one of your own. Each memory then
            has one event more. Read-only, nothing is tagged, but there is the view to find by tags.
        clusters: whether memories that are about the same are brought together in clusters, or how.
        embedder: what makes vectors of texts, instead of the table that comes with the package. A model's are made in
            the background and recorded; until each memory has one, those after it stand in, if several are given.
        recall: an analyser, a thesaurus or a reranker of your own.
        options: whatever `open_engine` takes; events and projections of your own come beside memory's.

    Raises:
        Locked: another process writes to it.
        NotFound, Damaged, StorageFailed, InvalidInput: as `open_engine`.
    """
    embedders = embedders_of(embedder)
    options = with_embedders(embedders, with_clusters(clusters, embedders, options))
    events = (*MEMORY_EVENTS, MemoryRecalled, *TAGGING_EVENTS, *options.pop("events", ()))
    projections = (Memories, *options.pop("projections", ()))
    options = with_tagger(options, tagger=tagger)
    opened: list[Memory] = []

    def indexes() -> Following | None:
        return opened[0].recaller.indexes if opened else None

    actors = (partial(Indexer, indexes), *options.pop("actors", ()))
    async with open_engine(path, events=events, projections=projections, actors=actors, **options) as engine:
        engine.embedders = embedders
        engine.recall = recall or RecallSettings()
        opened.append(Memory(engine, by))
        yield opened[0]


def _housekeepers(
    engine: Engine, writer: Writer, keepers: Sequence[Keeper], settings: Settings
) -> Iterator[Actor[Any]]:
    """Who works beside the writer so that the log packs well, reads are quick, crashes of the machine cost little."""
    if settings.retrain:
        yield Retrainer(engine.log, writer)
    if engine.views.caches is not None:
        yield Cacher(engine.views.caches, engine.views, NoteFile(engine.path / "views"))
    if settings.snapshot_events is not None:
        folder = engine.path / "views" / FOLDER
        yield Snapshotter(engine.log, keepers, writer, folder, every_events=settings.snapshot_events)


def _require_log(root: Path) -> None:
    if not (root / "log" / "data.mdb").exists():
        message = f"there is no log in {root}"
        raise NotFound(message)


def _wanted(
    inline: Iterable[type[Projection]], following: Iterable[type[Projection]]
) -> list[tuple[type[Projection], bool]]:
    """Projections, each once, with whether it follows; one that is named as both is part of the commits."""
    first = tuple(inline)
    return [(projection, projection not in first) for projection in distinct((*first, *following))]


def _one_each(reactions: Iterable[Reaction]) -> tuple[Reaction, ...]:
    """Reactions in order; two of one name would take each other's marks for their own."""
    names: dict[str, Reaction] = {}
    for reaction in reactions:
        if names.setdefault(reaction.name, reaction) is not reaction:
            message = f"two reactions are called {reaction.name}; name one anew"
            raise InvalidInput(message)
    return tuple(names.values())


def _open_parts(
    root: Path,
    registry: Registry,
    projections: Iterable[tuple[type[Projection], bool]],
    converter: EventConverter,
    settings: Settings,
    *,
    slow: SlowQueries,
    clock: WallClock,
    entropy: Entropy,
    progress: Progress | None,
    read_only: bool,
) -> tuple[Log, Views]:
    with contextlib.ExitStack() as stack:
        store = LmdbStore(root / "log", read_only=read_only, map_bytes=settings.map_bytes, entropy=entropy)
        stack.callback(store.close)
        folder, log_id, leaf_at = root / "views", store.log_id, leaves_of(store)
        kept = CacheSettings.preset(settings.cache) if isinstance(settings.cache, str) else settings.cache
        catalog = catalogs.LmdbCatalog(
            folder / f"catalog-{catalogs.VERSION}",
            log_id,
            read_only=read_only,
            map_bytes=settings.map_bytes,
            leaf_at=leaf_at,
        )
        stack.callback(catalog.close)
        log = Log(store, catalog, registry, clock=clock, entropy=entropy, read_only=read_only, progress=progress)
        keeps = not (read_only or kept.is_off)
        first = partial(decided, kept, log, by_tuner=False)
        caches = Caches(decided(kept, log), log.dictionaries, first=first(), timer=slow.clock) if keeps else None
        opened: list[View[Any]] = []
        for projection, is_async in projections:
            if not read_only:
                seed_if_lost(folder, projection, log.head)
            view = View(
                folder,
                projection,
                log_id,
                converter,
                read_only=read_only,
                map_bytes=settings.map_bytes,
                leaf_at=leaf_at,
                is_async=is_async,
                slow=slow,
                caches=caches,
            )
            stack.callback(view.close)
            opened.append(view)
        views = Views(opened, caches)
        if read_only:
            views.require_current(log)
        else:
            views.catch_up(log, progress)
        stack.pop_all()
    return log, views


def _make_folder(root: Path) -> None:
    try:
        make_folder(root)
    except OSError as error:
        message = f"can't make the folder {root}: {error.strerror or error}"
        raise StorageFailed(message) from error
