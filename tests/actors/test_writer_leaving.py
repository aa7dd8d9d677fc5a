"""Leaving the writer: callers that are cancelled or run out of time, and the writer's own end."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from remanence.actors import writer as writers
from remanence.core.errors import Closed, OutcomeUnknown, StorageFailed
from remanence.core.recorded import Reader
from remanence.core.staging import Batch

from .scene import Call, Noted, Scene, on_stage


async def test_who_leaves_before_being_taken_up_has_written_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled between sending and the writer's next look, an append is passed over."""
    async with on_stage(monkeypatch) as scene:
        with trio.CancelScope() as scope:
            scope.cancel()
            await scene.writer.append(scene.encode(Noted("never")))
        assert scope.cancelled_caught
        after = await scene.asked(Noted("after"))
        await scene.commit()
        assert after.positions == [1]
        assert scene.texts() == ["after"]


async def test_who_leaves_a_full_mailbox_has_written_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither one who waits for room nor one who waits inside is written after leaving."""
    monkeypatch.setattr(writers, "COMMIT_BYTES", 0)
    async with on_stage(monkeypatch, capacity=1) as scene:
        calls = [await scene.asked(Noted(str(number))) for number in range(4)]
        inside = scene.writer.cell.mailbox.statistics()
        assert (inside.waiting, inside.blocked_senders) == (1, 1)
        for call in calls[2:]:
            call.scope.cancel()
        await scene.settled()
        assert [call.was_cancelled for call in calls] == [False, False, True, True]
        await scene.commit()
        await scene.commit()
        assert scene.texts() == ["0", "1"]


@pytest.mark.parametrize("is_committing", [False, True])
async def test_who_leaves_after_being_taken_up_gets_the_answer_first(
    monkeypatch: pytest.MonkeyPatch, *, is_committing: bool
) -> None:
    """Whether its commit is under way or still to come: it runs its course, and the caller learns of it."""
    async with on_stage(monkeypatch) as scene:
        if not is_committing:
            await scene.asked(Noted("first"))
        call = await scene.asked(Noted("taken"))
        call.scope.cancel()
        await scene.settled()
        assert call.is_waiting
        await scene.commit()
        while scene.thread.jobs:
            assert call.is_waiting
            await scene.commit()
        assert call.positions == [1 if is_committing else 2]
        assert not call.was_cancelled


async def test_a_deadline_that_passes_leaves_a_key_to_come_back_with(
    monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    """The outcome is unknown, and appending again with the key makes it known: the events are there once."""
    async with on_stage(monkeypatch) as scene:
        append = scene.encode(Noted("once"), key="k")
        call = scene.ask(append, timeout_s=5)
        await scene.settled()
        mock_clock.jump(5)
        await scene.settled()
        assert isinstance(call.error, OutcomeUnknown)
        assert call.error.key == "k"
        assert "'k' again: they will be there once" in str(call.error)
        again = scene.ask(scene.encode(Noted("once"), key="k"), timeout_s=5)
        await scene.commit()
        assert again.positions == [1]
        assert again.value is not None
        assert again.value.is_duplicate
        assert scene.texts() == ["once"]


async def test_without_a_key_the_caller_is_told_to_look(monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock) -> None:
    """There is no safe way to repeat an append that has no key."""
    async with on_stage(monkeypatch) as scene:
        call = scene.ask(scene.encode(Noted("once")), timeout_s=5)
        await scene.settled()
        mock_clock.jump(5)
        await scene.settled()
        assert isinstance(call.error, OutcomeUnknown)
        assert call.error.key is None
        assert "look before you append again" in str(call.error)


async def test_a_deadline_that_passes_in_the_mailbox_is_no_mystery(
    monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock
) -> None:
    """What the writer never took up was not written, and the caller is told so."""
    monkeypatch.setattr(writers, "COMMIT_BYTES", 0)
    async with on_stage(monkeypatch) as scene:
        await scene.asked(Noted("0"))
        await scene.asked(Noted("1"))
        call = scene.ask(scene.encode(Noted("late")), timeout_s=5)
        await scene.settled()
        mock_clock.jump(5)
        await scene.settled()
        assert isinstance(call.error, StorageFailed)
        assert "nothing was written" in str(call.error)
        await scene.commit()
        await scene.commit()
        assert scene.texts() == ["0", "1"]


async def busy(scene: Scene) -> list[Call]:
    """One append being committed, one staged behind it."""
    return [await scene.asked(Noted("under way")), await scene.asked(Noted("staged"))]


async def test_stopping_finishes_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the mailbox, staged or under way is written and answered; then the writer has stopped."""
    async with on_stage(monkeypatch) as scene:
        calls = [*await busy(scene), scene.ask(scene.encode(Noted("in the mailbox")))]
        ends: list[bool] = []

        async def stop() -> None:
            ends.append(await scene.supervisor.stop(trio.current_time() + 30))

        await trio.lowlevel.checkpoint()
        scene.nursery.start_soon(stop)
        await scene.commit()
        assert ends == []
        await scene.commit()
        assert ends == [True]
        assert [call.positions for call in calls] == [[1], [2], [3]]
        await scene.settled()
        assert scene.thread.is_stopped


async def test_stopping_ends_at_its_deadline(monkeypatch: pytest.MonkeyPatch, mock_clock: MockClock) -> None:
    """The commit under way can't be recalled, so its callers and the end wait for it; nobody new is let in."""
    async with on_stage(monkeypatch) as scene:
        calls = await busy(scene)
        ends: list[bool] = []

        async def stop() -> None:
            ends.append(await scene.supervisor.stop(trio.current_time() + 30))

        scene.nursery.start_soon(stop)
        await scene.settled()
        mock_clock.jump(30)
        await scene.settled()
        assert ends == []
        assert all(call.is_waiting for call in calls)
        late = await scene.asked(Noted("late"))
        assert isinstance(late.error, Closed)
        await scene.commit()
        await scene.commit()
        assert [call.positions for call in calls] == [[1], [2]]
        await scene.settled()
        assert ends == [False]
        assert scene.thread.is_stopped


async def test_a_cancelled_writer_answers_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had taken up is written and answered; what it had not is refused, and was not written."""
    monkeypatch.setattr(writers, "COMMIT_BYTES", 0)
    async with on_stage(monkeypatch, capacity=1) as scene:
        calls = [await scene.asked(Noted(str(number))) for number in range(4)]
        scene.writer.cell._scope.cancel()  # pyright: ignore[reportPrivateUsage]
        await scene.settled()
        await scene.commit()
        await scene.commit()
        assert [call.positions for call in calls[:2]] == [[1], [2]]
        for call in calls[2:]:
            assert isinstance(call.error, Closed)
        assert scene.texts() == ["0", "1"]
        await scene.settled()
        assert scene.thread.is_stopped


async def test_the_interrupt_key_does_not_strike_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the main task's: here it could hit between an append and the note of who waits for it."""
    protected: list[bool] = []

    def take() -> Batch:
        protected.append(trio.lowlevel.currently_ki_protected())
        return Batch(1, Reader(scene.log.dictionaries, scene.log.registry))

    async with on_stage(monkeypatch) as scene:
        monkeypatch.setattr(scene.log, "take", take)
        await scene.writer.flush()
    assert protected
    assert all(protected)


async def test_a_writer_that_crashes_answers_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours ends the writer with its own error; whoever asked is told that nothing was written."""
    calls: list[Call] = []
    scenes: list[Scene] = []

    def take() -> Batch:
        raise ZeroDivisionError

    with pytest.RaisesGroup(ZeroDivisionError, flatten_subgroups=True):
        async with on_stage(monkeypatch) as scene:
            scenes.append(scene)
            monkeypatch.setattr(scene.log, "take", take)
            calls += [scene.ask(scene.encode(Noted(str(number)))) for number in range(3)]
            await trio.sleep_forever()
    assert scenes[0].thread.is_stopped
    assert all(isinstance(call.error, Closed) or call.was_cancelled for call in calls)
    assert not any(call.is_waiting for call in calls)
