"""An embedder that asks its model about each text once, and keeps what it said in a file: models take minutes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remanence import Embedder

__all__ = ["KeptVectors"]


class KeptVectors:
    """Passes new texts on, and remembers the rest."""

    def __init__(self, embedder: Embedder, path: Path | None) -> None:
        """Take up what a file holds, if there is one; its vectors are of that embedder, or not taken.

        Args:
            embedder: whom to ask.
            path: an .npz file; without one nothing outlasts the program.
        """
        self.identity = embedder.identity
        self._embedder = embedder
        self._path = path
        self._known: dict[str, NDArray[Any]] = {}
        if path is not None and path.exists():
            with np.load(path) as kept:
                if str(kept["identity"]) == str(self.identity):
                    self._known = dict(zip(kept["texts"].tolist(), kept["vectors"], strict=True))

    def embed(self, texts: Sequence[str]) -> NDArray[Any]:
        """A row for each text."""
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._known}
        if new:
            self._known |= zip(new, self._embedder.embed(list(new.values())), strict=True)
        return np.stack([self._known[digest] for digest in digests])

    def save(self) -> None:
        """Write the file."""
        if self._path is not None:
            vectors = np.stack(list(self._known.values()))
            np.savez(self._path, identity=str(self.identity), texts=list(self._known), vectors=vectors)
