"""Pains of appending: events vanish, nobody can repeat an append, logs grow without end, the loop stands still."""

from __future__ import annotations

import signal
import threading
from contextlib import aclosing
from pathlib import Path

import pytest
import trio

import remanence
from remanence import Condition, Conflict, KeyReused, RemanenceError, Request
from remanence.core.stores import Sealed

from .shop import DEADLY, Sales, Seen, Sold, counts, run, shop


async def test_pain_01_a_gap_in_the_sequence_hides_events_for_ever(tmp_path: Path) -> None:
    """Marten #1629, #2189, #2681, #4952, Protean: a rolled-back or late transaction left a gap, and readers jumped it.

    Refused appends use up no position, and whoever follows sees every event once, in order, while many write.
    """
    seen: list[int] = []
    async with shop(tmp_path) as engine, trio.open_nursery() as nursery:
        total = 60

        async def follow() -> None:
            async with aclosing(engine.events()) as events:
                async for event in events:
                    seen.append(event.position)
                    if len(seen) == total:
                        return

        async def sell(number: int) -> None:
            never = Condition(engine.query(types=[Sold]), after=0)
            for count in range(10):
                await engine.append(Sold(f"tea {number}", count + 1))
                with pytest.raises(Conflict):
                    await engine.append(Sold("refused"), condition=never)

        nursery.start_soon(follow)
        for number in range(6):
            nursery.start_soon(sell, number)
    assert seen == list(range(1, total + 1))
    async with shop(tmp_path) as engine:
        assert [event.position for event in engine.read()] == seen
        assert engine.checkpoint(Sales) == engine.head == total


async def test_pain_02_the_log_grows_faster_than_what_is_said(tmp_path: Path) -> None:
    """In opencode (#33356, #47223: 64 GB in 8 days) and overdeck (#3253) events held all that was before, uncounted.

    The hundredth event of a thing takes no more than the tenth; what is told twice is kept once; every type is counted.
    """
    async with shop(tmp_path) as engine:
        for number in range(100):
            await engine.append(Sold("tea", number % 7 + 1), by="till")
        frames = [len(event.frame) for event in engine.read()]
        assert max(frames[50:]) <= max(frames[:50])
        for _ in range(20):
            await engine.append(Seen("tea"))
        assert engine.statistics().types == {"item.sold": 100, "item.seen": 1}
    async with remanence.open(tmp_path / "memory") as memory:
        known = await memory.remember("The kettle sings at noon. " * 200)
        for number in range(50):
            await memory.revise(known, confidence=number / 100)
        revisions = [len(event.frame) for event in memory.history(known)[1:]]
        assert max(revisions) < 250  # bytes; the text it is about has 5,200


async def test_pain_07_nobody_knows_what_a_repeated_append_did(tmp_path: Path) -> None:
    """KurrentDB #2274, #1949, Streamstone #11 (events 1, 3, 7 written again as 2, 7, 14), factstore #16.

    The same key and content give the first positions; the same key with other content is refused, also in part.
    """
    async with shop(tmp_path) as engine:
        order = [Sold("tea", 1), Sold("tea", 3), Sold("tea", 7)]
        first = await engine.append(*order, key="order 1")
        again = await engine.append(*order, key="order 1")
        assert (list(again.positions), again.is_duplicate) == (list(first.positions), True)
        for other in (
            [Sold("tea", 2), Sold("tea", 7), Sold("tea", 14)],
            order[:2],
            [*order, Sold("tea", 9)],
            order[::-1],
        ):
            with pytest.raises(KeyReused) as error:
                await engine.append(*other, key="order 1")
            assert list(error.value.positions) == list(first.positions)
        assert engine.head == 3
        assert counts(engine) == {"tea": 11}


async def test_pain_07_an_append_whose_answer_never_came_is_repeated_safely(tmp_path: Path) -> None:
    """KurrentDB #1697, sliceworkz #166: the connection broke after the write, and the retry wrote it again.

    The process is killed between the commit and the answer; the next one appends with the same key: it is there once.
    """
    assert run("sell", tmp_path).returncode == -signal.SIGKILL
    async with shop(tmp_path) as engine:
        again = await engine.append(Sold("tea", 3), Sold(DEADLY), key="order 7")
        assert (list(again.positions), again.is_duplicate) == ([1, 2], True)
        assert counts(engine) == {"tea": 3, DEADLY: 1}


async def test_pain_07_one_bad_request_of_many_spoils_no_other(tmp_path: Path) -> None:
    """Nap #66: a batch failed as a whole, and what of it had been written was anybody's guess.

    Each request of many has an outcome of its own, in order; what failed left nothing.
    """
    async with shop(tmp_path) as engine:
        requests = [Request([Sold("tea")], key="a"), Request([Sold("rum")], key="a"), Request([Sold("rum")], key="b")]
        one, two, three = await engine.append_all(requests)
        assert isinstance(two, KeyReused)
        assert not isinstance(one, RemanenceError)
        assert not isinstance(three, RemanenceError)
        assert (one.position, three.position, engine.head) == (1, 2, 2)


async def test_pain_11_the_loop_stands_still_while_the_disk_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pyeventsourcing #233, event-sourcery #2 (whose user left for it): appending blocked the event loop.

    While a commit waits for the disk, other tasks run, read, and hand in appends that share the next commit.
    """
    async with shop(tmp_path) as engine, trio.open_nursery() as nursery:
        gate, append = threading.Event(), engine.log.store.append

        def slow(sealed: Sealed) -> None:
            gate.wait()
            append(sealed)

        monkeypatch.setattr(engine.log.store, "append", slow)
        for number in range(20):
            nursery.start_soon(engine.append, Sold(f"tea {number}"))
        for _ in range(50):
            await trio.lowlevel.checkpoint()
            assert engine.view(Sales).sales.count() == 0  # reading doesn't wait either
        gate.set()
        await engine.flush()
        statistics = engine.statistics()
        assert statistics.writer is not None
        assert statistics.writer.commits <= 3
        assert len(counts(engine)) == 20
