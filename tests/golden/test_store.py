"""Logs of every released format are opened, read, verified and continued by today's code."""

import json
import shutil
from pathlib import Path

import pytest

import remanence

from .make_store_1 import described

STORES = sorted(path for path in Path(__file__).parent.glob("store-*") if path.is_dir())


@pytest.fixture(params=STORES, ids=lambda path: path.name)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A golden log copied into a memory's folder, and what must be read from it."""
    golden: Path = request.param
    shutil.copytree(golden, tmp_path / "memory" / "log")
    return tmp_path / "memory", golden.with_suffix(".json")


async def test_an_old_log_says_what_it_said(store: tuple[Path, Path]) -> None:
    """Every event of a golden log, its id and its chain's last link are read exactly as they were written."""
    path, expected = store
    async with remanence.open(path) as memory:
        said = {
            "log": memory.engine.log.store.log_id.hex(),
            "link": memory.engine.log.store.head().link.hex(),
            "events": described(memory.engine.read()),
        }
    assert said == json.loads(expected.read_text(encoding="utf-8"))


async def test_an_old_log_goes_on(store: tuple[Path, Path]) -> None:
    """A golden log answers from its views and keys, and takes new events after its old ones."""
    path, _ = store
    async with remanence.open(path) as memory:
        head = memory.engine.head
        (tea,) = memory.find(scope="ada", kind="preference")
        assert (tea.text, tea.reinforced, tea.revised) == ("Ada prefers tea, mornings only.", 2, 1)
        again = remanence.NewMemory("Yes, please.", "ada", kind="turn", session="monday", place=1, speaker="Ada")
        with pytest.raises(remanence.KeyReused):  # it has no time here: other content under the same key
            await memory.remember_many([again])
        await memory.reinforce(tea.id)
        assert memory.engine.head == head + 1
