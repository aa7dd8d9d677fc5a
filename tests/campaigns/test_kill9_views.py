"""Killing among views, in short: three programs, and every view is whole. `kill9_views` has the long form."""

from pathlib import Path

from ..effort import IS_LONG
from .kill9_views import Campaign


def test_no_view_is_torn_by_kill_9(tmp_path: Path) -> None:
    """Killed while it writes, rebuilds, snapshots or backs up, a program leaves views that are what their log makes."""
    campaign = Campaign(tmp_path, seed=1)
    for _ in range(200 if IS_LONG else 3):
        campaign.round()
    assert campaign.figures.violations == []
    assert campaign.figures.done["append"] > 4
