"""The repository as the house tests see it: its root, its folders, its source files. No rule lives here."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import attrs

ROOT: Final = Path(__file__).resolve().parents[2]
INNER: Final = ("codecs", "core", "projections", "actors")
"""The layers below the face, lowest first: each may import those before it."""
FACE: Final = "remanence"
PRODUCT: Final = (*INNER, FACE, "perf")
"""Every folder of the installed package."""


@attrs.frozen
class Source:
    """One source file, read and parsed once."""

    path: Path
    """Relative to the root it was found under."""
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, root: Path, path: Path) -> Self:
        """Read the file at `path`, which is relative to `root`."""
        text = (root / path).read_text(encoding="utf-8")
        return cls(path, text, ast.parse(text, filename=str(path)))


def sources(root: Path) -> Iterator[Source]:
    """Each source file of the product and its tests, once: `remanence/core` is a link to `core`, and isn't entered."""
    for folder in (*PRODUCT, "tests"):
        for path in sorted((root / folder).rglob("*.py")):
            inside = path.relative_to(root)
            if not any((root / parent).is_symlink() for parent in inside.parents):
                yield Source.read(root, inside)


def write(root: Path, name: str, text: str) -> Path:
    """Put one file into a small repository made to offend."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
