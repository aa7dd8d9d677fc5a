"""The documentation's code runs: every block of Python, every command, in the order in which a reader would try them.

A page's blocks share one folder and one namespace. ```` ```python ```` and ```` ```sh ```` blocks run whole, a
```` ```console ```` block runs what stands after `$ `. `git clone`, and the `cd` after it, are taken as done; a
`make` line is not run, but its target must exist. A block marked `no-run` is left out, and an HTML comment before it
says why. Every other language is only shown.
"""

import os
import re
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from .page_runner import NO_RUN, commands, run_page
from .pages import Block, blocks, pages
from .tree import ROOT

RUN: Final = frozenset({"python", "sh", "console"})
SHOWN: Final = frozenset(
    {"abnf", "diff", "html", "ini", "json", "jsonl", "makefile", "mermaid", "sql", "text", "toml", "yaml"}
)
"""A language in neither set is a complaint, so that a misspelt one doesn't hide a block."""

PAGES: Final = pages(ROOT)


def made_by(makefile: str) -> frozenset[str]:
    """The targets of a makefile: each name before a colon that isn't part of `:=`."""
    return frozenset(re.findall(r"^([a-z][\w-]*):(?!=)", makefile, flags=re.MULTILINE))


def complaints(text: str, targets: frozenset[str]) -> list[str]:
    """What can be seen to be wrong with a page's code before any of it runs, as `line: what`."""
    return [f"{line}: {what}" for block in blocks(text) for line, what in complaints_of(block, targets)]


def complaints_of(block: Block, targets: frozenset[str]) -> Iterator[tuple[int, str]]:
    """What is wrong with one block, run or not."""
    if block.language not in RUN | SHOWN:
        yield block.line, f"the language {block.language!r} is none of {', '.join(sorted(RUN | SHOWN))}"
    if NO_RUN in block.options and not block.reason:
        yield block.line, "no-run without a reason: say why in an HTML comment directly before the block"
    for option in block.options - {NO_RUN}:
        yield block.line, f"the option {option!r} means nothing"
    if block.language == "python":
        yield from wrong_python(block)
    if block.language in {"sh", "console"}:
        yield from wrong_commands(block, targets)


def wrong_python(block: Block) -> Iterator[tuple[int, str]]:
    """Where a block isn't a whole piece of Python: what can't stand alone can't be copied either."""
    try:
        compile(block.code, "page", "exec", dont_inherit=True)
    except SyntaxError as error:
        yield block.line + (error.lineno or 1) - 1, f"not a whole piece of Python: {error.msg}"


def wrong_commands(block: Block, targets: frozenset[str]) -> Iterator[tuple[int, str]]:
    """A console in which nothing is typed, and a make target that doesn't exist."""
    if not any(True for _ in commands(block)):
        yield block.line, "no command: a console shows what is typed after `$ `"
    for command in commands(block):
        for name in makes(command.steps()):
            if name not in targets:
                yield command.line, f"there is no `make {name}`"


def makes(steps: list[list[str]]) -> Iterator[str]:
    """The targets that a line of commands makes; options and variables are none."""
    for words in steps:
        if words[:1] == ["make"]:
            yield from (word for word in words[1:] if not word.startswith("-") and "=" not in word)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_keeps_the_rules(page: Path) -> None:
    """Every block names a language that is known, every make target exists, and what doesn't run says why."""
    targets = made_by((ROOT / "Makefile").read_text(encoding="utf-8"))
    assert complaints(page.read_text(encoding="utf-8"), targets) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs(page: Path, tmp_path: Path) -> None:
    """A reader who types a page from top to bottom, in an empty folder, meets no error."""
    code, output = run_page(page.read_text(encoding="utf-8"), page.name, tmp_path)
    assert code == 0, f"{page}\n{output}"


def page_of(*parts: str) -> str:
    """A page under a heading, one part after the other."""
    return "\n".join(("# Title", "", *parts, ""))


def fenced(info: str, code: str) -> str:
    """One block of code."""
    return f"```{info}\n{code}\n```\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (fenced("pyhton", "x = 1"), "4: the language 'pyhton'"),
        (fenced("", "x = 1"), "4: the language ''"),
        (fenced("python no-run", "x = 1"), "4: no-run without a reason"),
        ("<!-- -->\n" + fenced("sh no-run", "rm -rf /"), "5: no-run without a reason"),
        ("<!-- why -->\n\nOther words.\n\n" + fenced("sh no-run", "ls"), "8: no-run without a reason"),
        (fenced("python norun", "x = 1"), "4: the option 'norun'"),
        (fenced("python", "x = 1\nif x:"), "5: not a whole piece of Python"),
        (fenced("console", "remanence demo"), "4: no command"),
        (fenced("sh", "make demo\nmake tset"), "5: there is no `make tset`"),
        (fenced("sh", "git clone here && cd here && make tset"), "4: there is no `make tset`"),
        (fenced("console", "$ make -j2 tset PYTHON=python3.12"), "4: there is no `make tset`"),
    ],
)
def test_a_page_that_breaks_a_rule_is_found(text: str, complaint: str) -> None:
    """Each complaint names the page's own line."""
    [found] = complaints(page_of(text), frozenset({"demo"}))
    assert found.startswith(complaint)


def test_a_page_may_say_why_a_block_does_not_run(tmp_path: Path) -> None:
    """With a reason directly before it, a no-run block is left alone."""
    text = page_of("<!-- it would need a second machine -->", fenced("sh no-run", "false"))
    assert complaints(text, frozenset()) == []
    assert run_page(text, "a.md", tmp_path)[0] == 0


def test_targets_are_read_from_the_makefile() -> None:
    """Rules are targets; assignments, stamps and recipes are not."""
    assert made_by("A := b\nb:= c\nhelp: ## show\n\techo x: y\ntest: a b\n.PHONY: all\n") == {"help", "test"}


@pytest.mark.parametrize(
    ("block", "printed"),
    [
        (fenced("python", "x = 1\nraise ValueError(x)"), 'a.md.py", line 5'),
        (fenced("python", "import trio\nasync def main():\n    1 / 0\ntrio.run(main)"), 'a.md.py", line 6'),
        (fenced("python", "import warnings\nwarnings.warn('old', DeprecationWarning)"), 'a.md.py", line 5'),
        (fenced("sh", "true\nfalse\ntrue"), "non-zero exit status 1"),
        (fenced("sh", "cat nothing.txt | sort"), "nothing.txt"),
        (fenced("sh", "echo $UNSET_HERE"), "UNSET_HERE"),
        (fenced("console", "$ cat \\\n> nothing.txt\nthis is output"), "nothing.txt"),
    ],
)
def test_a_page_that_fails_is_found(tmp_path: Path, block: str, printed: str) -> None:
    """A failure in any block fails the page, and the message leads to it."""
    code, output = run_page(page_of(block), "a.md", tmp_path)
    assert code != 0
    assert printed in output


def test_blocks_share_a_namespace_and_a_folder_in_order(tmp_path: Path) -> None:
    """Python sees what Python above it did, commands see its files, and it sees theirs; setup is taken as done."""
    text = page_of(
        fenced("sh", "git clone https://example.org/x\ncd x\nmake demo"),
        fenced("python", "from pathlib import Path\nnumber = 1\nPath('a').write_text('from python')"),
        fenced("console", "$ grep -q 'from python' a && echo 'from bash' > b\nand this is output"),
        fenced("text", "raise SystemExit"),
        fenced("python", "assert number == 1\nassert Path('b').read_text() == 'from bash\\n'"),
        fenced(
            "sh", f'test "$HOME" = "$PWD"\ntest "$(dirname "$(command -v python)")" -ef "{Path(sys.executable).parent}"'
        ),
    )
    assert run_page(text, "a.md", tmp_path) == (0, "")


def test_what_a_page_leaves_running_ends_with_it(tmp_path: Path) -> None:
    """A server started in the background doesn't outlive its page, and nobody waits for it."""
    os.mkfifo(tmp_path / "alive")
    reader = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    text = page_of(fenced("sh", "exec 3> alive\necho started >&3\nsleep 600 &"))
    assert run_page(text, "a.md", tmp_path)[0] == 0
    assert os.read(reader, 64) == b"started\n"
    # The pipe ends when the last process that holds its other side is gone.
    assert select.select([reader], [], [], 10)[0], "still running"
    assert os.read(reader, 64) == b""
    os.close(reader)
