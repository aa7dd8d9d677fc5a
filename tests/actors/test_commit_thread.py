"""The commit thread: jobs in order, in one thread, reported to the loop; nothing of it can be cancelled half-way."""

import threading
from collections.abc import Callable
from typing import Any

import outcome
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from remanence.actors.commit_thread import CommitThread


async def test_jobs_run_in_order_in_one_thread_of_their_own() -> None:
    """LMDB's write transactions belong to the thread that began them."""
    thread = CommitThread("test commit")
    seen: list[tuple[int, str]] = []
    results: list[int] = []
    done = trio.Event()

    def job(number: int) -> Callable[[], int]:
        def run() -> int:
            seen.append((number, threading.current_thread().name))
            return number * number

        return run

    def report(result: outcome.Outcome[Any]) -> None:
        assert threading.current_thread() is threading.main_thread()
        results.append(result.unwrap())
        if len(results) == 5:
            done.set()

    for number in range(5):
        thread.submit(job(number), report)
    await done.wait()
    assert seen == [(number, "test commit") for number in range(5)]
    assert results == [0, 1, 4, 9, 16]
    await thread.stop()


async def test_what_a_job_raises_comes_out_of_the_call() -> None:
    """An error is the job's outcome; the thread goes on."""
    thread = CommitThread("test commit")

    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        await thread.run(fail)
    assert await thread.run(lambda: 7) == 7
    await thread.stop()


async def test_a_job_can_not_be_cancelled() -> None:
    """A caller that is cancelled learns what became of its job before it leaves."""
    thread = CommitThread("test commit")
    gate = threading.Event()
    got: list[bool] = []

    async def call() -> None:
        got.append(await thread.run(gate.wait))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await wait_all_tasks_blocked()
        assert got == []
        gate.set()
    assert got == [True]
    await thread.stop()


async def test_stopping_waits_for_the_jobs_there_are() -> None:
    """Also when whoever stops it is cancelled: afterwards the thread is gone."""
    before = threading.active_count()
    thread = CommitThread("test commit")
    gate = threading.Event()
    results: list[outcome.Outcome[Any]] = []
    thread.submit(gate.wait, results.append)
    thread.submit(lambda: "last", results.append)
    with trio.CancelScope() as scope:
        scope.cancel()
        gate.set()
        await thread.stop()
    assert results == [outcome.Value(value=True), outcome.Value("last")]
    assert threading.active_count() == before


def test_a_loop_that_ends_without_stopping_it_leaves_the_thread_alone() -> None:
    """The job under way is done as far as it goes; there is nobody to tell, and the thread ends."""
    gate, finished = threading.Event(), threading.Event()

    def job() -> None:
        gate.wait()
        finished.set()

    async def main() -> None:
        CommitThread("left alone").submit(job, lambda _: None)

    trio.run(main)
    [thread] = [each for each in threading.enumerate() if each.name == "left alone"]
    gate.set()
    thread.join(timeout=10)
    assert finished.is_set()
    assert not thread.is_alive()
