"""What a measurement was made on: processors, versions, file system, and what a flush costs there today."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Final

import attrs

__all__ = ["Surroundings", "default_folder", "file_system", "look_around"]

_PACKAGES: Final = (
    "remanence",
    "trio",
    "lmdb",
    "msgspec",
    "zstandard",
    "eventsourcing",
    "umadb",
    "chromadb",
    "lancedb",
)
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_FLUSHES: Final = 25
_MOUNTS: Final = Path("/proc/self/mounts")


@attrs.frozen
class Surroundings:
    """Where and with what it was measured.

    Attributes:
        processors: how many this process may use.
        system: operating system and machine.
        python: version of the interpreter.
        packages: versions of what is measured, those that are installed.
        folder: where files are written.
        file_system: its kind.
        flush_ms: median time of writing and flushing 4 KiB there, in milliseconds.
        load: load average of the last minute when it began.
    """

    processors: int
    system: str
    python: str
    packages: dict[str, str]
    folder: str
    file_system: str
    flush_ms: float
    load: float

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {version}" for name, version in self.packages.items())
        return (
            f"{self.processors} processors, {self.system}, Python {self.python}; {packages}. "
            f"Files on {self.file_system}, where a flush of 4 KiB takes {self.flush_ms:.2f} ms; "
            f"load average {self.load:.1f} at the start. Everything durable; page cache warm."
        )


def look_around(folder: Path) -> Surroundings:
    """Describe this machine and the file system that `folder` is on."""
    return Surroundings(
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        packages={name: found for name in _PACKAGES if (found := _version(name)) is not None},
        folder=str(folder),
        file_system=file_system(folder),
        flush_ms=_flush_ms(folder),
        load=os.getloadavg()[0],
    )


def default_folder() -> Path:
    """Where to write when nothing is said: the first usual place that isn't in memory."""
    places = (Path(tempfile.gettempdir()), Path("/var/tmp"), Path.cwd())  # noqa: S108 - a folder of our own is made in it
    there = [place for place in places if place.is_dir()]
    return next((place for place in there if file_system(place) not in _IN_MEMORY), there[0])


def file_system(path: Path) -> str:
    """The kind of file system that `path` is on, as the system names it; "unknown" where it doesn't."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return "an unknown file system"
    real = path.resolve()
    holding = [(len(mount[1]), mount[2]) for mount in mounts if real.is_relative_to(mount[1])]
    return max(holding)[1] if holding else "an unknown file system"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _flush_ms(folder: Path) -> float:
    """What makes a commit durable, on its own."""
    page = bytes(4096)
    times: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_FLUSHES):
            began = time.perf_counter()
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return median(times) * 1e3
