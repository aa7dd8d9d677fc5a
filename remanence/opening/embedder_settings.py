"""Embedders of models: what opening a memory with one adds to opening it without.

What makes vectors needs numpy, which takes longer to import than all the rest: it is imported here when it is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from ..core.embedder import Embedder, is_pure
from ..projections.semantic.events import SEMANTIC_EVENTS
from ..projections.semantic.vectors import Vectors

__all__ = ["embedders_of", "with_embedders"]


def embedders_of(given: Embedder | Iterable[Embedder] | None) -> tuple[Embedder, ...]:
    """The embedders that were given, the one that is wanted first."""
    if given is None:
        return ()
    return tuple(given) if isinstance(given, Iterable) else (given,)


def with_embedders(embedders: tuple[Embedder, ...], options: dict[str, Any]) -> dict[str, Any]:
    """What to open an engine with. A pure embedder's vectors are not recorded, so it needs nothing."""
    events = tuple(options.get("events", ()))
    options["events"] = (*(each for each in SEMANTIC_EVENTS if each not in events), *events)
    if all(map(is_pure, embedders)):
        return options
    options["async_projections"] = (Vectors, *options.get("async_projections", ()))
    if not options.get("read_only", False) and not is_pure(embedders[0]):
        from ..actors.embedding.embedding import Embedding  # noqa: PLC0415 - see the head of this file

        options["actors"] = (partial(Embedding, embedders[0]), *options.get("actors", ()))
    return options
