"""Workload `codec`: an event of about 300 bytes to its payload and back, against msgspec alone on the same class.

A payload holds more than the event: its tags, who caused it and why. `encode and check` is what an append does: what
was encoded is decoded again, and searched for numbers that aren't finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Final, TypeVar

import msgspec

from ..codecs.converter import make_converter
from ..codecs.payloads import PayloadCodec
from ..projections.memories.events import MemoryRemembered
from .checks import check_same
from .harness import MICROSECONDS, Case, Contender, Goal, Plan, Sample
from .material import memories

__all__ = ["codec"]

In = TypeVar("In")
Out = TypeVar("Out")
_EVENTS: Final = 1_000
_CALLS_PER_S: Final = 100_000
"""Calls of a run, for each second that it may take: a few microseconds each, so well within it."""
_MOST: Final = 2.5


def codec(plan: Plan) -> Iterator[Case]:
    """Encode, encode and check, decode."""
    ours = PayloadCodec(MemoryRemembered, make_converter())
    bare_encode = msgspec.msgpack.Encoder(order="sorted").encode
    bare_decode = msgspec.msgpack.Decoder(MemoryRemembered).decode
    events = list(memories(_EVENTS))
    tags = {event.id: tuple(event.about()) for event in events}
    bare = [bare_encode(event) for event in events]
    payloads = [bare_encode((tags[event.id], None, None, None, event)) for event in events]
    rounds = max(1, round(plan.seconds * _CALLS_PER_S / _EVENTS))

    def encode(event: MemoryRemembered) -> bytes:
        return ours.encode(event, tags[event.id], None, None, None)

    def encode_and_check(event: MemoryRemembered) -> MemoryRemembered:
        return ours.checked(ours.encode(event, tags[event.id], None, None, None)).data

    def decode(payload: bytes) -> MemoryRemembered:
        return ours.decode(payload).data

    def case(name: str, own: Callable[[], Sample], other: Callable[[], Sample]) -> Case:
        contenders = [Contender("remanence", own), Contender("msgspec", other)]
        return Case(name, "events", contenders, [Goal(most=_MOST, over="msgspec")], MICROSECONDS)

    def run(call: Callable[[In], Out], given: Sequence[In], expected: Sequence[Out]) -> Callable[[], Sample]:
        return partial(timed, call, given, expected, rounds)

    yield case("encode", run(encode, events, payloads), run(bare_encode, events, bare))
    yield case(
        "encode and check",
        run(encode_and_check, events, events),
        run(lambda event: bare_decode(bare_encode(event)), events, events),
    )
    yield case("decode", run(decode, payloads, events), run(bare_decode, bare, events))


def timed(call: Callable[[In], Out], given: Sequence[In], expected: Sequence[Out], rounds: int) -> Sample:
    """Call it with everything that is given, so many times. Answers are kept and compared outside the timed part.

    Raises:
        WrongAnswer: one isn't what was expected.
    """
    seconds = 0.0
    for _ in range(rounds):
        began = perf_counter()
        answers = [call(each) for each in given]
        seconds += perf_counter() - began
        check_same("number of answers", len(answers), len(expected))
        for answer, wanted in zip(answers, expected, strict=True):
            if answer != wanted:
                check_same("an answer", answer, wanted)
    return Sample(rounds * len(given), seconds)
