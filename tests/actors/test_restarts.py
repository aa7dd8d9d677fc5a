"""Restarts: pauses that double and are spread, and a budget that time refills."""

from random import Random

import pytest

from remanence.actors.restarts import NO_RESTART, Budget, Restart, pause_s
from remanence.core.errors import InvalidInput


def test_pauses_double_up_to_the_longest() -> None:
    """Each lies between half of its longest and that; no number of failures is too large."""
    dice = Random(1)  # noqa: S311 - dice
    for failures, longest in ((1, 0.1), (2, 0.2), (5, 1.6), (100, 30.0), (100_000, 30.0)):
        for _ in range(20):
            assert longest / 2 <= pause_s(failures, dice, first_s=0.1, longest_s=30.0) <= longest


def test_a_budget_is_used_up_and_refilled_by_time() -> None:
    """So many crashes within the window are forgiven, and those before it are forgotten."""
    budget = Budget(Restart(limit=2, within_s=10), Random(1))  # noqa: S311 - dice
    assert [budget.crashed(now) is None for now in (0.0, 1.0, 2.0)] == [False, False, True]
    assert budget.crashed(13.0) is not None
    assert Budget(NO_RESTART, Random(1)).crashed(0.0) is None  # noqa: S311 - dice


@pytest.mark.parametrize(
    "wrong", [{"limit": -1}, {"within_s": 0}, {"first_pause_s": -1}, {"pause_s_max": float("nan")}]
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    """Negative limits and times that are none."""
    with pytest.raises(InvalidInput):
        Restart(**wrong)  # type: ignore[arg-type]
