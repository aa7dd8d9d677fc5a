"""The layout, folders at the top and one package of links, arrives at users as an ordinary package.

Here, that every module imports by its one name, and that the packaging guard sees what it should. The guard runs on the
real wheel and source archive in `.ci/run`, where they are built.
"""

import io
import json
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from .distribution import complaints, expected
from .tree import FACE, PRODUCT, ROOT, Source, write

IMPORT_ALL: Final = """
import importlib, json, sys
print(json.dumps({name: importlib.import_module(name).__file__ for name in sys.argv[1:]}))
"""


def module_of(path: Path) -> str:
    """The one name a source file has: `remanence.core.log` for `core/log.py`."""
    parts = path.with_suffix("").parts
    parts = parts if parts[0] == FACE else (FACE, *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_each_file_imports_as_a_part_of_the_package(repository: tuple[Source, ...], tmp_path: Path) -> None:
    """Each source file is `remanence.<folder>...`, needs only the package's requirements, and warns of nothing."""
    files = {module_of(source.path): source.path for source in repository if source.path.parts[0] in PRODUCT}
    command = [sys.executable, "-W", "error", "-c", IMPORT_ALL, *files]
    ran = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str] = json.loads(ran.stdout)
    wrong = {name: file for name, file in found.items() if not Path(file).samefile(ROOT / files[name])}
    assert wrong == {}


def test_each_folder_is_linked_into_the_package() -> None:
    """`remanence/` holds one relative link to each folder beside it, and no other link."""
    links = {path.name: path.readlink() for path in (ROOT / FACE).iterdir() if path.is_symlink()}
    assert links == {name: Path("..", name) for name in PRODUCT if name != FACE}


def test_each_data_file_is_declared() -> None:
    """Every file of the package that isn't Python matches a pattern of `package-data`, through the links too."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        declared = tomllib.load(stream)["tool"]["setuptools"]["package-data"]
    patterns = [f"{package.replace('.', '/')}/{pattern}" for package, names in declared.items() for pattern in names]
    data = [Path(name) for name in expected(ROOT) if not name.endswith(".py")]
    assert Path("remanence/py.typed") in data
    assert [name for name in data if not any(name.match(pattern) for pattern in patterns)] == []


INFO: Final = "remanence-1.0.dist-info"
PACKAGE_FILES: Final = {
    "remanence/__init__.py": b"",
    "remanence/core/log.py": b"x = 1",
    "remanence/core/a.dict": b"\0",
    "remanence/py.typed": b"",
}
WHEEL_FILES: Final = PACKAGE_FILES | {
    f"{INFO}/METADATA": b"",
    f"{INFO}/entry_points.txt": b"[console_scripts]\nremanence = remanence.cli:main\n",
    f"{INFO}/licenses/LICENSE": b"",
    f"{INFO}/licenses/NOTICE": b"",
}
SDIST_FILES: Final = PACKAGE_FILES | {
    "LICENSE": b"",
    "NOTICE": b"",
    "PKG-INFO": b"",
    "remanence.egg-info/SOURCES.txt": b"",
}


def checkout(root: Path) -> Path:
    """A checkout in small: a folder at the top, linked into the package, and the bytecode Python leaves behind."""
    for name in ("remanence/__init__.py", "remanence/py.typed"):
        write(root, name, "")
    write(root, "core/log.py", "x = 1")
    write(root, "core/a.dict", "\0")
    write(root, "core/__pycache__/log.pyc", "")
    (root / "remanence/core").symlink_to("../core")
    return root


def build(folder: Path, wheel: Mapping[str, bytes | None], sdist: Mapping[str, bytes | None]) -> Path:
    """Write a wheel and a source archive with these files; a source archive's `None` is a link."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "remanence-1.0-py3-none-any.whl", "w") as archive:
        for name, data in wheel.items():
            archive.writestr(name, data or b"")
    with tarfile.open(folder / "remanence-1.0.tar.gz", "w:gz") as archive:
        for name, data in sdist.items():
            member = tarfile.TarInfo(f"remanence-1.0/{name}")
            if data is None:
                member.type, member.linkname = tarfile.SYMTYPE, "../core"
            member.size = len(data or b"")
            archive.addfile(member, io.BytesIO(data or b""))
    return folder


def test_the_guard_passes_what_is_whole(tmp_path: Path) -> None:
    """A wheel and a source archive that hold the package as the checkout has it draw no complaint."""
    assert complaints(checkout(tmp_path / "a"), build(tmp_path / "dist", WHEEL_FILES, SDIST_FILES)) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"remanence/core/extra.py": b""}, "remanence/core/extra.py doesn't belong"),
        ({"core/log.py": b"x = 1"}, "core/log.py doesn't belong"),
        ({"tests/test_a.py": b""}, "tests/test_a.py doesn't belong"),
        ({"remanence/core/log.py": b"x = 2"}, "remanence/core/log.py differs"),
    ],
)
def test_the_guard_finds_what_does_not_belong(tmp_path: Path, change: dict[str, bytes], complaint: str) -> None:
    """A second copy of a folder, a test, a changed file: each is named, in the wheel and in the source archive."""
    built = build(tmp_path / "dist", WHEEL_FILES | change, SDIST_FILES | change)
    assert complaints(checkout(tmp_path / "a"), built) == [
        f"remanence-1.0-py3-none-any.whl: {complaint}",
        f"remanence-1.0.tar.gz: {complaint}",
    ]


@pytest.mark.parametrize(
    "lost", ["remanence/core/log.py", "remanence/core/a.dict", "remanence/py.typed", "LICENSE", "NOTICE"]
)
def test_the_guard_finds_what_is_lost(tmp_path: Path, lost: str) -> None:
    """A module, a data file, a licence that the build left out: each is named, in wheel and source archive alike."""
    wheel = {name: data for name, data in WHEEL_FILES.items() if name not in {lost, f"{INFO}/licenses/{lost}"}}
    sdist = {name: data for name, data in SDIST_FILES.items() if name != lost}
    assert complaints(checkout(tmp_path / "a"), build(tmp_path / "dist", wheel, sdist)) == [
        f"remanence-1.0-py3-none-any.whl: {lost} is missing",
        f"remanence-1.0.tar.gz: {lost} is missing",
    ]


def test_the_guard_finds_a_lost_command(tmp_path: Path) -> None:
    """A wheel without the entry point installs a package nobody can call."""
    wheel = WHEEL_FILES | {f"{INFO}/entry_points.txt": b""}
    [complaint] = complaints(checkout(tmp_path / "a"), build(tmp_path / "dist", wheel, SDIST_FILES))
    assert complaint.endswith("the command `remanence` is missing")


def test_the_guard_finds_a_link(tmp_path: Path) -> None:
    """A link in the source archive points at nothing on the machine that unpacks it."""
    built = build(tmp_path / "dist", WHEEL_FILES, {**SDIST_FILES, "remanence/actors": None})
    [complaint] = complaints(checkout(tmp_path / "a"), built)
    assert complaint.endswith("remanence/actors is a link")


def test_the_guard_wants_one_of_each(tmp_path: Path) -> None:
    """An empty folder, where the build failed without a word, is no success."""
    assert len(complaints(checkout(tmp_path / "a"), tmp_path)) == 2
