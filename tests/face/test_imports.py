"""Importing: every turn once, in order, under its transcript's event, and nothing lost to a line that is none."""

import json
from pathlib import Path
from typing import Final

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

import remanence
from remanence.memory.imports import BATCH_TURNS, ImportReport, import_transcript
from remanence.projections.memories.events import TranscriptImported
from remanence.transcripts import Format
from tests.effort import short

SAMPLE: Final = Path(remanence.__file__).with_name("data") / "conversation.jsonl"


def transcript(*messages: object) -> bytes:
    """JSON lines; a text is a turn that says it, anything else stands as it is."""
    lines = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    return b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)


def texts(memory: remanence.Memory, scope: str = "main") -> list[str]:
    """What is remembered in a scope, in the order of its sessions."""
    rows = memory.find(scope=scope, order="oldest", limit=None)
    return [row.text for row in sorted(rows, key=lambda row: (row.session or "", row.place or 0))]


async def test_every_turn_is_remembered_in_its_order_under_the_transcripts_event(tmp_path: Path) -> None:
    """The transcript's event comes first and is the cause of its turns, which follow in the order of the file."""
    async with remanence.open(tmp_path, by="juno") as memory:
        report = await import_transcript(memory, SAMPLE.read_bytes(), name="sample.jsonl", scope="ada")
        first, *others = memory.engine.read()
        assert report.is_whole
        assert (report.new, report.known, report.first, report.last) == (312, 0, 1, 313)
        assert report.scopes == ("ada",)
        assert first.data == TranscriptImported("sample.jsonl", report.digest, ("ada",))
        assert {event.cause for event in others} == {1}
        assert {event.by for event in (first, *others)} == {"juno"}
        said = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
        assert [(event.data.session, event.data.text) for event in others] == [
            (line["session"], line["content"]) for line in said
        ]
        assert all(event.data.metadata["role"] in {"user", "assistant"} for event in others)


async def test_importing_twice_adds_nothing_at_all(tmp_path: Path) -> None:
    """The second time every turn is known, and the head stays where it is."""
    async with remanence.open(tmp_path) as memory:
        first = await import_transcript(memory, SAMPLE.read_bytes(), name="sample")
        head = memory.engine.head
        second = await import_transcript(memory, SAMPLE.read_bytes(), name="sample")
        assert memory.engine.head == head
        assert (second.new, second.known) == (0, first.new)
        assert (second.first, second.last, second.digest) == (first.first, first.last, first.digest)


@short(12)
@given(messages=st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=6), data=st.data())
def test_what_was_imported_in_part_is_completed(
    tmp_path_factory: pytest.TempPathFactory, messages: list[str], data: st.DataObject
) -> None:
    """Wherever a transcript ended the first time, importing all of it leaves each turn once and in its place."""
    cut = data.draw(st.integers(0, len(messages)))
    part, whole = transcript(*messages[:cut]), transcript(*messages)

    async def both() -> tuple[list[str], int, int]:
        async with remanence.open(tmp_path_factory.mktemp("memory")) as memory:
            if cut:
                await import_transcript(memory, part, name="talk", format=Format.JSONL)
            report = await import_transcript(memory, whole, name="talk", format=Format.JSONL)
            return texts(memory), report.new, report.known

    assert trio.run(both) == (messages, len(messages) - cut, cut)


async def test_equal_turns_stay_apart(tmp_path: Path) -> None:
    """A turn is its place, not its words: who says yes twice has said it twice."""
    async with remanence.open(tmp_path) as memory:
        report = await import_transcript(memory, transcript("Yes.", "Yes.", "Yes."), name="talk")
        assert report.new == 3
        assert texts(memory) == ["Yes."] * 3


async def test_a_bad_line_keeps_no_other_out(tmp_path: Path) -> None:
    """It is reported by its number, and takes up its place: mended, it comes in where it belongs."""
    async with remanence.open(tmp_path) as memory:
        broken = await import_transcript(memory, transcript("one", b'{"role": ', "three"), name="talk")
        assert [bad.line for bad in broken.bad] == [2]
        assert not broken.is_whole
        assert texts(memory) == ["one", "three"]
        mended = await import_transcript(memory, transcript("one", "two", "three"), name="talk")
        assert (mended.new, mended.known) == (1, 2)
        assert mended.is_whole
        assert texts(memory) == ["one", "two", "three"]


async def test_a_place_that_says_something_else_is_reported_and_left_alone(tmp_path: Path) -> None:
    """What is remembered isn't changed by an import; the line, the memory and the reason are named."""
    async with remanence.open(tmp_path) as memory:
        await import_transcript(memory, transcript("one", "two"), name="talk")
        report = await import_transcript(memory, transcript("one", "zwei"), name="talk")
        [changed] = report.changed
        assert (changed.line, memory.get(changed.id).text) == (2, "two")
        assert "place 2 of session 'talk'" in changed.reason
        assert "other words" in changed.reason
        assert (report.new, report.known) == (0, 1)
        named = {"role": "user", "name": "Ada", "content": "two"}
        [changed] = (await import_transcript(memory, transcript("one", named), name="talk")).changed
        assert "the same words with other details" in changed.reason


async def test_a_forgotten_turn_stays_forgotten(tmp_path: Path) -> None:
    """Importing again doesn't bring back what was forgotten on purpose."""
    async with remanence.open(tmp_path) as memory:
        await import_transcript(memory, transcript("one", "two"), name="talk")
        await memory.forget(memory.find(session="talk")[0].id)
        report = await import_transcript(memory, transcript("one", "two"), name="talk")
        assert (report.new, report.known) == (0, 2)
        assert texts(memory) == ["two"]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": "hello", "session": "s" * 101},
        {"role": "user", "content": "hello", "name": "ü" * 51},
        {"role": "user", "content": "hello", "conversation": "c" * 121},
    ],
    ids=["session", "speaker", "conversation"],
)
async def test_a_name_that_is_too_long_makes_a_bad_line(tmp_path: Path, message: object) -> None:
    """What no index can hold is one line's trouble, never an exception."""
    async with remanence.open(tmp_path) as memory:
        report = await import_transcript(memory, transcript("before", message, "after"), name="talk")
        assert [bad.line for bad in report.bad] == [2]
        assert report.bad[0].reason
        assert texts(memory) == ["before", "after"]


@pytest.mark.parametrize("lines", [[b"nothing"], [{"role": "user", "content": " "}]], ids=["junk", "blank"])
async def test_a_transcript_without_a_turn_writes_nothing(tmp_path: Path, lines: list[object]) -> None:
    """Not even its own event."""
    async with remanence.open(tmp_path) as memory:
        report = await import_transcript(memory, transcript(*lines), name="talk", format=Format.JSONL)
        assert memory.engine.head == 0
        assert (report.new, report.first, report.last, report.scopes) == (0, None, None, ())
        assert [bad.line for bad in report.bad] == [1]


async def test_what_is_no_transcript_or_no_scope_writes_nothing(tmp_path: Path) -> None:
    """Both are the caller's error, raised before anything happens."""
    async with remanence.open(tmp_path) as memory:
        with pytest.raises(remanence.InvalidInput):
            await import_transcript(memory, b'{"weather": "fine"}', name="talk")
        with pytest.raises(remanence.InvalidInput):
            await import_transcript(memory, transcript("one"), name="talk", scope="a//b")
        assert memory.engine.head == 0


async def test_each_conversation_has_a_scope_within_the_one_given(tmp_path: Path) -> None:
    """Conversations of one file don't mix, even where their sessions have the same name."""
    lines = [{"role": "user", "content": each, "conversation": each, "session": "1"} for each in ("north", "south")]
    async with remanence.open(tmp_path) as memory:
        report = await import_transcript(memory, transcript(*lines), name="talks", scope=("ada", "sea"))
        assert report.scopes == ("ada/sea/north", "ada/sea/south")
        assert texts(memory, "ada/sea/north") == ["north"]


async def test_the_same_file_for_another_scope_or_under_another_name_is_another_import(tmp_path: Path) -> None:
    """Its event says so; the turns of a scope are there once all the same."""
    data = transcript("one", "two")
    async with remanence.open(tmp_path) as memory:
        first = await import_transcript(memory, data, name="talk")
        other = await import_transcript(memory, data, name="talk", scope="ada")
        assert other.new == 2
        assert other.first == (first.last or 0) + 1
        renamed = await import_transcript(memory, transcript(*sessions("talk")), name="copy")
        assert (renamed.new, renamed.known, renamed.first) == (0, 2, memory.engine.head)


def sessions(session: str) -> list[object]:
    """The two turns of `talk`, naming their session themselves."""
    return [{"role": "user", "content": each, "session": session} for each in ("one", "two")]


async def test_progress_tells_the_turns_that_are_durable(tmp_path: Path) -> None:
    """After each batch, up to all of them: when it is told, the events are there."""
    told: list[tuple[str, int, int, int]] = []
    async with remanence.open(tmp_path) as memory:

        def tell(what: str, done: int, total: int) -> None:
            told.append((what, done, total, memory.engine.head))

        data = transcript(*(str(number) for number in range(10)))
        report: ImportReport = await import_transcript(memory, data, name="talk", progress=tell, batch_turns=4)
    assert report.new == 10
    assert told == [("turns", 4, 10, 5), ("turns", 8, 10, 9), ("turns", 10, 10, 11)]


async def test_an_import_that_is_interrupted_is_resumed(tmp_path: Path) -> None:
    """Cancelled between two batches, it has kept the first and maybe more; run again, it adds the rest."""
    data = transcript(*(str(number) for number in range(2 * BATCH_TURNS)))
    async with remanence.open(tmp_path) as memory:
        with trio.CancelScope() as scope:

            def interrupt(_what: str, _done: int, _total: int) -> None:
                scope.cancel()

            await import_transcript(memory, data, name="talk", progress=interrupt)
        assert scope.cancelled_caught
        await memory.engine.flush()  # what was under way when it was cancelled runs its course
        there = memory.engine.head - 1
        assert BATCH_TURNS <= there <= 2 * BATCH_TURNS
        report = await import_transcript(memory, data, name="talk")
        assert (report.known, report.new) == (there, 2 * BATCH_TURNS - there)
        assert len(texts(memory)) == 2 * BATCH_TURNS


async def test_what_the_engine_refuses_ends_the_import(tmp_path: Path) -> None:
    """An error that every turn would meet is raised, not counted."""
    async with remanence.open(tmp_path) as memory:
        await memory.remember("so that there is a log")
    async with remanence.open(tmp_path, read_only=True) as memory:
        with pytest.raises(remanence.Closed):
            await import_transcript(memory, transcript("one"), name="talk")
