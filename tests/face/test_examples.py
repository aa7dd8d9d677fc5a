"""The examples run as they stand, and stay small enough to be read."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
LINES_MAX = 79


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs_twice_in_an_empty_folder(example: Path, tmp_path: Path) -> None:
    """Each example works from nothing, and again on what it left."""
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-W", "error", example], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        assert run.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short(example: Path) -> None:
    """Each example fits on a screen or two."""
    assert len(example.read_text(encoding="utf-8").splitlines()) <= LINES_MAX


def test_a_withdrawal_decided_on_an_old_balance_is_decided_again(tmp_path: Path) -> None:
    """The ledger's money is spent once, however many spend at the same time."""
    ledger = next(path for path in EXAMPLES if path.name == "ledger.py")
    run = subprocess.run([sys.executable, ledger], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "ada: 0.00  (11 events)" in run.stdout
