"""The workloads, by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from .actors import actors
from .append import append
from .batch import batch
from .cached import cached
from .cluster import cluster
from .codec import codec
from .find import find
from .get import get
from .harness import Case, Plan
from .importing import importing
from .opening import opening
from .rebuild import rebuild
from .recall import recall
from .recall_methods import recall_methods
from .recall_peers import recall_peers
from .scan import scan
from .semantic import semantic
from .size import size
from .tagged import tagged
from .tagger import tagger
from .verify import verify

__all__ = ["WORKLOADS", "Workload"]

Workload = Callable[[Plan], Iterator[Case]]
"""Prepares what it needs, and gives its cases."""
WORKLOADS: Final[Mapping[str, Workload]] = {
    "append": append,
    "batch": batch,
    "scan": scan,
    "find": find,
    "get": get,
    "tagged": tagged,
    "cached": cached,
    "codec": codec,
    "cluster": cluster,
    "recall": recall,
    "recall-peers": recall_peers,
    "recall-methods": recall_methods,
    "rebuild": rebuild,
    "open": opening,
    "import": importing,
    "verify": verify,
    "semantic": semantic,
    "size": size,
    "actors": actors,
    "tagger": tagger,
}
