"""Round trips: what is exported and imported is the same events, in the same order, with equal views."""

import io
import json
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence import Memories, event, export_events, open_engine, upcaster
from remanence.cloudevents.attributes import read_time, write_time
from remanence.cloudevents.model import Line
from remanence.cloudevents.reading import read_line
from remanence.cloudevents.writing import write_line
from remanence.codecs.native import encode_value
from remanence.core.lmdb_store import LmdbStore
from remanence.core.verify import verify
from remanence.memory.imports import import_transcript
from remanence.transcripts import Format
from tests.effort import short

from .scene import Kept, Lent, Seen, Shelf, bring, exported, fill, library, lines_of, take, told

SHARED: Final = Path(__file__).resolve().parents[3] / "shared" / "data" / "locomo-dev.json"
SAMPLE: Final = Path(remanence.__file__).with_name("data") / "conversation.jsonl"

characters: Final = st.characters(exclude_categories=["Cs"])
leaves: Final = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(characters, max_size=8)
    | st.binary(max_size=8)
    | st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))]))
)
names: Final = st.text(characters, max_size=4) | st.sampled_from(["a/b", "~1", "", "0"])
values: Final = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
tags: Final = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), max_size=3
)
words: Final = st.none() | st.text(characters, min_size=1, max_size=6)


times: Final = st.integers(0, 2**64 - 1)
lines: Final = st.builds(
    Line,
    number=st.just(1),
    source=st.text(characters, min_size=1),
    id=st.text(characters, min_size=1),
    type=st.text(characters, min_size=1),
    data=st.dictionaries(names, values, max_size=3).map(encode_value),
    version=st.none() | st.integers(1, 65_535),
    time_ns=st.none() | times,
    tags=tags.map(tuple),
    by=words,
    cause=words,
    key=words,
    key_events=st.integers(1, 100),
)


@given(line=lines)
def test_a_line_says_all_there_is_to_say(line: Line) -> None:
    """Reading what was written gives the same, byte for byte of its data, and the digest agrees."""
    sealed = attrs.evolve(line, digest=line.sum())
    written = write_line(sealed)
    assert written.count(b"\n") == 1
    assert read_line(written.rstrip(b"\n"), 1) == sealed


@given(line=lines, indent=st.integers(0, 3))
def test_the_layout_of_a_line_means_nothing(line: Line, indent: int) -> None:
    """Other programs may order and space the same JSON in their own way."""
    written = json.loads(write_line(attrs.evolve(line, digest=line.sum())))
    laid_out = json.dumps(dict(reversed(written.items())), ensure_ascii=indent > 1, indent=indent)
    assert read_line(laid_out.encode(), 1) == attrs.evolve(line, digest=line.sum())


@given(time_ns=times)
def test_a_time_keeps_its_nanoseconds(time_ns: int) -> None:
    """RFC 3339 with nine digits, there and back."""
    assert read_time(write_time(time_ns)) == time_ns


@attrs.frozen
class Step:
    """An append."""

    titles: list[str]
    known: Any
    tags: list[str]
    by: str | None
    key: str | None
    cause: bool


steps: Final = st.builds(
    Step, st.lists(st.text(characters, max_size=3), min_size=1, max_size=3), values, tags, words, words, st.booleans()
)


@short(6)
@given(todo=st.lists(steps, min_size=1, max_size=4))
def test_whatever_an_event_may_hold_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, todo: list[Step]
) -> None:
    """Tags, by, cause, key, time, version and the bytes of every event's data are those of the log it comes from."""
    path = tmp_path_factory.mktemp("logs")

    async def body() -> None:
        async with library(path / "a") as source, library(path / "b") as target:
            for number, step in enumerate(todo):
                events = [Kept(title, step.known) for title in step.titles]
                key = None if step.key is None else f"{number} {step.key}"
                cause = source.head if step.cause and source.head else None
                await source.append(*events, tags=step.tags, by=step.by, key=key, cause=cause)
            await bring(source, target)
            assert told(target) == told(source)
            assert target.digest(Shelf) == source.digest(Shelf)

    trio.run(body)


async def test_a_log_with_everything_in_it_comes_back_equal(tmp_path: Path) -> None:
    """Keys of several events, causes, own content and escapes are what they were, and so is the view."""
    async with library(tmp_path / "a") as source, library(tmp_path / "b") as target:
        await fill(source)
        report = await bring(source, target)
        assert (report.new, report.known, report.uncaused, report.moved) == (11, 0, 0, 0)
        assert (report.first, report.last, dict(report.ignored)) == (1, 11, {})
        assert told(target) == told(source)
        assert target.digest(Shelf) == source.digest(Shelf)
        again = await target.append(Lent("Ulysses", "Bob"), Lent("Emma", "Cy"), Kept("Dune"), key="three")
        assert (again.is_duplicate, list(again.positions)) == (True, [4, 5, 6])
        assert (await target.append(Seen("Emma"))).is_duplicate


async def test_what_comes_back_is_a_log_that_verifies(tmp_path: Path) -> None:
    """The other log is whole by all that `verify` knows, and an audit finds its view as its events make it."""
    async with library(tmp_path / "a") as source, library(tmp_path / "b") as target:
        await fill(source)
        await bring(source, target)
        assert all(found.is_sound for found in await target.audit())
    with closing(LmdbStore(tmp_path / "b" / "log", read_only=True)) as store:
        report = verify(store)
        assert (report.problem, report.events) == (None, 11)


async def test_lines_are_what_cloudevents_says(tmp_path: Path) -> None:
    """Required attributes are there, names are lower-case and short, data is readable where JSON can say it."""
    async with library(tmp_path) as engine:
        await fill(engine)
        await engine.append(Kept("Emma", datetime(2026, 3, 2, 9, 14, 5, 1, tzinfo=UTC)))
        *events, closing = lines_of(await exported(engine))
    for line in [*events, closing]:
        assert {"specversion", "id", "source", "type", "time", "digest"} <= line.keys()
        assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in line.keys() - {"data_base64"})
        assert not any(isinstance(part, dict | list) for name, part in line.items() if name != "data")
        assert ("data" in line) != ("data_base64" in line)
    assert [line["id"] for line in events] == [str(number) for number in range(1, 13)]
    assert events[0]["tags"] == "book:Emma,shelf:a%2Cb,50%25,new%0Aline,%EF%BF%BE"
    assert events[0]["time"] == "2026-03-02T09:14:05.000000001Z"
    assert (events[1]["datacontenttype"], events[1]["by"]) == ("application/msgpack", "a%09b")
    assert (events[2]["key"], events[2]["cause"]) == ("loan, 1 %25", "1")
    assert [line.get("keyevents") for line in events[3:6]] == [3, None, None]
    assert events[6]["dedup"] == "content"
    assert events[11]["data"] == {"title": "Emma", "known": "2026-03-02T09:14:05.000001Z"}
    assert events[11]["datetimes"] == "/known"
    assert (closing["type"], closing["data"]["events"]) == ("remanence.log.exported", 12)


async def test_a_program_that_knows_no_type_passes_everything_on(tmp_path: Path) -> None:
    """Events of unknown types are taken over as they are stored; who knows them reads them then, and sees them."""
    async with library(tmp_path / "a") as source, open_engine(tmp_path / "b") as stranger:
        await fill(source)
        await bring(source, stranger)
        assert [event.is_known for event in stranger.read()] == [False] * 11
        assert told(stranger) == told(source)
        digest = source.digest(Shelf)
        lines = await exported(stranger)
    async with library(tmp_path / "b") as engine:
        assert engine.digest(Shelf) == digest
        assert engine.read()[0].data == Kept("Emma")
    async with library(tmp_path / "c") as third:
        await take(third, lines)
        assert third.digest(Shelf) == digest


@event("book.lent", version=2)
@attrs.frozen
class LentSince:
    """The next version of what went out."""

    title: str
    to: str
    days: int


@upcaster("book.lent", version=1)
def with_days(data: dict[str, Any]) -> dict[str, Any]:
    """As long as was usual."""
    return data | {"days": 14}


async def test_earlier_versions_stay_as_they_are_stored(tmp_path: Path) -> None:
    """A newer program imports version 1 as version 1, and reads it through its upcaster."""
    newer = {"events": [Kept, LentSince, Seen], "projections": [], "upcasters": [with_days]}
    async with library(tmp_path / "a") as source, library(tmp_path / "b", **newer) as target:
        await fill(source)
        await bring(source, target)
        assert told(target) == told(source)
        [lent, *_] = target.read(types=["book.lent"])
        assert (lent.version, lent.data) == (1, LentSince("Emma", "Ada", 14))
        await target.append(LentSince("Emma", "Bob", 7))
        onward = await exported(target)
        [*_, last] = target.read()
        assert last.version == 2
    async with library(tmp_path / "c") as older:
        with pytest.raises(
            remanence.InvalidInput, match=r"line 12: its book.lent version 2 is newer than this program"
        ):
            await take(older, onward)
        assert older.head == 0


async def test_the_past_and_readers_export_too(tmp_path: Path) -> None:
    """An engine that stands in the past, or only reads, writes what it sees."""
    async with library(tmp_path) as engine:
        await fill(engine)
        async with engine.as_of(3) as past:
            assert [line["id"] for line in lines_of(await exported(past))[:-1]] == ["1", "2", "3"]
    async with library(tmp_path, read_only=True) as reader:
        file = io.BytesIO()
        report = await export_events(reader, file)
        assert (report.events, report.first, report.last, report.size_bytes) == (11, 1, 11, len(file.getvalue()))


async def test_a_conversation_moves_house(tmp_path: Path) -> None:
    """A transcript that was imported is the same memories elsewhere; importing it there adds nothing."""
    conversation = SAMPLE.read_bytes()
    async with remanence.open(tmp_path / "a", by="juno") as here, remanence.open(tmp_path / "b") as there:
        await import_transcript(here, conversation, name="c", scope="ada")
        await bring(here.engine, there.engine)
        assert there.engine.digest(Memories) == here.engine.digest(Memories)
        assert (await import_transcript(there, conversation, name="c", scope="ada")).new == 0
        assert {turn.cause for turn in there.engine.read(after=1)} == {1}


@pytest.mark.skipif(not SHARED.exists(), reason="the data set is not part of the repository")
async def test_real_conversations_move_house(tmp_path: Path) -> None:
    """The development half of LoCoMo comes back event for event, with an equal view of memories."""
    async with remanence.open(tmp_path / "a") as here, remanence.open(tmp_path / "b") as there:
        await import_transcript(here, SHARED.read_bytes(), name="locomo", format=Format.LOCOMO)
        report = await bring(here.engine, there.engine)
        assert report.new == here.engine.head > 1000
        assert told(there.engine) == told(here.engine)
        assert there.engine.digest(Memories) == here.engine.digest(Memories)
