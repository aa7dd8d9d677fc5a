"""The public surface: the face and the testkit are the only promises, and every name in them is documented."""

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from remanence.cli.late import Late

from .pages import code_of, pages
from .tree import ROOT, write

FACE: Final = Path("remanence/__init__.py")
FACES: Final = ("remanence", "remanence.testkit")


def homes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each name that the face shows to type checkers, with the module it comes from, as often as it stands there."""
    for node in tree.body:
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body):
                imports = [each for each in body if isinstance(each, ast.ImportFrom)]
                renamed = {"open_memory": "open"}  # which the face does by an assignment
                yield from (
                    (renamed.get(alias.name, alias.asname or alias.name), each.module or "")
                    for each in imports
                    for alias in each.names
                )
            case _:
                pass


def bound_names(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Each name a module binds at its top level, as often as it does; what an `if` or a `try` guards counts too."""
    for node in body:
        match node:
            case ast.ImportFrom(module="__future__"):
                pass
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If(body=inner, orelse=other):
                yield from bound_names((*inner, *other))
            case ast.Try(body=inner, orelse=other):
                yield from bound_names((*inner, *other))
            case _:
                pass


def exported_names(tree: ast.Module) -> list[str]:
    """What `__all__` lists, in its order; nothing when it isn't a plain list of strings."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                return [name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)]
            case _:
                pass
    return []


def is_public(name: str) -> bool:
    """Whether a name belongs in `__all__`: neither private nor one of Python's own, like `__version__`."""
    return not name.startswith("_")


def unkept_promises(path: Path) -> list[str]:
    """Where the face and its `__all__` disagree, and every name it exports more than once."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exported = exported_names(tree)
    if not exported:
        return ["no __all__: a plain list of the public names"]
    bound = Counter(name for name in bound_names(tree.body) if is_public(name))
    promised = Counter(name for name in exported if is_public(name))
    return [
        *(f"{name} stands {count} times in __all__" for name, count in promised.items() if count > 1),
        *(f"{name} is bound {count} times" for name, count in bound.items() if count > 1),
        *(f"{name} is promised but not there" for name in promised.keys() - bound.keys()),
        *(f"{name} is there but not promised: write `_{name}`, or list it" for name in bound.keys() - promised.keys()),
    ]


def undocumented(names: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The names that no page shows as code."""
    shown = set(re.findall(r"\w+", "\n".join(code for text in texts for code in code_of(text))))
    return [name for name in names if is_public(name) and name not in shown]


def commands(command: click.Command, path: str) -> Iterator[str]:
    """The full path of each command that does something, `remanence log verify` for one in a group."""
    if isinstance(command, Late):
        yield from commands(command.load(), path)
    elif isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    elif not command.hidden:
        yield path


def undocumented_commands(paths: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The commands that no page shows as code, written out as a user would type them."""
    shown = "\n".join(code for text in texts for code in code_of(text))
    return [path for path in paths if not re.search(rf"\b{re.escape(path)}\b", shown)]


def test_each_public_name_is_exported_once() -> None:
    """What type checkers see of the face is what a program gets, from the same module; no name stands there twice."""
    seen = list(homes(ast.parse((ROOT / FACE).read_text(encoding="utf-8"))))
    face = importlib.import_module("remanence")
    given = [(name, home) for home, names in vars(face)["_HOMES"].items() for name in names.split()]
    assert sorted(given) == sorted(seen)
    assert len(dict(seen)) == len(seen)


def test_each_name_of_the_testkit_is_exported_once() -> None:
    """`__all__` is exactly what the module binds, and each name stands there once."""
    assert unkept_promises(ROOT / "remanence/testkit/__init__.py") == []


@pytest.mark.parametrize("module", FACES)
def test_each_public_name_is_there(module: str) -> None:
    """Everything `__all__` promises can be had from the imported package, and `dir` lists it; nothing else can."""
    face = importlib.import_module(module)
    assert set(face.__all__) <= set(dir(face))
    with pytest.raises(AttributeError, match="no attribute 'remembrance'"):
        _ = face.remembrance
    assert [name for name in face.__all__ if not hasattr(face, name)] == []


@pytest.mark.parametrize("module", FACES)
def test_each_public_name_is_documented(module: str) -> None:
    """A reader finds every public name, as code, in README or under docs."""
    names = importlib.import_module(module).__all__
    assert undocumented(names, (page.read_text(encoding="utf-8") for page in pages(ROOT))) == []


def test_each_command_is_documented() -> None:
    """A reader finds every command of the command line, as it is typed, in README or under docs."""
    main: click.Command = importlib.import_module("remanence.cli").main
    texts = [page.read_text(encoding="utf-8") for page in pages(ROOT)]
    assert undocumented_commands(commands(main, "remanence"), texts) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("from .memory import Memory as Memory", "no __all__"),
        ("from .memory import Memory as Memory\n__all__ = ['Memory', 'Memory']", "Memory stands 2 times"),
        ("from .a import B as B\nfrom .c import B as B\n__all__ = ['B']", "B is bound 2 times"),
        ("from .a import B as B\n__all__ = ['B', 'C']", "C is promised but not there"),
        ("import os\nfrom .a import B as B\n__all__ = ['B']", "os is there but not promised"),
        ("def f(): ...\nfrom .a import B as B\n__all__ = ['B']", "f is there but not promised"),
        ("X: int = 1\ntry:\n    from .a import B as B\nfinally:\n    pass\n__all__ = ['B']", "X is there"),
    ],
)
def test_an_unkept_promise_is_found(tmp_path: Path, text: str, complaint: str) -> None:
    """Each way in which the face and `__all__` can disagree is a complaint."""
    [found] = unkept_promises(write(tmp_path, "face.py", text))
    assert found.startswith(complaint)


def test_a_name_in_prose_is_not_documented() -> None:
    """An English word in a sentence doesn't document a function of that name; code does, in a block or in a span."""
    assert undocumented(["open"], ["To open a memory, read on."]) == ["open"]
    assert undocumented(["open"], ["Call `remanence.open(path)`."]) == []
    assert undocumented(["open"], ["```python\nwith remanence.open(path): ...\n```"]) == []


def test_a_command_nobody_shows_is_found() -> None:
    """Every command counts, those in groups too, except the hidden ones; a longer name doesn't stand for a shorter."""
    main = click.Group(
        commands=[
            click.Command("log"),
            click.Command("secret", hidden=True),
            click.Group("view", commands=[click.Command("list"), click.Command("drop")]),
        ]
    )
    paths = list(commands(main, "remanence"))
    assert paths == ["remanence log", "remanence view list", "remanence view drop"]
    assert undocumented_commands(paths, ["`remanence logs`, `remanence view drop --now`"]) == paths[:2]
