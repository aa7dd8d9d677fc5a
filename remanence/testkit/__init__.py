"""Testkit: tests for the events, commands and projections that users write, with any test runner.

    given(ParcelSent("a", "Oban", 900)).when(arrive("a")).then(ParcelArrived("a"))
    assert project([ParcelSent("a", "Oban", 900)], Parcels).parcels.get("a") == Parcel("a", "Oban", 900)
    check_replay(Parcels, story)

Invariants:
- the same test gives the same positions, times and ids every time: the clock and the random bytes are made up;
- nothing is left on the disk, whether a test passes, fails or is killed half-way through reading a view;
- what is wrong comes out as an `AssertionError` whose text names the event and the row.
"""

from .detached import project as project
from .determinism import Clock as Clock
from .determinism import seeded as seeded
from .permuting import check_permutations as check_permutations
from .replaying import check_replay as check_replay
from .scenarios import Given as Given
from .scenarios import Outcome as Outcome
from .scenarios import When as When
from .scenarios import given as given
from .scenarios import given_memory as given_memory
from .scheduling import run_scheduled as run_scheduled

__all__ = [
    "Clock",
    "Given",
    "Outcome",
    "When",
    "check_permutations",
    "check_replay",
    "given",
    "given_memory",
    "project",
    "run_scheduled",
    "seeded",
]
