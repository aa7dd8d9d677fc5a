"""The embedder behind HTTP, before a server on this machine that answers whatever the test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence import InvalidInput
from remanence.core.errors import Unanswered
from remanence.embedders.http import BATCH, HttpEmbedder

from ..effort import short

Answer = tuple[int, dict[str, str], bytes]


class Service:
    """A service that answers as it is told, one answer after the other; the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer | Callable[[Any], Answer]] = []
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""

    def answer(self, path: str, headers: dict[str, str], body: Any) -> Answer:
        """What to say."""
        self.asked.append((path, headers, body))
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return told(body) if callable(told) else told


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service on this machine."""
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, answer = made.answer(self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:
                return  # whoever asked has heard enough

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/v1/"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def good(body: Any) -> Answer:
    """A vector for each text: its length, and one."""
    data = [{"index": at, "embedding": [float(len(text)), 1.0]} for at, text in enumerate(body["input"])]
    return 200, {}, json.dumps({"object": "list", "data": data[::-1], "model": body["model"]}).encode()


def told(*data: tuple[int, object]) -> Answer:
    """An answer with these vectors."""
    return 200, {}, json.dumps({"data": [{"index": at, "embedding": vector} for at, vector in data]}).encode()


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        """Seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.pauses.append(seconds)
        self.now += seconds


def embedder(service: Service, *answers: Answer | Callable[[Any], Answer], **options: Any) -> tuple[HttpEmbedder, Time]:
    """An embedder of this service, which is going to give these answers."""
    service.answers, service.asked = list(answers), []
    watch = Time()
    return HttpEmbedder(service.url, "tiny", 2, clock=watch.clock, sleep=watch.sleep, **options), watch


def test_each_text_gets_its_vector_whatever_the_order_of_the_answer(service: Service) -> None:
    """Many texts go in several requests; the key goes as a bearer token; the path is the service's."""
    made, _ = embedder(service, good, key="secret")
    texts = ["a" * (1 + at % 7) for at in range(BATCH + 3)]
    assert made.embed(texts).tolist() == [[float(len(text)), 1.0] for text in texts]
    assert [len(body["input"]) for _, _, body in service.asked] == [BATCH, 3]
    path, headers, body = service.asked[0]
    assert (path, headers["Authorization"], body["model"]) == ("/v1/embeddings", "Bearer secret", "tiny")
    assert "secret" not in repr(made.identity)
    assert made.embed([]).shape == (0, 2)


def test_a_busy_service_is_asked_again_after_a_pause(service: Service) -> None:
    """Twice as long each time, or as long as the service says."""
    made, watch = embedder(service, (503, {}, b""), (429, {"Retry-After": "3"}, b""), (500, {}, b"no"), good)
    assert made.embed(["abc"]).tolist() == [[3.0, 1.0]]
    assert watch.pauses == [0.5, 3.0, 2.0]


def test_a_service_that_stays_busy_is_given_up(service: Service) -> None:
    """After four tries, or before a pause that would end after the deadline; the reason is told."""
    made, watch = embedder(service, (503, {}, b""))
    with pytest.raises(Unanswered, match="status 503"):
        made.embed(["abc"])
    assert (len(service.asked), len(watch.pauses)) == (4, 3)
    made, watch = embedder(service, (429, {"Retry-After": "3600"}, b""))
    with pytest.raises(Unanswered, match="status 429"):
        made.embed(["abc"])
    assert (len(service.asked), watch.pauses) == (1, [])


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404])
def test_a_refusal_is_told_at_once_and_nobody_is_redirected(service: Service, status: int) -> None:
    """What won't become better by waiting is an error; the key goes to no other address."""
    made, _ = embedder(service, (status, {"Location": service.url + "elsewhere"}, b""), key="secret")
    with pytest.raises(Unanswered, match=str(status)):
        made.embed(["abc"])
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b'{"data": 3}'),
        (200, {}, b'{"data": [{"index": 0, "embedding": "AAAA"}]}'),
        (200, {}, b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}'),
        (200, {}, b'{"data": [{"index": 0, "embedding": [1e39, 1.0]}]}'),
        (200, {}, b"x" * 1_000_000),
        told(),
        told((0, [1.0])),
        told((0, [1.0, 2.0, 3.0])),
        told((1, [1.0, 2.0])),
        told((0, [1.0, 2.0]), (0, [1.0, 2.0])),
        told((0, [1.0, 2.0]), (1, [1.0, 2.0])),
        told((0, ["1", "2"])),
        told((0, [1.0, None])),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(service: Service, answer: Answer) -> None:
    """Of another length, dimension or number, no JSON, not finite, or far too long: never a vector."""
    made, _ = embedder(service, answer)
    with pytest.raises(InvalidInput, match=r"127\.0\.0\.1"):
        made.embed(["abc"])


@given(st.binary(max_size=200))
@short(60)
def test_whatever_comes_back_is_a_vector_or_an_error(service: Service, body: bytes) -> None:
    """Any bytes at all."""
    made, _ = embedder(service, (200, {}, body))
    with pytest.raises(InvalidInput):
        made.embed(["abc"])


def test_nobody_at_home_is_an_error_in_time() -> None:
    """A port where nobody listens: tried again, then told."""
    watch = Time()
    made = HttpEmbedder("http://127.0.0.1:1/v1", "tiny", 2, clock=watch.clock, sleep=watch.sleep)
    with pytest.raises(Unanswered, match="made no vectors"):
        made.embed(["abc"])
    assert len(watch.pauses) == 3


@pytest.mark.parametrize(
    ("url", "dimension"), [("ftp://x/v1", 2), ("localhost", 2), ("http:///v1", 2), ("http://x", 0)]
)
def test_an_address_that_is_none_is_refused_at_once(url: str, dimension: int) -> None:
    """What can't be asked is said when it is given."""
    with pytest.raises(InvalidInput):
        HttpEmbedder(url, "tiny", dimension)


def test_the_identity_tells_services_and_models_apart(service: Service) -> None:
    """Another address, model, dimension or version is another embedder; the same is the same."""
    made = [
        HttpEmbedder(url, model, dimension, version=version).identity
        for url in ("http://x/v1", "http://y/v1")
        for model in ("a", "b")
        for dimension in (2, 3)
        for version in ("", "1")
    ]
    assert len(set(map(str, made))) == len(made)
    assert HttpEmbedder("http://x/v1", "a", 2).identity == made[0]
    assert np.isfinite(embedder(service, good)[0].embed(["x"])).all()
