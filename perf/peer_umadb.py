"""UmaDB, the closest relative: an event store in Rust with tags, group commit and one writer, talked to over gRPC.

Its package brings the server along; ours starts it on the loopback interface, on a port that is free, with the
durability that it has by default. Notes go to it as bytes made by msgspec, with the same tags.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import msgspec

from .append_threads import Send
from .material import TYPE, NoteTaken, note_tag, session_tag
from .peers import PeerMissing

__all__ = ["UmaDB", "open_umadb"]

_START_S: Final = 20.0
_STOP_S: Final = 20.0
_SERVER: Final = "from umadb.umadb_server_cli import main; main()"
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(NoteTaken).decode


@contextmanager
def open_umadb(folder: Path) -> Generator[UmaDB]:
    """A server over a database in `folder`, empty if that is.

    Raises:
        PeerMissing: UmaDB is not installed, or its server doesn't start.
    """
    _import()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (folder / "server.log").open("w+b") as log:
        command = [sys.executable, "-c", _SERVER, "--listen", address, "--db-path", str(folder / "notes.db")]
        server = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own interpreter
        try:
            _wait_for(address, server, log.name)
            yield UmaDB(f"http://{address}")
        finally:
            server.terminate()
            try:
                server.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


class UmaDB:
    """A running server."""

    def __init__(self, url: str) -> None:
        self._umadb = _import()
        self._url = url
        self._client = self._umadb.Client(url)

    def connect(self) -> Send:
        """A client that appends."""
        client, event = self._umadb.Client(self._url), self._umadb.Event

        def send(notes: Sequence[NoteTaken]) -> Sequence[int]:
            last = client.append([event(TYPE, _encode(note), note.about()) for note in notes])
            return range(last - len(notes) + 1, last + 1)

        return send

    def count(self) -> int:
        """Its head: positions are dense."""
        return self._client.head() or 0

    def note(self, note_id: str) -> NoteTaken | None:
        """The note that bears the tag of this id."""
        found = self._tagged(note_tag(note_id))
        return found[0] if len(found) == 1 else None

    def session(self, session: str) -> set[str] | None:
        """The ids of the notes that bear the session's tag."""
        return {note.id for note in self._tagged(session_tag(session))}

    def session_notes(self, session: str) -> list[NoteTaken]:
        """A session's notes, in order."""
        return self._tagged(session_tag(session))

    def _tagged(self, tag: str) -> list[NoteTaken]:
        query = self._umadb.Query(items=[self._umadb.QueryItem(types=[TYPE], tags=[tag])])
        return [_decode(found.event.data) for found in self._client.read(query=query)]


def _import() -> ModuleType:
    handler = signal.getsignal(signal.SIGINT)
    try:
        import umadb  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise PeerMissing("umadb") from error
    if signal.getsignal(signal.SIGINT) is not handler:
        signal.signal(signal.SIGINT, handler)  # the import takes the interrupt key for itself
    return umadb


def _wait_for(address: str, server: subprocess.Popen[bytes], log: str) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.02)
    message = f"UmaDB's server did not start: {Path(log).read_text(encoding='utf-8', errors='replace')[-400:]}"
    raise PeerMissing(message)
