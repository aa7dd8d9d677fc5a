"""Files of ours are private, and stand in the place of the ones before as a whole or not at all."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from remanence.core.files import make_folder, private, replacing


@pytest.fixture(autouse=True)
def _anything_goes() -> Iterator[None]:
    """A umask that lets everything through, as some users have."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_missing_folders_are_made_private(tmp_path: Path) -> None:
    """Every folder that is made is its owner's alone, also those above; one that was there stays as it was."""
    tmp_path.chmod(0o755)
    make_folder(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3
    (tmp_path / "a").chmod(0o750)
    make_folder(tmp_path / "a")
    assert (mode(tmp_path), mode(tmp_path / "a")) == (0o755, 0o750)


def test_a_folder_is_not_made_of_a_file(tmp_path: Path) -> None:
    """Where a file stands, no folder comes to be: the error is the disk's own."""
    (tmp_path / "a").touch()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "a" / "b")


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole(tmp_path: Path, durable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The new content stands there after the block, privately, and nothing else is left in the folder."""
    path = tmp_path / "note.json"
    for content in (b"one", b"another"):
        with replacing(path, durable=durable) as file:
            file.write(content)
            assert not path.exists() or path.read_bytes() == b"one"
        assert path.read_bytes() == content
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    """What raises in the middle changes nothing, and leaves nothing behind."""
    path = tmp_path / "note.json"
    path.write_bytes(b"old")

    def cut() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_kill_left_is_written_over(tmp_path: Path) -> None:
    """An unfinished file of a process that was killed, even a longer one, is no part of the next."""
    (tmp_path / "note.json.new").write_bytes(b"left by the dead, and long")
    with replacing(tmp_path / "note.json") as file:
        file.write(b"fresh")
    assert (tmp_path / "note.json").read_bytes() == b"fresh"
    assert not (tmp_path / "note.json.new").exists()


def test_the_opener_creates_for_the_owner_alone(tmp_path: Path) -> None:
    """`open(…, opener=private)` doesn't ask the umask."""
    with open(tmp_path / "key", "xb", opener=private):
        pass
    assert mode(tmp_path / "key") == 0o600
