"""Writes `store-1/`, a whole log of format 1 as today's code makes it: `python -m tests.golden.make_store_1`.

Run once, when the format was released. The files stay for ever: what `test_store.py` reads is what users' disks hold.
"""

import itertools
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import trio

import remanence
from remanence import NewMemory, Recorded, Settings

STORE: Final = Path(__file__).with_name("store-1")
START_NS: Final = 1_780_000_000_000_000_000
SECOND_NS: Final = 1_000_000_000


def described(events: Sequence[Recorded[Any]]) -> list[dict[str, Any]]:
    """Everything that events say, as JSON holds it."""
    return [
        {
            "position": each.position,
            "type": each.type,
            "version": each.version,
            "time_ns": each.time_ns,
            "tags": list(each.tags),
            "by": each.by,
            "cause": each.cause,
            "key": list(each.key) if each.key else None,
            "data": json.loads(json.dumps(each.raw, default=str)),
        }
        for each in events
    ]


async def write(path: Path) -> None:
    """One of everything that a memory can go through, in several commits; each look at the clock is a second later."""
    seconds = itertools.count(START_NS, SECOND_NS)
    random = Random(1)  # noqa: S311 - the same files whenever this is run
    async with remanence.open(
        path, by="golden", clock=seconds.__next__, entropy=random.randbytes, settings=Settings(retrain=False)
    ) as memory:
        tea = await memory.remember("Ada prefers tea.", scope="ada", kind="preference", tags=["drinks"])
        await memory.remember("Ada prefers tea.", scope="ada", kind="preference")
        await memory.revise(tea, "Ada prefers tea, mornings only.", reason="she said so", cause=1)
        gone = await memory.remember("The gate code is new.", scope="ada/home", metadata={"n": 1, "x": 0.5, "ok": True})
        await memory.forget(gone, reason="asked to")
        said_at = datetime(2026, 3, 2, 9, 14, 5, tzinfo=UTC)
        texts = ["Yes, please.", "Yes, please.", "Zoë is allergic to shellfish 🦐."]
        await memory.remember_many(
            NewMemory(text, "ada", kind="turn", session="monday", place=place, speaker="Ada", said_at=said_at)
            for place, text in enumerate(texts, start=1)
        )
        await memory.reinforce(tea, note="again")


async def copy(work: Path) -> None:
    """Keep the log, and what must be read from it."""
    async with remanence.open(work, read_only=True) as memory:
        await memory.engine.backup(STORE)
        (STORE / "lock.mdb").unlink(missing_ok=True)
        expected = {
            "log": memory.engine.log.store.log_id.hex(),
            "link": memory.engine.log.store.head().link.hex(),
            "events": described(memory.engine.read()),
        }
        text = json.dumps(expected, indent=1, ensure_ascii=False)
        STORE.with_suffix(".json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write the store and, beside it, what must be read from it."""
    shutil.rmtree(STORE, ignore_errors=True)
    work = STORE.with_name("store-1.work")
    trio.run(write, work)
    trio.run(copy, work)
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
