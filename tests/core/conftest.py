"""A log in each of its places."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from .places import KINDS, Place


@pytest.fixture(params=KINDS)
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Place]:
    """Each place in turn."""
    made = Place(str(request.param), tmp_path)
    yield made
    made.close()


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Place]:
    """A log and a catalog on disk."""
    made = Place("lmdb", tmp_path)
    yield made
    made.close()
