"""Arrows point down: codecs <- core <- projections <- actors <- the face. The performance suite may look anywhere.

Within the face they do, too: engine <- reading <- memory <- opening <- the command line.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from .tree import FACE, INNER, PRODUCT, Source, sources, write

PACKAGE = "remanence"
STOREYS = ("engine", "reading", "memory", "opening", "cli")  # of the face, from the ground up


def package_of(path: Path) -> tuple[str, ...]:
    """The package a file's relative imports start from, `("remanence", "core")` for `core/log.py`."""
    parts = path.parent.parts
    return parts if parts[0] == FACE else (PACKAGE, *parts)


def imported_names(node: ast.Import | ast.ImportFrom, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each dotted name an import statement reaches for; a relative one is resolved against `package`.

    `from .. import core` may mean a module or a name, so the name counts as part of the path.
    """
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield tuple(alias.name.split("."))
        return
    base = package[: max(0, len(package) + 1 - node.level)] if node.level else ()
    module = tuple(node.module.split(".")) if node.module else ()
    for alias in node.names:
        yield (*base, *module, alias.name)


def wrong_absolute(name: tuple[str, ...], layer: str) -> str | None:
    """What is wrong with a file of `layer` importing `name` by its full path; None when nothing is."""
    if name[0] in PRODUCT and name[0] != FACE:
        return f"`{name[0]}` is a folder, not a package: import it as {PACKAGE}.{name[0]}"
    if layer in INNER and name[0] in {PACKAGE, "tests"}:
        return "an inner layer imports by relative paths, and never the face or the tests"
    return None


def wrong_within(name: tuple[str, ...], package: tuple[str, ...]) -> str | None:
    """What is wrong with a file of the face, in `package`, importing `name`; None when nothing is."""
    if not {package[1:2], name[1:2]} <= {(storey,) for storey in STOREYS}:
        return None
    if STOREYS.index(name[1]) <= STOREYS.index(package[1]):
        return None
    return f"{package[1]} imports {name[1]}, which is above it"


def wrong_relative(name: tuple[str, ...], package: tuple[str, ...]) -> str | None:
    """What is wrong with a file in `package` importing `name`, resolved from a relative path; None when nothing is."""
    if name[0] != PACKAGE:
        return "the import leaves the package"
    layer = package[1] if len(package) > 1 else FACE
    if layer not in INNER:
        return wrong_within(name, package)
    allowed = INNER[: INNER.index(layer) + 1]
    if len(name) > 1 and name[1] in allowed:
        return None
    above = name[1] if len(name) > 1 and name[1] in PRODUCT else "the face"
    return f"{layer} imports {above}, which is above it"


def is_dynamic_import(node: ast.Call) -> bool:
    """Whether this is `import_module("...")` or `__import__("...")`: an arrow no reader of the imports would see."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    return name in {"import_module", "__import__"}


def complaints(files: Iterable[Source]) -> list[str]:
    """Every import in `files` that points the wrong way, as `file:line: why`."""
    found: list[str] = []
    for source in files:
        layer = source.path.parts[0]
        package = package_of(source.path)
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                relative = isinstance(node, ast.ImportFrom) and node.level
                whys = {
                    wrong_relative(name, package) if relative else wrong_absolute(name, layer)
                    for name in imported_names(node, package)
                }
                found += [f"{source.path}:{node.lineno}: {why}" for why in sorted(why for why in whys if why)]
            elif layer in INNER and isinstance(node, ast.Call) and is_dynamic_import(node):
                found.append(f"{source.path}:{node.lineno}: an inner layer imports in plain sight, or not at all")
    return found


def test_imports_point_down(repository: tuple[Source, ...]) -> None:
    """No file of this repository imports a layer above its own, and no inner layer imports the face by any name."""
    assert complaints(repository) == []


def test_every_layer_is_looked_at(repository: tuple[Source, ...]) -> None:
    """The rule is not kept by looking at nothing: each folder of the product has files."""
    assert {source.path.parts[0] for source in repository} == {*PRODUCT, "tests"}


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("codecs/a.py", "from ..core import log", "codecs imports core"),
        ("codecs/a.py", "from .. import core", "codecs imports core"),
        ("codecs/deep/a.py", "from ...actors.writer import Writer", "codecs imports actors"),
        ("core/a.py", "from ..projections.table import Table", "core imports projections"),
        ("core/a.py", "def late():\n    from ..actors import writer", "core imports actors"),
        ("projections/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .. import actors", ":3: "),
        ("actors/a.py", "from .. import Memory", "actors imports the face"),
        ("actors/a.py", "from ..memory import Memory", "actors imports the face"),
        ("actors/a.py", "from ..perf import report", "actors imports perf"),
        ("actors/a.py", "import remanence.core.log", "relative paths"),
        ("core/a.py", "from remanence.codecs import frames", "relative paths"),
        ("core/a.py", "from tests.core import model", "relative paths"),
        ("core/a.py", "import importlib\nimportlib.import_module('remanence.actors')", "plain sight"),
        ("core/a.py", "from ....elsewhere import x", "leaves the package"),
        ("codecs/a.py", "import codecs", "`codecs` is a folder"),
        ("remanence/a.py", "from core import log", "`core` is a folder"),
        ("remanence/engine/a.py", "from ..memory.memory import Memory", "engine imports memory"),
        ("remanence/reading/a.py", "from ..opening import opening", "reading imports opening"),
        ("tests/a.py", "import actors.writer", "`actors` is a folder"),
    ],
)
def test_an_arrow_that_points_up_is_found(tmp_path: Path, name: str, text: str, why: str) -> None:
    """Each way of importing what stands above a layer is a complaint that names the file."""
    write(tmp_path, name, text)
    [complaint] = complaints(sources(tmp_path))
    assert complaint.startswith(f"{name}:")
    assert why in complaint


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("codecs/a.py", "from .errors import Damaged\nfrom . import digests\nimport msgspec"),
        ("codecs/deep/a.py", "from ..errors import Damaged\nfrom .b import c"),
        ("core/a.py", "from ..codecs import frames"),
        ("actors/a.py", "from .. import core, codecs\nfrom ..projections.table import Table"),
        ("remanence/a.py", "from .core.log import Log\nfrom .perf import report\nfrom .memory import Memory"),
        ("remanence/memory/a.py", "from ..engine.engine import Engine\nfrom ..core.log import Log"),
        ("remanence/cli/a.py", "from ..opening.opening import open_memory\nfrom ..transcripts import formats"),
        ("perf/a.py", "from .. import Memory\nimport remanence\nfrom remanence.core import log"),
        ("tests/a.py", "from remanence.core import log"),
    ],
)
def test_an_arrow_that_points_down_is_not(tmp_path: Path, name: str, text: str) -> None:
    """What a layer may import draws no complaint."""
    write(tmp_path, name, text)
    assert complaints(sources(tmp_path)) == []
