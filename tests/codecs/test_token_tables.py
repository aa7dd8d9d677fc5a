"""Token tables: whole, cut off at every byte, and with something behind; and the one that ships."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

import remanence.codecs
from remanence.codecs.errors import Damaged
from remanence.codecs.token_tables import pack_table, read_table
from remanence.projections.semantic.static import DIMENSION, TABLE_DIGEST

WORDS = ["tea", "##s", "\u8336"]
VECTORS = np.array([[1.0, -2.0], [0.0, 0.0], [1e-3, 2e-4]], np.float32)


def test_a_table_comes_back_to_half_a_step(tmp_path: Path) -> None:
    """Each component is off by half of what a step of its row is, at most; a row of zeros stays one."""
    path = tmp_path / "a.table"
    path.write_bytes(pack_table(WORDS, VECTORS))
    table = read_table(path)
    assert table.vocabulary == {"tea": 0, "##s": 1, "\u8336": 2}
    assert (np.abs(table.rows * table.scales[:, None] - VECTORS) <= table.scales[:, None] / 2 + 1e-9).all()
    assert table.scales[1] == 0
    assert table.dimension == 2


def test_a_table_that_is_cut_off_anywhere_or_goes_on_is_damaged(tmp_path: Path) -> None:
    """A file of another length, or of another kind, is refused."""
    whole, path = pack_table(WORDS, VECTORS), tmp_path / "a.table"
    for data in [*(whole[:size] for size in range(len(whole))), whole + b"x", b"RMNTABL2" + whole[8:]]:
        path.write_bytes(data)
        with pytest.raises(Damaged):
            read_table(path)


def test_the_table_that_ships_is_the_one_that_is_named(tmp_path: Path) -> None:
    """Its digest is the one in the code, and it takes eight megabytes at most. Changed in one bit, it has another."""
    shipped = resources.files(remanence.codecs).joinpath("minilm.table").read_bytes()
    assert len(shipped) <= 8_000_000
    path = tmp_path / "a.table"
    path.write_bytes(shipped)
    table = read_table(path)
    assert (table.digest, table.dimension, len(table.vocabulary)) == (TABLE_DIGEST, DIMENSION, 29_523)
    changed = bytearray(shipped)
    changed[1_000_000] ^= 1
    path.write_bytes(changed)
    assert read_table(path).digest != TABLE_DIGEST
