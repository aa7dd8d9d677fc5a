"""Again: importing twice adds nothing, whatever happened in between; what was interrupted is completed."""

import io
from contextlib import aclosing
from pathlib import Path

import pytest
import trio

import remanence
from remanence import InvalidInput, Reaction, Recorded, StorageFailed, export_events, import_events, on
from remanence.cloudevents import importing
from remanence.cloudevents.attributes import read_time
from remanence.codecs.frames import stub
from remanence.core.fork import fork
from remanence.core.lmdb_store import LmdbStore
from remanence.core.stores import Sealed

from .scene import (
    BEGUN_NS,
    STEP_NS,
    Kept,
    Lent,
    Seen,
    bring,
    exported,
    fill,
    foreign,
    library,
    lines_of,
    take,
    ticking,
    told,
)


@pytest.fixture
async def lines(tmp_path: Path) -> bytes:
    """An export of everything."""
    async with library(tmp_path / "source") as engine:
        await fill(engine)
        return await exported(engine)


async def test_importing_twice_adds_nothing(tmp_path: Path, lines: bytes) -> None:
    """The second time every event is known, by its key, its content, or its source and id."""
    async with library(tmp_path / "b") as engine:
        first = await take(engine, lines)
        second = await take(engine, lines)
        assert (first.new, first.known, second.new, second.known) == (11, 0, 0, 11)
        assert (second.first, second.last, engine.head) == (1, 11, 11)


async def test_a_log_knows_its_own_events(tmp_path: Path, lines: bytes) -> None:
    """What comes back to the log that it came from, by whatever way, is there already."""
    async with library(tmp_path / "source") as source, library(tmp_path / "b") as other:
        assert (await take(source, lines)).known == 11
        await bring(source, other)
        assert (await bring(other, source)).new == 0
        await other.append(Kept("Persuasion"), cause=9)
        report = await bring(other, source)
        assert (report.new, report.known, source.head) == (1, 11, 12)
        assert source.read()[-1].cause == 9
        assert (await bring(source, other)).new == 0


async def test_other_appends_in_between_change_nothing(tmp_path: Path, lines: bytes) -> None:
    """Events that this log has of its own stay what they are, before, between and after those that are imported."""
    rows = lines.splitlines(keepends=True)
    async with library(tmp_path / "b") as engine:
        await engine.append(Kept("mine"))
        await take(engine, b"".join(rows[:3]), partial=True)
        await engine.append(Lent("mine", "me"), cause=1, key="mine")
        report = await take(engine, lines)
        assert (report.new, report.known, engine.head) == (8, 3, 13)
        await engine.append(Seen("mine"))
        assert (await take(engine, lines)).new == 0
        causes = {event.position: event.cause for event in engine.read() if event.cause}
        assert causes == {4: 2, 5: 1, 6: 4, 7: 4, 8: 4, 12: 9, 13: 12}


async def test_an_append_while_it_is_under_way_is_no_event_of_the_file(tmp_path: Path) -> None:
    """A log restored from an old backup gets its later events back, though others take their positions meanwhile."""
    async with library(tmp_path / "a") as engine:
        await engine.append(Kept("one"))
        await engine.backup(tmp_path / "saved")
        await engine.append(Kept("two"))
        await engine.append(Kept("three"), cause=2)
        lines = await exported(engine)
    (tmp_path / "b").mkdir()
    (tmp_path / "saved").rename(tmp_path / "b" / "log")
    async with library(tmp_path / "b") as engine:
        await engine.append(Seen("meanwhile"))
        with pytest.raises(InvalidInput, match="line 2: event 2 of this log has the same source and id"):
            await take(engine, lines)
    async with library(tmp_path / "c") as engine:
        await take(engine, lines)
        assert [event.data.title for event in engine.read()] == ["one", "two", "three"]


async def test_a_restored_log_gets_its_later_events_back(tmp_path: Path) -> None:
    """What was exported after the backup was made goes in at its old positions, and once."""
    async with library(tmp_path / "a") as engine:
        await engine.append(Kept("one"))
        await engine.backup(tmp_path / "saved")
        await engine.append(Kept("two"))
        await engine.append(Kept("three"), cause=2)
        lines, whole = await exported(engine), told(engine)
    (tmp_path / "b").mkdir()
    (tmp_path / "saved").rename(tmp_path / "b" / "log")
    async with library(tmp_path / "b") as engine:
        assert (await take(engine, lines)).new == 2
        assert (await take(engine, lines)).new == 0
        assert told(engine) == whole


async def test_a_fork_knows_what_it_shares(tmp_path: Path, lines: bytes) -> None:
    """Events from before the fork are known; later ones of the other branch come in."""
    async with library(tmp_path / "source") as source:
        await trio.to_thread.run_sync(fork, source.log, 3, tmp_path / "f")
    async with library(tmp_path / "f") as branch:
        report = await take(branch, lines)
        assert (report.new, report.known, branch.head) == (8, 3, 11)
        assert branch.read()[3].cause == 3


async def test_parts_name_causes_in_earlier_parts(tmp_path: Path) -> None:
    """An export of what came later finds the causes that were imported before; a cause that isn't here is told."""
    async with library(tmp_path / "a") as source, library(tmp_path / "b") as target, library(tmp_path / "c") as lone:
        await source.append(Kept("one"))
        first = await exported(source)
        await source.append(Lent("one", "Ada"), cause=1)
        later = await exported(source, after=1)
        await target.append(Kept("mine"))
        await take(target, first)
        assert (await take(target, later)).uncaused == 0
        assert target.read()[-1].cause == 2
        assert (await take(lone, later)).uncaused == 1
        assert lone.read()[-1].cause is None


async def test_a_part_takes_an_append_whole(tmp_path: Path) -> None:
    """Whatever is asked for, an append with a key is exported whole, so that it is known again in other parts."""
    async with library(tmp_path / "a") as source, library(tmp_path / "b") as target:
        await fill(source)
        assert [line["id"] for line in lines_of(await exported(source, after=4, until=4))][:-1] == []
        middle = await exported(source, after=4, until=5)
        assert [line["id"] for line in lines_of(middle)][:-1] == ["4", "5", "6"]
        by_type = await exported(source, types=[Lent])
        assert [line["id"] for line in lines_of(by_type)][:-1] == ["3", "4", "5", "6", "11"]
        by_tag = await exported(source, tags=["book:Emma"])
        assert [line["id"] for line in lines_of(by_tag)][:-1] == ["1"]
        for part in (middle, by_type, by_tag, await exported(source), by_tag):
            await take(target, part)
        assert target.head == 11


async def test_what_contradicts_what_is_here_is_refused(tmp_path: Path, lines: bytes) -> None:
    """A key, or a source and id, that stands for something else here is named, and nothing goes in."""
    async with library(tmp_path / "b") as engine:
        await engine.append(Kept("other"), key="loan, 1 %")
        with pytest.raises(InvalidInput, match="line 3: event 1 of this log has its key, 'loan, 1 %', and says"):
            await take(engine, lines)
        assert engine.head == 1
    async with library(tmp_path / "c") as engine:
        await take(engine, foreign({}))
        with pytest.raises(InvalidInput, match="line 2: event 1 of this log has the same source and id and says"):
            await take(engine, foreign({"id": "new"}, {"id": "e1", "data": {"title": "Emma", "to": "Zoe"}}))
        with pytest.raises(InvalidInput, match="line 2: it is known by the same as line 1, and says something else"):
            await take(engine, foreign({"id": "x"}, {"id": "x", "data": {"title": "Emma", "to": "Zoe"}}))
        assert (await take(engine, foreign({"id": "x"}, {"id": "x"}))).known == 1


@pytest.mark.parametrize(("batch", "commits"), [(1, 4), (2, 4), (5, 2)])
async def test_an_import_that_died_is_completed(
    tmp_path: Path, lines: bytes, batch: int, commits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever commit the disk refuses, what came before stays, and importing again leaves each event once."""
    monkeypatch.setattr(importing, "BATCH_EVENTS", batch)
    monkeypatch.setattr(importing, "BATCH_BYTES", 1 << 30)
    append = LmdbStore.append
    async with library(tmp_path / "source") as source:
        whole = told(source)
    for survived in range(commits):
        left = survived

        def failing(self: LmdbStore, sealed: Sealed) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                message = "the disk is full"
                raise StorageFailed(message)
            append(self, sealed)

        async with library(tmp_path / f"{batch}-{survived}") as engine:
            with monkeypatch.context() as patch:
                patch.setattr(LmdbStore, "append", failing)
                with pytest.raises(StorageFailed):
                    await take(engine, lines)
            head = engine.head
            assert (head > 0) == (survived > 0)
        async with library(tmp_path / f"{batch}-{survived}") as engine:
            report = await take(engine, lines)
            assert (report.known, report.new) == (head, 11 - head)
            assert told(engine) == whole


async def test_a_cancelled_import_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving in the middle leaves whole appends behind; the next import adds the rest."""
    monkeypatch.setattr(importing, "BATCH_EVENTS", 8)
    data = foreign(*({"data": {"title": "Emma", "to": str(number)}} for number in range(100)))
    async with library(tmp_path) as engine:
        with trio.CancelScope() as scope:

            def progress(what: str, done: int, _total: int) -> None:
                if what == "events" and done > 20:
                    scope.cancel()

            await import_events(engine, io.BytesIO(data), progress=progress)
        assert scope.cancelled_caught
        await engine.flush()
        head = engine.head
        assert 20 < head < 100
        report = await take(engine, data)
        assert (report.known, report.new, engine.head) == (head, 100 - head, 100)
        assert [event.data.to for event in engine.read()] == [str(number) for number in range(100)]


async def test_what_was_erased_stays_out(tmp_path: Path, lines: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """An erased event is not exported, and an older export doesn't bring it back into its log."""
    read = LmdbStore.read

    def erased(self: LmdbStore, first: int, last: int) -> list[bytes]:
        """The second event, and the middle of the append of three, are stubs."""
        frames = read(self, first, last)
        return [stub(frame, place) if place in {2, 5} else frame for place, frame in enumerate(frames, first)]

    monkeypatch.setattr(LmdbStore, "read", erased)
    async with library(tmp_path / "source") as engine:
        file = io.BytesIO()
        report = await export_events(engine, file)
        *events, closing = lines_of(file.getvalue())
        assert (report.events, report.erased, closing["data"]["erased"]) == (9, 2, 2)
        assert [line["id"] for line in events] == ["1", "3", "4", "6", "7", "8", "9", "10", "11"]
        assert [line.get("key") for line in events[2:4]] == [None, None]
        assert (await take(engine, lines)).new == 0
        assert engine.head == 11
    monkeypatch.undo()
    async with library(tmp_path / "b") as engine:
        assert (await take(engine, file.getvalue())).new == 9


async def test_what_a_log_notes_of_itself_stays_there(tmp_path: Path) -> None:
    """Marks of reactions and skips of views speak of their own log's positions: they are left out, and counted."""

    class Quiet(Reaction):
        """Does nothing, but is marked."""

        @on(Kept)
        async def kept(self, event: Recorded[Kept]) -> None:
            """Nothing."""

    async with library(tmp_path / "a", reactions=[Quiet()]) as source:
        await source.append(Kept("one"))
        events = source.events()
        async with aclosing(events):
            async for event in events:
                if event.type == "reaction.marked" and event.position > 1:
                    break
        file = io.BytesIO()
        report = await export_events(source, file)
    assert report.housekeeping >= 1
    assert [line["type"] for line in lines_of(file.getvalue())[:-1]] == ["book.kept"]


async def test_a_log_with_newer_events_moves_times_and_says_so(tmp_path: Path, lines: bytes) -> None:
    """Times never run backward: imported events take the time of the newest event, and the report counts them."""
    later = ticking(BEGUN_NS + 5 * STEP_NS)
    async with library(tmp_path / "b", clock=later) as engine:
        await engine.append(Kept("mine"))
        report = await take(engine, lines)
        times = [event.time_ns for event in engine.read()]
        assert times == sorted(times)
        own = [read_time(line["time"]) for line in lines_of(lines)[:-1]]
        assert report.moved == sum(time < times[0] for time in own) > 0
        assert times[1:] == [max(time, times[0]) for time in own]


async def test_two_memories_of_one_text_live_beside_each_other(tmp_path: Path) -> None:
    """Somebody else's memory of the same words is a memory of its own, as it was where it came from."""
    async with remanence.open(tmp_path / "a") as ada, remanence.open(tmp_path / "b") as bob:
        mine = await ada.remember("Tea is good.", scope="x")
        his = await bob.remember("Tea is good.", scope="x")
        await bring(bob.engine, ada.engine)
        assert {row.id for row in ada.find(scope="x")} == {mine, his}
        again = await ada.remember("Tea is good.", scope="x")
        assert again in {mine, his}
        assert len(ada.find(scope="x")) == 2
        await bring(ada.engine, bob.engine)
        assert {row.id for row in bob.find(scope="x")} == {mine, his}


async def test_a_part_that_lacks_a_beginning_breaks_no_view(tmp_path: Path) -> None:
    """What happened to a memory that isn't here is in the log, and the view of memories goes on."""
    async with remanence.open(tmp_path / "a") as here, remanence.open(tmp_path / "b") as there:
        tea = await here.remember("Tea.")
        await here.revise(tea, "Tea!")
        await here.reinforce(tea)
        await here.forget(tea)
        await take(there.engine, await exported(here.engine, after=1))
        assert there.engine.head == 3
        await there.remember("Coffee.")
        assert [row.text for row in there.find()] == ["Coffee."]
        assert all(found.is_sound for found in await there.audit())
