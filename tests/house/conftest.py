"""The repository's sources, read once for all the rules."""

import pytest

from .tree import ROOT, Source, sources


@pytest.fixture(scope="session")
def repository() -> tuple[Source, ...]:
    """Every source file of this repository."""
    return tuple(sources(ROOT))
