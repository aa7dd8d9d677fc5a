"""An embedder behind HTTP: whatever answers `POST …/embeddings` as OpenAI does, such as Ollama, vLLM or llama.cpp.

What comes back is hostile until it has been checked: how long the answer is, that it is the JSON that was asked for,
that each text has one vector, of the right dimension and of finite numbers. Redirects are not followed, because the key
would go with them. The deadline is for everything: each try and the pauses in between.

This module needs numpy and nothing that `import remanence` loads may import it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..codecs.digests import short_digest
from ..core.embedder import EmbedderIdentity
from ..core.errors import InvalidInput, Unanswered

__all__ = ["HttpEmbedder"]

DEADLINE_S: Final = 60.0
TRIES: Final = 4
FIRST_PAUSE_S: Final = 0.5
BATCH: Final = 64
"""Texts in a request: services take a hundred or more; an answer of so many is a megabyte or two."""
NUMBER_BYTES_MAX: Final = 32
"""Bytes of a component, written out, with its comma."""
FRAME_BYTES_MAX: Final = 64 * 1024
"""Bytes of an answer around the vectors."""
_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
_OK: Final = 200


class _Entry(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Entry]


class _NotNow(Exception):
    """Trying again may help; after so many seconds, if the service said."""

    def __init__(self, reason: str, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.pause_s = pause_s


class HttpEmbedder:
    """Asks a service for vectors.

    Attributes:
        identity: the model's name, its dimension, and a digest of the address and the model.
    """

    def __init__(
        self,
        url: str,
        model: str,
        dimension: int,
        *,
        key: str | None = None,
        version: str = "",
        deadline_s: float = DEADLINE_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            url: the service's address, up to and with `/v1`: `"http://localhost:11434/v1"`.
            model: what the service calls the model.
            dimension: how many components its vectors have.
            key: sent as a bearer token. It is kept in memory alone.
            version: anything that tells this model from another of its name; it goes into the identity.
            deadline_s: how long a call may take, in seconds.
            clock: seconds that never go back.
            sleep: what waits.

        Raises:
            InvalidInput: the address is none, or the dimension isn't.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or dimension < 1 or not deadline_s > 0:
            message = f"an embedder needs an http(s) address, a dimension and a deadline, not {url!r}, {dimension!r}"
            raise InvalidInput(message)
        self.identity = EmbedderIdentity(
            model, dimension, short_digest(url.encode(), model.encode(), version.encode()).hex()[:16]
        )
        self._connection = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + "/embeddings"
        self._key = key
        self._deadline_s = deadline_s
        self._clock = clock
        self._sleep = sleep

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row for each text.

        Raises:
            Unanswered: the service refused, or didn't answer in time, however often it was asked.
            InvalidInput: what it answered is not what was asked for.
        """
        until = self._clock() + self._deadline_s
        made = np.zeros((len(texts), self.identity.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            some = texts[start : start + BATCH]
            made[start : start + len(some)] = self._asked(some, until)
        return made

    def _asked(self, texts: Sequence[str], until: float) -> NDArray[np.float32]:
        reason: Exception | None = None
        for attempt in range(TRIES):
            left = until - self._clock()
            if left <= 0:
                break
            try:
                return self._checked(self._answer(texts, left), len(texts))
            except (_NotNow, OSError, HTTPException) as error:
                reason = error
                pause = getattr(error, "pause_s", 0.0) or FIRST_PAUSE_S * 2**attempt
                if attempt + 1 == TRIES or pause >= until - self._clock():
                    break
                self._sleep(pause)
        message = f"{self._host} made no vectors within {self._deadline_s} s and {TRIES} tries: {reason}"
        raise self._unanswered(message) from reason

    def _answer(self, texts: Sequence[str], left: float) -> bytes:
        """The body of a good answer."""
        body = msgspec.json.encode({"model": self.identity.name, "input": list(texts), "encoding_format": "float"})
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        until = self._clock() + left
        connection = self._connection(self._host, self._port, timeout=left)
        with ExitStack() as opened:
            opened.callback(connection.close)
            connection.request("POST", self._path, body, headers)
            if connection.sock is not None:
                connection.sock.settimeout(max(0.001, until - self._clock()))
            response = opened.enter_context(connection.getresponse())
            if response.status in _AGAIN:
                reason = f"status {response.status}"
                raise _NotNow(reason, _pause(response.getheader("Retry-After")))
            if response.status != _OK:
                message = f"{self._host} answered with status {response.status} {response.reason:.80}"
                raise self._unanswered(message)
            limit = FRAME_BYTES_MAX + len(texts) * self.identity.dimension * NUMBER_BYTES_MAX
            return self._read(response, limit, until)

    def _read(self, response: HTTPResponse, limit: int, until: float) -> bytes:
        """The body, unless it is too long or trickles in."""
        parts: list[bytes] = []
        size = 0
        while part := response.read1(1 << 16):
            parts.append(part)
            size += len(part)
            if size > limit:
                message = f"{self._host} answered with more than {limit} bytes"
                raise InvalidInput(message)
            if self._clock() >= until:
                reason = "the answer didn't end in time"
                raise _NotNow(reason)
        return b"".join(parts)

    def _unanswered(self, message: str) -> Unanswered:
        return Unanswered(message, actor=self.identity.name, is_taken=True)

    def _checked(self, body: bytes, count: int) -> NDArray[np.float32]:
        try:
            answer = msgspec.json.decode(body, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"{self._host} answered with something else than vectors: {error}"
            raise InvalidInput(message) from error
        dimension = self.identity.dimension
        if sorted(entry.index for entry in answer.data) != list(range(count)):
            message = f"{self._host} answered with {len(answer.data)} vectors for {count} texts, or not one for each"
            raise InvalidInput(message)
        made = np.zeros((count, dimension), np.float32)
        for entry in answer.data:
            if len(entry.embedding) != dimension:
                message = f"{self._host} made a vector of {len(entry.embedding)} components, not {dimension}"
                raise InvalidInput(message)
            with np.errstate(over="ignore"):
                made[entry.index] = entry.embedding
        if not np.isfinite(made).all():
            message = f"{self._host} made a vector with a component that is not a finite number"
            raise InvalidInput(message)
        return made


def _pause(told: str | None) -> float:
    """Seconds of a `Retry-After`; 0 if there is none, or a date."""
    try:
        seconds = float(told or 0)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0
