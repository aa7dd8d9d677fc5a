"""Style as a test: how large a file and a function may be, which names are banned and what to use in their place."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from .tree import Source, sources, write

FILE_LINES_MAX: Final = 400
"""A file is one idea; one that needs more says why in its docstring, in a line that begins with `Length:`."""
FUNCTION_LINES_MAX: Final = 70
"""The hard limit; forty is the aim."""

BANNED_MODULES: Final = {
    "marshal": "msgspec: stored bytes outlive the interpreter that wrote them",
    "pickle": "msgspec: reading bytes must never run code",
    "shelve": "a view: it can be rebuilt from the log",
    "unittest.mock": "a fake that keeps the contract of what it stands for",
}
BANNED_BUILTINS: Final = {
    "eval": "a parser, or a table of what is allowed",
    "exec": "an ordinary function",
}

Finding = tuple[int, str]
"""The line, and what is wrong there."""
Rule = Callable[[Source], Iterator[Finding]]


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method of a file, nested ones included."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and the full dotted name of everything a file imports from other projects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def long_file(source: Source) -> Iterator[Finding]:
    """A file over the limit that gives no reason at its head."""
    size = len(source.text.splitlines())
    docstring = ast.get_docstring(source.tree) or ""
    if size > FILE_LINES_MAX and not any(line.startswith("Length:") for line in docstring.splitlines()):
        yield 1, f"{size} lines, over {FILE_LINES_MAX}: split it, or say why in the docstring after `Length:`"


def long_function(source: Source) -> Iterator[Finding]:
    """A function over the limit; there is no way around this one."""
    for function in functions(source.tree):
        size = (function.end_lineno or function.lineno) - function.lineno + 1
        if size > FUNCTION_LINES_MAX:
            yield function.lineno, f"{function.name} has {size} lines, over {FUNCTION_LINES_MAX}"


def bare_except(source: Source) -> Iterator[Finding]:
    """`except:` also catches cancellation and the interrupt key."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield node.lineno, "a bare except: name what can be handled here"


def banned_module(source: Source) -> Iterator[Finding]:
    """A module that stores, reads or fakes in a way we don't."""
    for line, name in imports(source.tree):
        for module, instead in BANNED_MODULES.items():
            if name == module or name.startswith(f"{module}."):
                yield line, f"{module} is banned; use {instead}"


def banned_builtin(source: Source) -> Iterator[Finding]:
    """A builtin that runs text as code."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id in BANNED_BUILTINS:
            yield node.lineno, f"{node.id} is banned; use {BANNED_BUILTINS[node.id]}"


def hidden_randomness(source: Source) -> Iterator[Finding]:
    """The functions of the module `random` share one hidden generator, and `Random()` seeds itself: neither replays."""
    imported = {name for _, name in imports(source.tree)}
    for line, name in imports(source.tree):
        if name.startswith("random.") and name != "random.Random":
            yield line, f"{name} can't be replayed; use random.Random(seed), with the seed passed in"
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="random"), attr=name) if "random" in imported and name != "Random":
                yield node.lineno, f"random.{name} can't be replayed; use random.Random(seed), with the seed passed in"
            case ast.Call(func=ast.Attribute(attr="Random") | ast.Name(id="Random"), args=[], keywords=[]):
                yield node.lineno, "Random() can't be replayed; pass it a seed"
            case _:
                pass


def sleeping_test(source: Source) -> Iterator[Finding]:
    """A test that sleeps is slow when it passes, and wrong when the machine is busy."""
    if source.path.parts[0] != "tests":
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                yield node.lineno, "a test never sleeps; use trio's autojump_clock, or wait for the thing itself"
            case ast.ImportFrom(module="time", names=names) if any(alias.name == "sleep" for alias in names):
                yield node.lineno, "a test never sleeps; use trio's autojump_clock, or wait for the thing itself"
            case _:
                pass


def unexplained_test(source: Source) -> Iterator[Finding]:
    """A test's docstring is the rule it proves."""
    if source.path.name.startswith("test_"):
        for function in functions(source.tree):
            if function.name.startswith("test_") and not ast.get_docstring(function):
                yield function.lineno, f"{function.name} doesn't say which rule it proves"


RULES: Final[tuple[Rule, ...]] = (
    long_file,
    long_function,
    bare_except,
    banned_module,
    banned_builtin,
    hidden_randomness,
    sleeping_test,
    unexplained_test,
)


def complaints(files: Iterable[Source], rule: Rule) -> list[str]:
    """What one rule finds in `files`, as `file:line: what`."""
    return [f"{source.path}:{line}: {what}" for source in files for line, what in rule(source)]


@pytest.mark.parametrize("rule", RULES)
def test_this_repository_keeps(repository: tuple[Source, ...], rule: Rule) -> None:
    """No source file of the product or of its tests breaks a rule of style."""
    assert complaints(repository, rule) == []


LONG_FILE = "x = 1\n" * (FILE_LINES_MAX + 1)
LONG_FUNCTION = "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX


@pytest.mark.parametrize(
    ("rule", "name", "text", "line"),
    [
        (long_file, "core/a.py", LONG_FILE, 1),
        (long_file, "tests/a.py", f'"""It mentions Length: in passing."""\n{LONG_FILE}', 1),
        (long_function, "core/a.py", LONG_FUNCTION, 1),
        (long_function, "core/a.py", "class A:\n    async " + LONG_FUNCTION.replace("\n", "\n    "), 2),
        (bare_except, "core/a.py", "try:\n    f()\nexcept:\n    raise", 3),
        (banned_module, "core/a.py", "import pickle", 1),
        (banned_module, "core/a.py", "def f():\n    from marshal import loads", 2),
        (banned_module, "core/a.py", "import shelve as drawer", 1),
        (banned_module, "tests/a.py", "from unittest import mock", 1),
        (banned_module, "tests/a.py", "from unittest.mock import Mock", 1),
        (banned_builtin, "core/a.py", "x = eval('1')", 1),
        (banned_builtin, "remanence/a.py", "run = exec", 1),
        (hidden_randomness, "core/a.py", "import random\nx = random.random()", 2),
        (hidden_randomness, "core/a.py", "from random import choice", 1),
        (hidden_randomness, "core/a.py", "import random\nx = random.Random()", 2),
        (hidden_randomness, "core/a.py", "from random import Random\nx = Random()", 2),
        (sleeping_test, "tests/test_a.py", "import time\ndef test_a():\n    time.sleep(1)", 3),
        (sleeping_test, "tests/test_a.py", "from time import monotonic, sleep", 1),
        (unexplained_test, "tests/test_a.py", "def test_a():\n    assert True", 1),
        (unexplained_test, "tests/test_a.py", "class TestA:\n    async def test_a(self):\n        pass", 2),
    ],
)
def test_an_offender_is_found(tmp_path: Path, rule: Rule, name: str, text: str, line: int) -> None:
    """Each rule names the file and the line that breaks it."""
    write(tmp_path, name, text)
    [complaint] = complaints(sources(tmp_path), rule)
    assert complaint.startswith(f"{name}:{line}: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("core/a.py", '"""A grammar.\n\nLength: one table, which reads best whole.\n"""\n' + LONG_FILE),
        ("core/a.py", "def f():\n" + "    x = 1\n" * (FUNCTION_LINES_MAX - 1)),
        ("core/a.py", "try:\n    f()\nexcept ValueError:\n    raise"),
        ("core/a.py", "import re\nre.compile('x')\nframe.eval()"),
        ("core/a.py", "import random\nx = random.Random(7).random()"),
        ("core/a.py", "def f(random):\n    return random.choice('ab')"),
        ("actors/a.py", "import time\ntime.sleep(1)"),
        ("tests/test_a.py", "def test_a():\n    '''One is one.'''\n    assert True\ndef helper():\n    pass"),
    ],
)
def test_what_is_allowed_is_not(tmp_path: Path, name: str, text: str) -> None:
    """The rules have the exceptions they claim to have, and no rule reads a name as more than it is."""
    write(tmp_path, name, text)
    assert [complaint for rule in RULES for complaint in complaints(sources(tmp_path), rule)] == []
