"""What importing brings along: nobody waits for what they don't use.

Counted in modules, not in time, which a busy machine would stretch: `python -m remanence.perf import` measures that.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

SHOW: Final = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
DEPENDENCIES: Final = (
    *(
        "attr",
        "attrs",
        "blake3",
        "cachetools",
        "cattrs",
        "click",
        "lmdb",
        "msgspec",
        "numpy",
        "rich",
        "Stemmer",
        "trio",
    ),
    "zstandard",
)
HEAVY: Final = ("numpy", "Stemmer", "rich", "click")
OTHERS: Final = (
    *("remanence.cli", "remanence.cloudevents", "remanence.transcripts", "remanence.demo", "remanence.testkit"),
    *("remanence.embedders", "remanence.core.verify", "remanence.actors.tagging", "remanence.projections.tagging.cxd"),
    *("remanence.actors.clustering.clusterer", "remanence.actors.embedding.embedding"),
    *("remanence.projections.recall.recaller", "remanence.projections.semantic.index"),
)
"""What somebody who opens a memory may never use."""
AT_WORK: Final = """
import sys, trio, remanence

async def main():
    async with remanence.open(sys.argv[1]) as memory:
        tea = await memory.remember("Ada prefers tea.")
        await memory.revise(tea, "Ada prefers green tea.")
        assert memory.find() == [memory.get(tea)]

trio.run(main)
"""


def imported(program: str, *words: str) -> set[str]:
    """The modules that are there when a program of its own has run."""
    command = [sys.executable, "-c", program + SHOW, *words]
    return set(json.loads(subprocess.run(command, capture_output=True, check=True).stdout.splitlines()[-1]))


def among(modules: Iterable[str], unwanted: Iterable[str]) -> list[str]:
    """The unwanted ones that are there."""
    return sorted(set(modules) & set(unwanted))


def test_the_face_brings_nothing_along() -> None:
    """`import remanence` imports no other module of ours, and nothing that it depends on."""
    modules = imported("import remanence")
    assert among(modules, DEPENDENCIES) == []
    assert {name for name in modules if name.startswith("remanence")} == {"remanence"}


def test_an_error_does_not_bring_the_engine_along() -> None:
    """Who catches an error of ours needs neither Trio nor LMDB for that."""
    modules = imported("from remanence import NotFound")
    assert among(modules, {*DEPENDENCIES} - {"attr", "attrs"}) == []


@pytest.mark.parametrize("unwanted", [HEAVY, OTHERS], ids=["dependencies", "ours"])
def test_to_open_brings_nothing_along_that_few_use(unwanted: tuple[str, ...]) -> None:
    """Recall, clusters, taggers, models, imports and the command line are there when they are asked for."""
    assert among(imported("import remanence; remanence.open"), unwanted) == []


def test_a_memory_at_work_brings_nothing_along_that_it_does_not_use(tmp_path: Path) -> None:
    """Writing and reading need no numpy: who never recalls never waits for it."""
    assert among(imported(AT_WORK, str(tmp_path)), (*HEAVY, *OTHERS)) == []


def test_the_list_of_commands_does_not_wait_for_them() -> None:
    """`remanence --help` needs click; Trio, LMDB and rich are for commands that do something."""
    modules = imported("from remanence.cli import main\nmain(['--help'], standalone_mode=False)")
    assert among(modules, {*DEPENDENCIES} - {"attr", "attrs", "click", "msgspec"}) == []
