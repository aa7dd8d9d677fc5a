"""The writer and a failing disk: reopen, compare with what was acknowledged, serve again; or stop writing for good."""

from __future__ import annotations

import logging

import pytest

from remanence.actors.writer import Durability
from remanence.core.errors import Damaged, OutcomeUnknown, StorageFailed

from .scene import Call, Noted, Scene, on_stage


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Failures are logged; that is not what is proved here."""
    caplog.set_level(logging.CRITICAL)


async def two(scene: Scene) -> tuple[Call, Call]:
    """One append being committed, one staged behind it."""
    return await scene.asked(Noted("under way")), await scene.asked(Noted("staged"))


async def test_what_the_disk_refused_was_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its callers are told, as are those staged behind it; the next append is served as if nothing had been."""
    async with on_stage(monkeypatch) as scene:
        scene.disk.cues.append("before")
        calls = await two(scene)
        await scene.commit()
        for call in calls:
            assert isinstance(call.error, StorageFailed)
            assert "nothing was written: no space left" in str(call.error)
        assert calls[0].error is not calls[1].error
        after = await scene.asked(Noted("after"))
        await scene.commit()
        assert after.positions == [1]
        assert scene.texts() == ["after"]
        statistics = scene.writer.statistics()
        assert (statistics.commits, statistics.failures, statistics.is_read_only) == (1, 1, False)


async def test_what_is_there_after_all_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that came after the commit was whole takes nothing back: the reopened log has it."""
    async with on_stage(monkeypatch) as scene:
        scene.disk.cues.append("after")
        under_way, staged = await two(scene)
        await scene.commit()
        assert under_way.positions == [1]
        assert isinstance(staged.error, StorageFailed)
        after = await scene.asked(Noted("after"))
        await scene.commit()
        assert after.positions == [2]
        assert scene.texts() == ["under way", "after"]
        assert scene.views.checkpoint == 2


async def test_an_append_is_acknowledged_once_recovery_has_brought_the_views_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log had it, the views' disk did not: what you are told is written, you can read."""
    async with on_stage(monkeypatch) as scene:
        scene.views.cues.append("fail")
        call = await scene.asked(Noted("a"))
        await scene.commit()
        assert call.positions == [1]
        assert scene.views.checkpoint == 1


async def test_views_that_stay_behind_make_the_log_read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """An append whose view can't be had is neither confirmed nor denied: it is in the log, and nobody can see it."""
    async with on_stage(monkeypatch) as scene:
        scene.views.cues.extend(["fail", "fail"])
        call = await scene.asked(Noted("a"), key="k")
        await scene.commit()
        assert isinstance(call.error, OutcomeUnknown)
        assert call.error.key == "k"
        assert scene.writer.statistics().is_read_only


async def test_the_second_failure_in_a_row_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """From then on every append and flush is refused with the reason; reading goes on."""
    async with on_stage(monkeypatch) as scene:
        await scene.asked(Noted("good"))
        await scene.commit()
        scene.disk.cues.extend(["before", "before"])
        for _ in range(2):
            await scene.asked(Noted("bad"))
            await scene.commit()
        assert scene.writer.statistics().is_read_only
        refused = [await scene.asked(Noted("more")) for _ in range(2)]
        for call in refused:
            assert isinstance(call.error, StorageFailed)
            assert "read-only after the disk failed: no space left" in str(call.error)
        assert refused[0].error is not refused[1].error
        with pytest.raises(StorageFailed):
            await scene.writer.flush()
        assert not scene.thread.jobs
        assert scene.texts() == ["good"]


async def test_a_success_in_between_starts_the_count_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only failures in a row stop the writing."""
    async with on_stage(monkeypatch) as scene:
        scene.disk.cues.extend(["before", "ok", "before", "ok"])
        for _ in range(4):
            await scene.asked(Noted("a"))
            await scene.commit()
        assert not scene.writer.statistics().is_read_only
        assert scene.writer.statistics().failures == 2
        assert scene.log.head == 2


async def test_a_log_that_can_not_be_reopened_leaves_the_outcome_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was under way comes back with the key; whoever was behind has written nothing; nobody writes any more."""
    async with on_stage(monkeypatch) as scene:
        scene.disk.cues.append("after")
        scene.disk.is_gone = True
        under_way = await scene.asked(Noted("under way"), key="k")
        staged = await scene.asked(Noted("staged"))
        await scene.commit()
        assert isinstance(under_way.error, OutcomeUnknown)
        assert under_way.error.key == "k"
        assert isinstance(staged.error, StorageFailed)
        assert "nothing was written" in str(staged.error)
        refused = await scene.asked(Noted("more"))
        assert isinstance(refused.error, StorageFailed)
        assert "the disk is gone" in str(refused.error)


async def test_a_log_that_lost_what_was_acknowledged_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going on would give positions away a second time: nothing more is written, and the reason says what to do."""
    async with on_stage(monkeypatch) as scene:
        for text in ("a", "b", "c"):
            await scene.asked(Noted(text))
            await scene.commit()
        scene.disk.lose(2)
        scene.disk.cues.append("before")
        call = await scene.asked(Noted("d"))
        await scene.commit()
        assert isinstance(call.error, StorageFailed)
        refused = await scene.asked(Noted("e"))
        assert isinstance(refused.error, Damaged)
        assert refused.error.position == 1
        assert "ends at 1, but 3 was acknowledged; restore a backup" in str(refused.error)
        assert scene.writer.statistics().is_read_only


async def test_keys_and_conditions_forget_what_was_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """An append that the disk refused stands in nobody's way, and may be made again with its key."""
    async with on_stage(monkeypatch) as scene:
        scene.disk.cues.append("before")
        call = scene.ask(scene.encode(Noted("a", ("seat",)), key="k", unless="seat"))
        await scene.commit()
        assert isinstance(call.error, StorageFailed)
        again = scene.ask(scene.encode(Noted("a", ("seat",)), key="k", unless="seat"))
        await scene.commit()
        assert again.positions == [1]
        assert again.value is not None
        assert not again.value.is_duplicate


@pytest.mark.parametrize("cue", ["before", "after"])
async def test_a_duplicate_shares_the_fate_of_what_it_repeats(monkeypatch: pytest.MonkeyPatch, cue: str) -> None:
    """A retry that comes while the first try is under way is not told that it is there before it is."""
    async with on_stage(monkeypatch) as scene:
        scene.disk.cues.append(cue)
        first = await scene.asked(Noted("a"), key="k")
        again = await scene.asked(Noted("a"), key="k")
        assert again.is_waiting
        await scene.commit()
        assert isinstance(again.error, StorageFailed)
        if cue == "after":
            assert first.positions == [1]
        last = await scene.asked(Noted("a"), key="k")
        if cue == "before":
            await scene.commit()
        assert last.positions == [1]
        assert scene.texts() == ["a"]


async def test_a_loss_in_buffered_mode_is_told_to_the_next_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who were lost had their answers already, so the next append or flush hears of it, once."""
    async with on_stage(monkeypatch, durability=Durability.BUFFERED) as scene:
        kept = await scene.asked(Noted("kept"))
        assert kept.positions == [1]
        scene.nursery.start_soon(scene.writer.flush)
        await scene.commit()
        scene.disk.cues.append("before")
        lost = [await scene.asked(Noted(str(number))) for number in range(50)]
        assert [call.positions for call in lost] == [[number] for number in range(2, 52)]
        await scene.commit()
        told = await scene.asked(Noted("next"))
        assert isinstance(told.error, StorageFailed)
        assert "accepted after position 1 was lost" in str(told.error)
        await scene.writer.flush()
        again = await scene.asked(Noted("again"))
        assert again.positions == [2]
        scene.nursery.start_soon(scene.writer.flush)
        await scene.commit()
        assert scene.texts() == ["kept", "again"]


async def test_a_flush_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for durability in so many words is told when there is none."""
    async with on_stage(monkeypatch, durability=Durability.BUFFERED) as scene:
        scene.disk.cues.append("before")
        await scene.asked(Noted("a"))
        errors: list[StorageFailed] = []

        async def flush() -> None:
            with pytest.raises(StorageFailed) as error:
                await scene.writer.flush()
            errors.append(error.value)

        scene.nursery.start_soon(flush)
        await scene.commit()
        assert len(errors) == 1
        assert "nothing was written" in str(errors[0])
