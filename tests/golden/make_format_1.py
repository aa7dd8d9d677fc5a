"""Writes `format-1/`, the parts of a log of format 1 one by one: `python -m tests.golden.make_format_1`.

Run once, when the format was released. The files stay for ever: what `test_format.py` reads is what users' disks hold.
The first two events are the worked example of `docs/format.md`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import attrs

from remanence.codecs.commits import Commit, Declarations, pack_commit
from remanence.codecs.compression import PLAIN, Dictionaries, deflate, dictionary_digest
from remanence.codecs.converter import make_converter
from remanence.codecs.digests import chain_link, genesis_link
from remanence.codecs.frames import SALT_BYTES, leaf, pack_frame, pack_header, stub
from remanence.codecs.payloads import PayloadCodec, content_digest

FOLDER: Final = Path(__file__).with_name("format-1")
LOG_ID: Final = bytes(range(16))
START_NS: Final = 1_780_000_000_000_000_000
DICTIONARY: Final = b"amount_cents currency EUR order:7 customer:ada"


@attrs.frozen
class Placed:
    """An order."""

    article: str
    count: int


@attrs.frozen
class Paid:
    """Its payment."""

    amount_cents: int
    currency: str


@attrs.frozen
class Inspected:
    """An event with every kind of value that msgpack has."""

    anything: dict[str, Any]
    at: datetime
    blob: bytes
    exact: int
    ratio: float


@attrs.frozen
class Example:
    """One event, and everything that its frame is made of.

    Attributes:
        event: the event.
        type_id: number of its type.
        type_name: name of its type.
        version: schema version.
        is_packed: whether it is compressed with the dictionary.
        tags, by, cause, key: the envelope.
    """

    event: Any
    type_id: int
    type_name: str
    version: int = 1
    is_packed: bool = False
    tags: tuple[str, ...] = ()
    by: str | None = None
    cause: int | None = None
    key: tuple[str, int] | None = None

    @property
    def codec(self) -> PayloadCodec[Any]:
        """The codec of its class."""
        cls: type[Any] = self.event.__class__
        return PayloadCodec(cls, make_converter())

    @property
    def payload(self) -> bytes:
        """What it says, as msgpack."""
        payload = self.codec.encode(self.event, self.tags, self.by, self.cause, self.key)
        self.codec.checked(payload)
        return payload


ANYTHING: Final[dict[str, Any]] = {
    "bytes": b"\0\xff" * 20,
    "false": False,
    "float": -0.1,
    "integers": [-(2**63), -129, -33, -32, -1, 0, 127, 128, 2**16, 2**32, 2**63, 2**64 - 1],
    "long list": list(range(20)),
    "map": {"é": {}, "🦐": []},
    "none": None,
    "text": "ten letters " * 30,
    "time": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}
EXAMPLES: Final[tuple[Example, ...]] = (
    Example(Placed("pen", 2), 1, "order.placed", tags=("order:7",), by="ada", key=("order-7", 2)),
    Example(Paid(250, "EUR"), 2, "order.paid", is_packed=True, tags=("order:7", "customer:ada"), cause=1),
    Example(
        Inspected(ANYTHING, datetime(9999, 12, 31, tzinfo=UTC), b"", -1, 1e300), 0xFFFF, "a.b", 0xFFFF, key=("", 1)
    ),
)
COMMITS: Final = ((1, 2), (3, 1))
"""First position and number of events of each commit."""


def salt_of(position: int) -> bytes:
    """The twelve bytes that begin with sixteen times the position: 10 11 … 1b for the first event."""
    return bytes(range(16 * position, 16 * position + SALT_BYTES))


def time_of(position: int) -> int:
    """A microsecond after the event before."""
    return START_NS + 1000 * (position - 1)


def as_json(value: Any) -> Any:
    """A decoded value as JSON; what JSON doesn't know is a map of one entry that says what it is."""
    match value:
        case bytes():
            return {"$bytes": value.hex()}
        case datetime():
            return {"$time": value.isoformat()}
        case dict():
            return {key: as_json(part) for key, part in cast("dict[str, Any]", value).items()}
        case list():
            return [as_json(part) for part in cast("list[Any]", value)]
        case _:
            return value


def make_frame(position: int, example: Example, dictionaries: Dictionaries) -> bytes:
    """The frame of an example at a position."""
    dictionary_id, packed = dictionaries.pack(example.payload) if example.is_packed else (PLAIN, example.payload)
    header = pack_header(example.type_id, example.version, dictionary_id, time_of(position))
    return pack_frame(position, header, salt_of(position) + packed)


def make_commits(frames: Sequence[bytes]) -> list[Commit]:
    """The commits that seal the frames."""
    link = genesis_link(LOG_ID)
    dictionaries: tuple[tuple[int, bytes], ...] = ((1, dictionary_digest(DICTIONARY)),)
    commits: list[Commit] = []
    for first, count in COMMITS:
        part = slice(first - 1, first - 1 + count)
        types = tuple((each.type_id, each.type_name) for each in EXAMPLES[part])
        declarations = Declarations(types, dictionaries)
        link = chain_link(link, first, count, map(leaf, frames[part]), declarations.pack())
        commits.append(Commit(first, count, link, declarations))
        dictionaries = ()
    return commits


def files() -> Mapping[str, bytes]:
    """The parts of the log, by the name of their file."""
    dictionaries = Dictionaries()
    dictionaries.add(1, DICTIONARY)
    frames = [make_frame(position, example, dictionaries) for position, example in enumerate(EXAMPLES, 1)]
    return {
        **{f"frame-{position}": frame for position, frame in enumerate(frames, 1)},
        **{f"stub-{position}": stub(frame, position) for position, frame in enumerate(frames, 1)},
        **{f"commit-{commit.first}": pack_commit(commit) for commit in make_commits(frames)},
        "dictionary-1": deflate(DICTIONARY),
    }


def expected(parts: Mapping[str, bytes]) -> dict[str, Any]:
    """What must be read from the parts."""
    frames = [parts[f"frame-{position}"] for position in range(1, len(EXAMPLES) + 1)]
    commits = make_commits(frames)
    return {
        "log": LOG_ID.hex(),
        "genesis": genesis_link(LOG_ID).hex(),
        "dictionary": DICTIONARY.decode(),
        "frames": [
            {
                "header": [1, 0, each.type_id, each.version, int(each.is_packed), time_of(position)],
                "salt": salt_of(position).hex(),
                "payload": each.payload.hex(),
                "leaf": leaf(frame).hex(),
                "content": content_digest(each.type_name, each.version, each.payload).hex(),
                "tags": list(each.tags),
                "by": each.by,
                "cause": each.cause,
                "key": None if each.key is None else list(each.key),
                "data": as_json(attrs.asdict(each.event)),
            }
            for position, (each, frame) in enumerate(zip(EXAMPLES, frames, strict=True), 1)
        ],
        "commits": [
            {
                "first": commit.first,
                "count": commit.count,
                "link": commit.link.hex(),
                "types": [list(pair) for pair in commit.declarations.types],
                "dictionaries": [[number, digest.hex()] for number, digest in commit.declarations.dictionaries],
            }
            for commit in commits
        ],
    }


def main() -> None:
    """Write each part as hexadecimal text, 32 bytes a line, and beside them what must be read."""
    FOLDER.mkdir(exist_ok=True)
    parts = files()
    for name, data in parts.items():
        lines = [data[start : start + 32].hex(" ") for start in range(0, len(data), 32)]
        (FOLDER / f"{name}.hex").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = json.dumps(expected(parts), indent=1, ensure_ascii=False)
    (FOLDER / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
