"""Tests of the past: replays, as_of, audits, differences, forks, snapshots, exports."""
