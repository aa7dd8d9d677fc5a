"""The packaging guard: `python tests/house/distribution.py FOLDER` checks the wheel and the source archive in a folder.

Both must hold the package as the checkout has it, byte for byte: `remanence/` with a real folder where the checkout has
a link, every module, `py.typed` and every data file, and nothing else. A build that follows no links, or a new kind of
data file nobody declared, loses files without a word; this is where it is noticed.
"""

import os
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PACKAGE: Final = "remanence"
LICENCES: Final = ("LICENSE", "NOTICE")
ARCHIVE_EXTRAS: Final = frozenset(
    {
        "CHANGELOG.md",
        "MANIFEST.in",
        "PKG-INFO",
        "README.md",
        "constraints.txt",
        "pyproject.toml",
        "setup.cfg",
        *LICENCES,
    }
)
"""What may stand beside the package in the source archive."""


def expected(root: Path) -> dict[str, bytes]:
    """Every file a user should get, by its path below the package's parent: the package with its links followed."""
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(root / PACKAGE, followlinks=True):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files


def differences(held: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> Iterator[str]:
    """How the package in an archive differs from the package in the checkout."""
    yield from (f"{name} is missing" for name in sorted(wanted.keys() - held.keys()))
    yield from (f"{name} doesn't belong" for name in sorted(held.keys() - wanted.keys()))
    yield from (f"{name} differs" for name in sorted(held.keys() & wanted.keys()) if held[name] != wanted[name])


def wheel_complaints(wheel: Path, wanted: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a wheel: it holds the package and its `dist-info`, with the licences and the command."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    yield from differences({name: data for name, data in held.items() if not name.startswith(info)}, wanted)
    for name in LICENCES:
        if f"{info}licenses/{name}" not in held:
            yield f"{name} is missing"
    if f"{PACKAGE} = {PACKAGE}.cli:main" not in held.get(f"{info}entry_points.txt", b"").decode():
        yield f"the command `{PACKAGE}` is missing"


def sdist_complaints(sdist: Path, wanted: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with a source archive: regular files alone, the package, no second copy of it."""
    held: dict[str, bytes] = {}
    with tarfile.open(sdist) as archive:
        for member in archive:
            _, _, name = member.name.partition("/")
            content = archive.extractfile(member) if member.isfile() else None
            if content:
                held[name] = content.read()
            elif not member.isdir():
                yield f"{name} is a link"
    package = {name: data for name, data in held.items() if name.startswith(f"{PACKAGE}/")}
    yield from differences(package, wanted)
    for name in sorted(held.keys() - package.keys() - ARCHIVE_EXTRAS):
        if not name.startswith(f"{PACKAGE}.egg-info/"):
            yield f"{name} doesn't belong"
    yield from (f"{name} is missing" for name in LICENCES if name not in held)


def complaints(root: Path, folder: Path) -> list[str]:
    """What is wrong with the one wheel and the one source archive in `folder`, built from the checkout at `root`."""
    wanted = expected(root)
    found: list[str] = []
    for pattern, rule in (("*.whl", wheel_complaints), ("*.tar.gz", sdist_complaints)):
        match sorted(folder.glob(pattern)):
            case [built]:
                found += [f"{built.name}: {complaint}" for complaint in rule(built, wanted)]
            case several:
                found.append(f"{folder} holds {len(several)} files that match {pattern}, not one")
    return found


def main(arguments: list[str]) -> int:
    """Print each complaint; the exit code says whether there was one."""
    [folder] = arguments
    root = Path(__file__).resolve().parents[2]
    found = complaints(root, Path(folder))
    for complaint in found:
        sys.stderr.write(f"{complaint}\n")
    if not found:
        sys.stdout.write(f"wheel and source archive hold the {len(expected(root))} files of {PACKAGE}/\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
