"""Plain: JSON that says what is there, leaves out what isn't, and is what sizes are measured by."""

import json
from pathlib import Path
from typing import Any

import attrs

import remanence
from remanence.cli.cards import summary
from remanence.codecs.compression import Dictionaries
from remanence.codecs.frames import ERASED
from remanence.core.events import Registry
from remanence.core.recorded import Reader, Recorded
from remanence.memory.plain import encode, plain_event, plain_memory
from remanence.memory.sizes import Sizes, measure


@remanence.event("robot.scanned", dedup=True)
@attrs.frozen
class RobotScanned:
    """An event with bytes in it, recorded once for each content."""

    image: bytes


async def test_an_event_is_told_with_what_it_has(tmp_path: Path) -> None:
    """Bytes are base 64; a key that only stands for the event's own content is none."""
    async with remanence.open(tmp_path, events=[RobotScanned]) as memory:
        await memory.engine.append(RobotScanned(b"\xff\x00"), tags=["robot:1"])
        [event] = memory.engine.read()
        told = json.loads(encode(plain_event(event)))
        assert told.pop("time").endswith("Z")
        assert told == {
            "position": 1,
            "type": "robot.scanned",
            "version": 1,
            "tags": ["robot:1"],
            "data": {"image": "/wA="},
        }


async def test_an_erased_event_is_told_as_such() -> None:
    """Its place and type are all that is left to tell, and nothing is decoded for it."""
    reader = Reader(Dictionaries(), Registry())
    event: Recorded[Any] = Recorded(7, "memory.remembered", 1, 0, b"", 0, ERASED, reader)
    assert json.loads(encode(plain_event(event))) == {
        "position": 7,
        "time": "1970-01-01T00:00:00Z",
        "type": "memory.remembered",
        "version": 1,
        "erased": True,
    }
    assert summary(event).plain == "erased"


async def test_a_memory_that_is_no_turn_has_no_session(tmp_path: Path) -> None:
    """What it doesn't have is left out, not null."""
    async with remanence.open(tmp_path) as memory:
        fact = plain_memory(memory.get(await memory.remember("a fact")))
        turn = plain_memory(memory.get(await memory.remember("a turn", session="s", speaker="Ada")))
        assert set(turn) - set(fact) == {"session", "place", "speaker"}
        assert None not in (*fact.values(), *turn.values())


async def test_sizes_are_those_of_the_lines_and_of_the_file(tmp_path: Path) -> None:
    """JSON counts a newline for each event; progress ends at the last event."""
    told: list[tuple[str, int, int]] = []
    async with remanence.open(tmp_path) as memory:
        assert measure(memory.engine.log).json_bytes == 0
        await memory.remember_many(["one", "two"])
        events = memory.engine.read()
        sizes = measure(memory.engine.log, lambda what, done, total: told.append((what, done, total)))
        lines = "".join(f"{encode(plain_event(event)).decode()}\n" for event in events)
        assert sizes.json_bytes == len(lines.encode())
        assert sizes.frame_bytes == sum(len(event.frame) for event in events)
        assert sizes.log_bytes == (tmp_path / "log" / "data.mdb").stat().st_size
        assert told == [("sizes", 2, 2)]


def test_shares_of_nothing_are_nothing() -> None:
    """An empty log takes room, but no share of its events."""
    assert Sizes(0, 0, 0, 65_536).log_share == Sizes(0, 0, 0, 65_536).frame_share == 0
    assert Sizes(1, 100, 40, 200).frame_share == 0.4
    assert Sizes(1, 100, 40, 200).log_share == 2
