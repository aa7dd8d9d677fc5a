"""A log whose file was cut short is refused when it is opened; LMDB alone would end the process."""

import shutil
from pathlib import Path

import pytest

from remanence.core.errors import Damaged
from remanence.core.lmdb_store import LmdbStore
from remanence.core.pages import is_short

GOLDEN = Path(__file__).parents[1] / "golden" / "store-1"
PAGE_BYTES = 4096


def test_a_cut_log_is_refused_and_says_so(tmp_path: Path) -> None:
    """Cut after any page, a log is damaged, not deadly; whole, it opens."""
    whole = (GOLDEN / "data.mdb").read_bytes()
    for size in range(PAGE_BYTES, len(whole), PAGE_BYTES):
        (tmp_path / "data.mdb").write_bytes(whole[:size])
        assert is_short(tmp_path)
        with pytest.raises(Damaged, match="cut short"):
            LmdbStore(tmp_path)
    shutil.copy(GOLDEN / "data.mdb", tmp_path)
    assert not is_short(tmp_path)
    store = LmdbStore(tmp_path)
    assert store.head().position > 0
    store.close()


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"no LMDB file at all" * 500])
def test_what_is_no_lmdb_file_is_not_short(content: bytes, tmp_path: Path) -> None:
    """Other files, and none, are left to LMDB to refuse."""
    assert not is_short(tmp_path)
    (tmp_path / "data.mdb").write_bytes(content)
    assert not is_short(tmp_path)
