"""How much memory a process takes that has stored memories and read each of them: measured in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import trio

import remanence
from remanence import NewMemory

from .harness import Sample

__all__ = ["resident_bytes"]


def resident_bytes(folder: Path, count: int) -> Sample:
    """The most that a process takes that remembers so many memories in a new folder, and reads each by its id."""
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-m", __name__, str(folder), str(count)], check=True, capture_output=True, text=True
    )
    shutil.rmtree(folder)
    return Sample(int(done.stdout), 1.0)


async def _live(folder: Path, count: int) -> None:
    async with remanence.open(folder) as memory:
        for start in range(0, count, 500):
            texts = (f"memory {number}: {'what was said then ' * 8}" for number in range(start, start + 500))
            for memory_id in await memory.remember_many([NewMemory(text, tags=("a", "b")) for text in texts]):
                memory.get(memory_id)


def _peak_bytes() -> int:
    """The most memory that this program had resident.

    Not getrusage's ru_maxrss: on Linux that begins with what the process had that this one was forked from.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    trio.run(_live, Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(str(_peak_bytes()))
