"""Trust: a view's files are opened only if nothing can have torn them; otherwise the view is built anew."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remanence.core.environment import Environment
from remanence.core.errors import NotFound, StorageFailed
from remanence.core.files import sync_directory
from remanence.projections import view_store
from remanence.projections.trust import is_trusted, mark_clean, mark_open
from remanence.projections.views import View, Views, view_path

from .ledger import Ledger, Moved, Opened, crash, make_log, open_view

LOG = make_log()
LOG.append(Opened("a", "ada"), Moved("a", 3))


def build(root: Path, boot: str) -> View[Ledger]:
    """A view that has caught up, open on a machine that was started as `boot`."""
    views = Views([open_view(root, Ledger, boot=boot)])
    views.catch_up(LOG)
    return views.of(Ledger)


def was_kept(root: Path, boot: str) -> bool:
    """Whether opening finds what was built."""
    view = open_view(root, Ledger, boot=boot)
    kept = view.checkpoint == 2
    assert view.rows.accounts.count() == (1 if kept else 0)
    view.close()
    return kept


def test_a_view_closed_cleanly_is_trusted_wherever_it_is(tmp_path: Path) -> None:
    """It was flushed: another start of the machine and another place change nothing."""
    build(tmp_path / "old", "monday").close()
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    assert was_kept(tmp_path / "old", "tuesday")
    assert was_kept(tmp_path / "copy", "tuesday")


def test_a_crash_of_the_process_costs_nothing(tmp_path: Path) -> None:
    """What was written is in the operating system's hands: the same machine, still running, has it."""
    crash(build(tmp_path, "monday"))
    assert was_kept(tmp_path, "monday")


def test_a_crash_of_the_machine_costs_the_view_but_no_answer(tmp_path: Path) -> None:
    """A view that was open then may be torn: it is thrown away unread, and built from the log again."""
    view = build(tmp_path, "monday")
    digest = view.digest()
    crash(view)
    with pytest.raises(NotFound, match="has to be built first"):
        open_view(tmp_path, Ledger, boot="tuesday", read_only=True)
    assert not was_kept(tmp_path, "tuesday")
    again = build(tmp_path, "tuesday")
    assert again.digest() == digest
    again.close()


def test_torn_files_are_never_opened(tmp_path: Path) -> None:
    """After a crash of the machine nothing of the old file is looked at: LMDB would not raise, but kill the process."""
    crash(build(tmp_path, "monday"))
    data = view_path(tmp_path, Ledger) / "data.mdb"
    data.write_bytes(b"\xff" * data.stat().st_size)
    assert not was_kept(tmp_path, "tuesday")


@pytest.mark.parametrize("boot", ["monday", "tuesday"])
def test_a_copy_of_an_open_view_is_not_trusted(tmp_path: Path, boot: str) -> None:
    """Copied file by file while it was written, it may be torn: its inode gives it away."""
    view = build(tmp_path / "old", "monday")
    shutil.copytree(tmp_path / "old", tmp_path / "copy")
    assert not was_kept(tmp_path / "copy", boot)
    view.close()


def test_a_machine_that_does_not_tell_its_starts_apart_trusts_clean_views_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no boot id, a view that was not closed is as good as torn."""
    monkeypatch.setattr(view_store, "boot_id", lambda: None)
    open_view(tmp_path, Ledger).close()
    directory = view_path(tmp_path, Ledger)
    assert is_trusted(directory, None)
    mark_open(directory, None)
    assert not is_trusted(directory, None)


@pytest.mark.parametrize(
    "mark",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b"true",
        b"{}",
        b'{"clean": false}',
        b'{"clean": "no"}',
        b'{"clean": 1}',
        b'{"clean": false, "boot": "monday"}',
        b'{"clean": false, "boot": "monday", "device": 0, "inode": 0}',
        None,
    ],
)
def test_a_damaged_mark_is_no_trust(tmp_path: Path, mark: bytes | None) -> None:
    """A mark that is missing, cut off or not one of ours vouches for nothing."""
    build(tmp_path, "monday").close()
    path = view_path(tmp_path, Ledger) / "trust.json"
    if mark is None:
        path.unlink()
    else:
        path.write_bytes(mark)
    assert not was_kept(tmp_path, "monday")


def test_a_file_without_its_mark_s_inode_is_not_trusted(tmp_path: Path) -> None:
    """A data file put in the place of the one that was open is not what the mark vouches for."""
    crash(build(tmp_path, "monday"))
    directory = view_path(tmp_path, Ledger)
    shutil.copy(directory / "data.mdb", directory / "other")
    (directory / "other").replace(directory / "data.mdb")
    assert not is_trusted(directory, "monday")
    (directory / "data.mdb").unlink()
    assert not is_trusted(directory, "monday")


def test_the_mark_is_durable_before_the_first_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that was clean says that it is open, file and directory flushed, before a byte of it may change."""
    build(tmp_path, "monday").close()
    steps: list[str] = []

    def noted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def note(*args: Any, **kwargs: Any) -> Any:
            steps.append(name)
            return function(*args, **kwargs)

        return note

    monkeypatch.setattr(os, "fsync", noted("fsync", os.fsync))
    monkeypatch.setattr("remanence.core.files.sync_directory", noted("directory", sync_directory))
    monkeypatch.setattr(Environment, "write", noted("write", Environment.write))
    view = open_view(tmp_path, Ledger, boot="tuesday")
    assert steps == ["fsync", "directory", "fsync", "write"]
    mark = json.loads((view_path(tmp_path, Ledger) / "trust.json").read_text(encoding="utf-8"))
    assert (mark["clean"], mark["boot"]) == (False, "tuesday")
    view.close()


def test_the_clean_mark_comes_after_the_flush(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the flush fails, the view stays marked as open: it is trusted until the machine goes down, and no longer."""
    view = build(tmp_path, "monday")

    def refuse() -> None:
        raise StorageFailed("no")

    monkeypatch.setattr(view.store.env, "sync", refuse)
    with pytest.raises(StorageFailed):
        view.close()
    directory = view_path(tmp_path, Ledger)
    assert is_trusted(directory, "monday")
    assert not is_trusted(directory, "tuesday")
    mark_clean(directory)
    assert is_trusted(directory, "tuesday")


def test_a_mark_that_can_not_be_written_is_the_disk_s_refusal(tmp_path: Path) -> None:
    """Without the mark nothing is opened."""
    with pytest.raises(StorageFailed, match=r"trust.json"):
        mark_clean(tmp_path / "nowhere")
