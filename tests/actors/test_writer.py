"""The writer at work: group commit, order, and answers that hold."""

from __future__ import annotations

import pytest
import trio

from remanence.actors import writer as writers
from remanence.core.appends import Appended
from remanence.core.errors import Closed, Conflict, InvalidInput, KeyReused

from .scene import Noted, Seen, on_stage


async def test_what_arrives_during_a_commit_is_the_next_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """One commit at a time; a hundred callers that come meanwhile share the next one, in the order they came."""
    async with on_stage(monkeypatch) as scene:
        calls = [await scene.asked(Noted("0"))]
        assert len(scene.thread.jobs) == 1
        for number in range(1, 101):
            calls.append(scene.ask(scene.encode(Noted(str(number)))))
            await scene.settled()
        assert len(scene.thread.jobs) == 1
        await scene.commit()
        assert calls[0].positions == [1]
        assert all(call.is_waiting for call in calls[1:])
        await scene.commit()
        assert [call.positions for call in calls] == [[number] for number in range(1, 102)]
        assert scene.disk.commit_sizes == [1, 100]
        assert scene.texts() == [str(number) for number in range(101)]
        statistics = scene.writer.statistics()
        assert (statistics.commits, statistics.events, statistics.failures) == (2, 101, 0)


async def test_an_append_is_answered_when_views_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when it is staged and not when it is on the disk alone: what you wrote, you can read."""
    async with on_stage(monkeypatch) as scene:
        call = await scene.asked(Noted("a"), Noted("b"))
        assert call.is_waiting
        assert scene.log.head == scene.views.checkpoint == 0
        await scene.commit()
        assert call.positions == [1, 2]
        assert scene.log.head == scene.views.checkpoint == 2


async def test_a_listener_hears_of_a_commit_before_its_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever derives events from events learns of each commit once, in order."""
    heard: list[int] = []
    async with on_stage(monkeypatch) as scene:

        def listen(position: int) -> None:
            assert call.is_waiting
            heard.append(position)

        scene.writer.on_commit(listen)
        for texts in (("a", "b"), ("c",)):
            call = await scene.asked(*map(Noted, texts))
            await scene.commit()
        assert heard == [2, 3]


async def test_a_duplicate_waits_for_the_append_that_it_is_a_duplicate_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer never promises what a failing disk could still take back."""
    async with on_stage(monkeypatch) as scene:
        first = await scene.asked(Noted("a"), key="k")
        again = await scene.asked(Noted("a"), key="k")
        same = await scene.asked(Seen("fact"))
        assert again.is_waiting
        await scene.commit()
        assert first.positions == [1]
        same_again = await scene.asked(Seen("fact"))
        assert same_again.is_waiting
        await scene.commit()
        assert (again.positions, same.positions, same_again.positions) == ([1], [2], [2])
        assert scene.log.head == 2
        late = await scene.asked(Noted("a"), key="k")
        assert late.positions == [1]
        assert scene.writer.statistics().duplicates == 3


async def test_a_refusal_waits_for_what_it_is_refused_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A conflict with an append that is not durable yet is not told before that is."""
    async with on_stage(monkeypatch) as scene:
        first = scene.ask(scene.encode(Noted("mine", ("seat",)), unless="seat"))
        await scene.settled()
        second = scene.ask(scene.encode(Noted("mine!", ("seat",)), unless="seat"))
        reused = scene.ask(scene.encode(Noted("a"), key="k"))
        await scene.settled()
        misused = scene.ask(scene.encode(Noted("b"), key="k"))
        await scene.settled()
        assert second.is_waiting
        await scene.commit()
        assert first.positions == [1]
        assert second.is_waiting
        await scene.commit()
        assert isinstance(second.error, Conflict)
        assert second.error.position == 1
        assert reused.positions == [2]
        assert isinstance(misused.error, KeyReused)
        assert list(misused.error.positions) == [2]
        assert scene.texts() == ["mine", "a"]


async def test_of_many_that_want_one_place_one_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conditions see what is staged, in whatever commit it is."""
    async with on_stage(monkeypatch) as scene:
        calls = [scene.ask(scene.encode(Noted(str(number), ("seat",)), unless="seat")) for number in range(20)]
        await scene.settled()
        await scene.commit()
        while scene.thread.jobs:
            await scene.commit()
        assert sum(call.value is not None for call in calls) == 1
        assert sum(isinstance(call.error, Conflict) for call in calls) == 19
        assert scene.log.head == 1


async def test_many_appends_of_one_caller_share_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has an outcome of its own, in order; one that is refused takes none of the others with it."""
    async with on_stage(monkeypatch) as scene:
        appends = [
            scene.encode(Noted("a", ("seat",)), unless="seat"),
            scene.encode(Noted("b", ("seat",)), unless="seat"),
            scene.encode(Noted("c"), Noted("d")),
        ]
        one, two, three = [await scene.writer.post(append) for append in appends]
        await scene.commit()
        assert await one.wait() == Appended([1])
        with pytest.raises(Conflict):
            await two.wait()
        assert await three.wait() == Appended([2, 3])
        assert scene.disk.commit_sizes == [3]


async def test_flushing_answers_when_everything_before_it_is_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when there is nothing to write."""
    async with on_stage(monkeypatch) as scene:
        await scene.writer.flush()
        await scene.asked(Noted("a"))
        flushed = trio.Event()

        async def flush() -> None:
            await scene.writer.flush()
            flushed.set()

        scene.nursery.start_soon(flush)
        await scene.settled()
        assert not flushed.is_set()
        await scene.commit()
        assert flushed.is_set()


async def test_a_dictionary_comes_with_the_next_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the log no later than the first event that was packed with it, however idle the writer is."""
    async with on_stage(monkeypatch) as scene:
        before = len(scene.disk.dictionaries())
        await scene.writer.use_dictionary(b"a note about tea " * 8)
        await scene.writer.flush()
        call = await scene.asked(Noted("a note about tea and nothing else " * 4))
        await scene.commit()
        assert call.positions == [1]
        [frame] = scene.log.read()
        assert frame.data.text.startswith("a note")
        assert len(scene.disk.dictionaries()) == before + 2  # the starter, which nothing was packed with, and this one


async def test_a_malformed_dictionary_is_its_sender_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer goes on, and so does whoever came along with it."""
    async with on_stage(monkeypatch) as scene:
        call = scene.ask(scene.encode(Noted("a")))
        with pytest.raises(InvalidInput):
            await scene.writer.use_dictionary(b"")
        await scene.commit()
        assert call.positions == [1]


async def test_a_full_mailbox_makes_callers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """While more is staged than may be, the writer drains nothing: callers wait for room, in order."""
    monkeypatch.setattr(writers, "COMMIT_BYTES", 0)
    async with on_stage(monkeypatch, capacity=2) as scene:
        calls = [await scene.asked(Noted(str(number))) for number in range(6)]
        inside = scene.writer.cell.mailbox.statistics()
        assert (inside.waiting, inside.blocked_senders) == (2, 2)
        assert scene.writer.statistics().waiting == 2
        while any(call.is_waiting for call in calls):
            await scene.commit()
        assert [call.positions for call in calls] == [[number] for number in range(1, 7)]
        assert scene.texts() == list("012345")


async def test_a_writer_that_has_stopped_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes later is told to open the engine again."""
    async with on_stage(monkeypatch) as scene:
        assert await scene.supervisor.stop(trio.current_time() + 1)
        await scene.settled()
        assert scene.thread.is_stopped
        append = scene.encode(Noted("late"))
        for late in (scene.writer.append(append), scene.writer.post(append), scene.writer.flush()):
            with pytest.raises(Closed, match="writer"):
                await late
        assert scene.log.head == 0
