"""What people see: pages that fit a terminal, and numbers, times and texts as people read them."""

from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

import remanence
from remanence.cli.cards import event_entry, memory_card, memory_entry
from remanence.cli.events import Lines
from remanence.cli.exits import notice
from remanence.cli.output import Output
from remanence.cli.progress import bars
from remanence.cli.texts import clean, count, moment, one_line, share, shown, size
from remanence.projections.memories.view import MemoryRow

from .command import Screen

ROW = MemoryRow(
    id="0" * 26,
    scope=("ada",),
    kind="turn",
    text="She is called Sula. " * 40,
    confidence=0.64,
    importance=0.5,
    tags=("boat", "1961"),
    metadata={"role": "user"},
    session="2026-03-02",
    place=3,
    speaker="Ada",
    time_ns=1_772_442_996_000_000_000,
    position=4,
    changed=4,
)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A terminal of 80 columns without colours."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    return Screen()


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_951, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (65_536_000, "66 MB"),
        (3_000_000_000, "3.0 GB"),
        (5e15, "5000 TB"),
    ],
)
def test_a_size_is_told_in_the_unit_that_fits(size_bytes: float, text: str) -> None:
    """Two or three digits, never four, and thousands of bytes are kilobytes."""
    assert size(size_bytes) == text


def test_numbers_and_times_are_told_as_people_read_them() -> None:
    """One event, two events; thousands apart; per cent; UTC to the second."""
    assert (count(1, "event"), count(1451, "event"), count(2, "memory", "memories")) == (
        "1 event",
        "1,451 events",
        "2 memories",
    )
    assert share(0.344) == "34 %"
    assert moment(datetime(2026, 3, 2, 9, 14, 5, 999_999, tzinfo=UTC)) == "2026-03-02 09:14:05"


def test_a_path_can_not_be_taken_for_a_word() -> None:
    """`./memory` is a folder; `memory` could be anything."""
    assert [shown(Path(path)) for path in ("memory", "./a", "../a", "/a")] == ["./memory", "./a", "../a", "/a"]


@given(st.text())
def test_a_cleaned_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    """No control character but the newline is left, and on one line not even that; other words are left alone."""
    cleaned = clean(text)
    assert all(each == "\n" or each.isprintable() or not each.isascii() for each in cleaned)
    assert "\n" not in one_line(text)
    if text.isprintable():
        assert cleaned == text


@given(st.text())
def test_no_line_of_a_page_is_wider_than_the_page(text: str) -> None:
    """Whatever the text and its width on the screen: it is wrapped, or cut at the edge."""
    screen = Screen()
    out = Output(stream=screen, as_page=True)
    out.margin = 3
    out.line(Text(clean(text)))
    out.prose(clean(text), indent=2, lines_max=3)
    assert all(cell_len(line) <= 100 for line in screen.lines)
    assert len(screen.lines) <= 1 + 3


def test_a_memory_in_a_list_takes_a_few_lines(screen: Screen) -> None:
    """Three lines of its text at most, and then what it is."""
    memory_entry(Output(stream=screen), ROW)
    text, about = screen.lines[:3], screen.lines[3:]
    assert text[0].startswith("Ada: She is called Sula.")
    assert text[2].endswith("…")
    assert max(map(len, screen.lines)) <= 80
    what = f"{'0' * 26} turn 3 of 2026-03-02 · 2026-03-02 09:16:36 · sure 0.64 · #boat · #1961"
    assert " ".join(" ".join(about).split()) == what


def test_a_memory_alone_is_shown_whole(screen: Screen) -> None:
    """All of its text, and every fact by its name."""
    memory_card(Output(stream=screen), ROW)
    assert " ".join(screen.getvalue().split()).count("She is called Sula.") == 40
    assert max(map(len, screen.lines)) <= 80
    names = [line.split()[0] for line in screen.lines[screen.lines.index("") + 1 :]]
    assert names == [
        "id",
        "scope",
        "kind",
        "session",
        "time",
        "confidence",
        "importance",
        "tags",
        "metadata",
        "history",
    ]


@remanence.event("robot.moved")
@attrs.frozen
class RobotMoved:
    """An event of some other program."""

    note: str


def test_events_on_a_page_have_a_line_each_under_their_day(tmp_path: Path, screen: Screen) -> None:
    """Position, time, type, who, and as much of the rest as fits; every kind of event says something."""

    async def play() -> None:
        async with remanence.open(tmp_path, by="juno", events=[RobotMoved]) as memory:
            first = await memory.remember("word " * 40)
            await memory.revise(first, tags=["a", "b"], confidence=0.5, reason="for once")
            await memory.revise(first, "other\nwords")
            await memory.reinforce(first, note="seen")
            await memory.forget(first)
            await memory.engine.append(RobotMoved("x" * 100))
        async with remanence.open(tmp_path, read_only=True) as memory:
            out = Output(stream=screen)
            lines = Lines(out, memory)
            for event in memory.engine.read():
                lines.add(event)
            for event in memory.history(first):
                event_entry(out, event)

    trio.run(play)
    day, *lines = screen.lines[:7]
    assert day == f"{datetime.now(UTC):%Y-%m-%d}"
    assert [int(line.split()[0]) for line in lines] == [1, 2, 3, 4, 5, 6]
    assert all(len(line) <= 80 for line in screen.lines)
    assert lines[0].endswith("…")
    assert lines[2].endswith("juno  other words")
    text = " ".join(" ".join(screen.lines[7:]).split())
    for words in (
        "confidence 0.5 · tags a, b (for once)",
        "memory.reinforced, by juno seen",
        "memory.forgotten, by juno",
    ):
        assert words in text


def test_a_notice_is_wrapped_to_the_terminal_and_whole_in_a_file(
    capsys: pytest.CaptureFixture[str], screen: Screen
) -> None:
    """People read lines, programs read sentences."""
    notice("word " * 40, "hint " * 40, screen)
    assert max(map(len, screen.lines)) <= 80
    assert len(screen.lines) > 2
    notice("word " * 40)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_bars_are_for_people_who_wait(monkeypatch: pytest.MonkeyPatch, screen: Screen) -> None:
    """Nothing is drawn into a file, nothing for what is done at once; what takes long shows how far it is."""
    with bars(events="verifying") as progress:
        progress("events", 1, 2)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with bars(events="verifying") as progress:
        progress("events", 2, 2)
    assert screen.getvalue() == ""
    monkeypatch.setattr("remanence.cli.progress.DELAY_S", 0)
    with bars(events="verifying") as progress:
        progress("events", 1, 2)
    assert "verifying" in screen.getvalue()
