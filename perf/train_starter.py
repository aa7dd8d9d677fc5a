"""Trains the starter dictionary, `codecs/starter.dict`, from text we wrote: `python -m remanence.perf.train_starter`.

Every line of `perf/corpus.txt` becomes a memory's event as the engine would write it, so that the dictionary knows both
everyday English and the shape of our payloads. Ids and times are made up from a fixed seed: the same text always makes
the same dictionary. Changing it changes nothing for logs there are: each holds every dictionary it uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from remanence.reading.identity import turn_id, turn_key

from ..codecs.compression import Dictionaries
from ..codecs.converter import make_converter
from ..codecs.payloads import PayloadCodec
from ..codecs.training import train
from ..core.clock import ulid
from ..projections.memories.events import MemoryForgotten, MemoryReinforced, MemoryRemembered, MemoryRevised

__all__ = ["main", "payloads"]

CORPUS: Final = Path(__file__).with_name("corpus.txt")
STARTER: Final = Path(__file__).parents[1] / "codecs" / "starter.dict"
STARTER_BYTES: Final = 10 * 1024
"""What packs into one page of the log: it is to help with the first conversation, until that has one of its own."""
_KINDS: Final = ("fact", "preference", "event", "procedure", "reflection")
_SCOPES: Final = (("main",), ("ada",), ("team", "research"))
_SPEAKERS: Final = ("user", "assistant", "Maya", "Tomás", "Kofi")
_FIRST_DAY: Final = datetime(2025, 1, 1, 9, tzinfo=UTC)


def payloads(lines: list[str]) -> Iterator[bytes]:
    """The payloads that the lines would be written as, half of them turns of conversations."""
    random = Random(2026)  # noqa: S311 - made-up ids, no secrets
    converter = make_converter()
    codecs = {
        cls: PayloadCodec(cls, converter)
        for cls in (MemoryRemembered, MemoryReinforced, MemoryRevised, MemoryForgotten)
    }
    for index, line in enumerate(lines):
        scope = _SCOPES[index % len(_SCOPES)]
        session, place = f"session_{index // 40}", index % 40 + 1
        moment = _FIRST_DAY + timedelta(minutes=7 * index)
        memory_id = ulid(lambda moment=moment: int(moment.timestamp() * 1e9), random.randbytes)  # type: ignore[misc]
        if index % 2:
            told = MemoryRemembered(
                id=turn_id(scope, session, place),
                scope=scope,
                kind="turn",
                text=line,
                session=session,
                place=place,
                speaker=_SPEAKERS[index % len(_SPEAKERS)],
                metadata={"role": "user"} if index % 4 == 1 else {},
                said_at=moment,
            )
            key = (turn_key(told.id), 1)
            yield codecs[MemoryRemembered].encode(told, tuple(told.about()), None, 1, key)
        else:
            told = MemoryRemembered(memory_id, scope, _KINDS[index % len(_KINDS)], line, confidence=0.9)
            yield codecs[MemoryRemembered].encode(told, tuple(told.about()), "assistant", None, None)
        if index % 10 == 0:
            for event in (
                MemoryReinforced(memory_id, scope),
                MemoryRevised(memory_id, scope, "fact", text=line, reason="told so"),
                MemoryForgotten(memory_id, scope, "asked to"),
            ):
                yield codecs[type(event)].encode(event, tuple(event.about()), None, None, None)


def main() -> None:
    """Train, write, and print what it saves on lines that it was not trained with."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    held_out = lines[::10]
    trial = train(list(payloads([line for index, line in enumerate(lines) if index % 10])), STARTER_BYTES)
    dictionary = train(list(payloads(lines)), STARTER_BYTES)
    if trial is None or dictionary is None:
        message = f"{CORPUS} is too short to train from"
        raise SystemExit(message)
    packer = Dictionaries()
    packer.add(1, trial)
    raw = list(payloads(held_out))
    packed = sum(len(packer.pack(payload)[1]) for payload in raw)
    STARTER.write_bytes(dictionary)
    share = packed / sum(map(len, raw))
    print(f"{len(lines)} lines; payloads of {len(held_out)} held-out lines take {share:.1%} of their bytes")
    print(f"wrote {STARTER.name}, {len(dictionary)} bytes")


if __name__ == "__main__":
    main()
