"""Settings of clusters, and what opening a memory with clusters adds to opening it without.

The clusterer needs numpy, which takes longer to import than all the rest: so it is imported here when it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from ..core.embedder import Embedder, is_pure
from ..core.errors import InvalidInput
from ..projections.clusters.events import CLUSTER_EVENTS
from ..projections.clusters.view import Clusters

if TYPE_CHECKING:
    from ..actors.clustering.clusterer import Clusterer

__all__ = ["ClusterSettings", "with_clusters"]


@attrs.frozen
class ClusterSettings:
    """How memories come into clusters.

    Attributes:
        embedder: what makes vectors of texts; by default, one that hashes words and pieces of words.
        changes: as soon as so many changes wait, they are taken in.
        quiet_s: fewer are taken in once the first of them has waited so long, in seconds.
        depth: how many steps of conflict a batch of changes reaches, from the change that it begins with.
    """

    embedder: Embedder | None = None
    changes: int = 10
    quiet_s: float = 5.0
    depth: int = 3

    def __attrs_post_init__(self) -> None:
        if self.changes < 1 or not self.quiet_s >= 0 or self.depth < 0:
            message = f"changes is 1 or more, quiet_s and depth are 0 or more, not {self!r}"
            raise InvalidInput(message)

    def maker(self, recalls: Sequence[Embedder] = ()) -> Callable[[], Clusterer]:
        """What makes the clusterer, at the start and after each crash.

        Args:
            recalls: the embedders that recall goes by, the one that is wanted first. If it is a model, and clusters'
                too, each text is given to it once.
        """
        from ..actors.clustering.clusterer import Clusterer  # noqa: PLC0415 - see the head of this file
        from ..projections.clusters.content import ContentEmbedder  # noqa: PLC0415

        embedder = ContentEmbedder() if self.embedder is None else self.embedder
        is_shared = bool(recalls) and not is_pure(embedder) and recalls[0].identity == embedder.identity
        return partial(
            Clusterer,
            embedder,
            changes=self.changes,
            quiet_s=self.quiet_s,
            depth_max=self.depth,
            is_shared=is_shared,
        )


def with_clusters(
    clusters: ClusterSettings | bool,  # noqa: FBT001 - a setting
    embedders: Sequence[Embedder],
    options: dict[str, Any],
) -> dict[str, Any]:
    """What to open an engine with."""
    options["events"] = (*CLUSTER_EVENTS, *options.get("events", ()))
    if clusters is False:
        return options
    options["async_projections"] = (Clusters, *options.get("async_projections", ()))
    if not options.get("read_only", False):
        settings = ClusterSettings() if clusters is True else clusters
        options["actors"] = (settings.maker(embedders), *options.get("actors", ()))
    return options
