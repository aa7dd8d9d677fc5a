"""Pages: damage that LMDB would not survive is found without it."""

from pathlib import Path

import pytest

from remanence.core.environment import Environment
from remanence.core.pages import fault_at_rest, find_fault


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An LMDB file with some pages, closed."""
    env = Environment(tmp_path, ("things",))
    env.write(lambda txn: [txn.put(b"%06d" % number, bytes(100), db=env.db("things")) for number in range(2_000)])
    env.close()
    return tmp_path


def test_a_sound_file_has_no_fault(folder: Path) -> None:
    """Also one that has been written to several times."""
    assert find_fault(folder) is None
    assert fault_at_rest(folder) is None


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.9])
def test_a_file_that_was_cut_short_has_a_fault(folder: Path, keep: float) -> None:
    """Wherever it ends: within the first page, or so late that only its last pages are missing."""
    data = (folder / "data.mdb").read_bytes()
    (folder / "data.mdb").write_bytes(data[: int(keep * len(data))])
    assert find_fault(folder)
    assert fault_at_rest(folder)


def test_something_else_has_a_fault(folder: Path) -> None:
    """A file that never was LMDB's."""
    (folder / "data.mdb").write_bytes(b"something else " * 1_000)
    assert find_fault(folder)


def test_a_missing_file_is_the_callers_error(tmp_path: Path) -> None:
    """There is nothing to look through."""
    with pytest.raises(OSError, match="No such file"):
        fault_at_rest(tmp_path)
