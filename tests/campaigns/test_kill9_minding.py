"""Killing what minds memories, in short: three programs. `kill9_minding` has the long form."""

from pathlib import Path

from ..effort import IS_LONG
from .kill9_minding import Campaign


def test_tagger_and_clusterer_finish_what_kill_9_interrupted(tmp_path: Path) -> None:
    """Killed at any moment of their work, they leave nothing that the next program doesn't finish, once."""
    campaign = Campaign(tmp_path, seed=1)
    for _ in range(200 if IS_LONG else 3):
        campaign.round()
    assert campaign.figures.violations == []
    assert campaign.figures.told > 3
