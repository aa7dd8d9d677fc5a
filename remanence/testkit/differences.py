"""Differences: the first row in which two views of one projection are not the same, in words."""

from __future__ import annotations

from typing import Any

from ..projections.schema import Schema, row_key
from ..projections.views import View

__all__ = ["difference"]


def difference(ours: View[Any], theirs: View[Any], our_name: str, their_name: str) -> str | None:
    """The first row, or else index entry, in which two views differ; None when their digests are equal."""
    if ours.digest() == theirs.digest():
        return None
    for name, table in ours.projection.tables.items():
        ours_by_key, theirs_by_key = _rows(ours, table), _rows(theirs, table)
        for key in sorted(ours_by_key.keys() | theirs_by_key.keys()):
            our_row, their_row = ours_by_key.get(key), theirs_by_key.get(key)
            if our_row != their_row:
                width = max(len(our_name), len(their_name)) + 1
                return (
                    f"in the table {name}, of which the first row that differs is\n"
                    f"  {our_name + ':':{width}} {_shown(our_row)}\n  {their_name + ':':{width}} {_shown(their_row)}"
                )
    return _hidden_difference(ours, theirs)


def _rows(view: View[Any], table: Schema[Any]) -> dict[bytes, object]:
    rows = view.rows.rows_of(table).select()
    return {row_key(tuple(getattr(row, field) for field in table.key)): row for row in rows}


def _shown(row: object) -> str:
    return "no such row" if row is None else repr(row)


def _hidden_difference(ours: View[Any], theirs: View[Any]) -> str:
    """Where rows are equal and what is stored isn't."""
    for name, table in ours.projection.tables.items():
        ours_stored = {(part, key): value for part, key, value in ours.rows.rows_of(table).entries()}
        theirs_stored = {(part, key): value for part, key, value in theirs.rows.rows_of(table).entries()}
        for (part, _), _ in sorted(ours_stored.items() ^ theirs_stored.items()):
            if part:
                index = f"the index {part} of the table {name}"
                return f"in {index}, though the rows are equal: does it depend on more than the row?"
            return f"in the bytes of the table {name}, though the rows are equal: is it 1 here, and 1.0 or True there?"
    return "in their digests alone"
