"""The documentation as the house tests see it: its pages, and the code in them. No rule lives here."""

from collections.abc import Iterator
from pathlib import Path

import attrs
from markdown_it import MarkdownIt
from markdown_it.token import Token


@attrs.frozen
class Block:
    """One fenced block of code."""

    line: int
    """The number of its first line of code in the page, counted from 1."""
    language: str
    """The first word of its info string; empty when there is none."""
    options: frozenset[str]
    """The other words of its info string."""
    code: str
    reason: str
    """The text of an HTML comment that stands directly before it; empty when there is none."""


def pages(root: Path) -> list[Path]:
    """README and every page under docs. README is in the list whether or not it exists: a missing one must be seen."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """Each fenced block of a page, in order, with the comment before it."""
    before: Token | None = None
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.map:
            language, *options = token.info.split() or [""]
            comment = before.content.strip() if before and before.type == "html_block" else ""
            is_comment = comment.startswith("<!--") and comment.endswith("-->")
            reason = comment.removeprefix("<!--").removesuffix("-->").strip() if is_comment else ""
            yield Block(token.map[0] + 2, language, frozenset(options), token.content, reason)
        before = token


def code_of(text: str) -> Iterator[str]:
    """Everything a page shows as code: blocks, and spans between backticks."""
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type in {"fence", "code_block"}:
            yield token.content
        yield from (child.content for child in token.children or () if child.type == "code_inline")
