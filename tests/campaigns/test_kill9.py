"""Killing, in short: eight programs, and every answer that they had holds. `kill9` says how to run the long form."""

from pathlib import Path

from ..effort import IS_LONG
from .kill9 import Campaign


def test_nothing_that_was_acknowledged_is_lost_to_kill_9(tmp_path: Path) -> None:
    """A program that is killed at any moment leaves all it was told is written, and a folder that is whole."""
    campaign = Campaign(tmp_path / "memory", seed=1)
    for _ in range(200 if IS_LONG else 8):
        campaign.round()
    assert campaign.figures.violations == []
    assert campaign.figures.acknowledged > 8 * 5
