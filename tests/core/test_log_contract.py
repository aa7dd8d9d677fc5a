"""The log's contract: what an append promises, wherever the log lives."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.core import staging
from remanence.core.appends import Appended
from remanence.core.errors import Conflict, Damaged, InvalidInput, KeyReused, StorageFailed
from remanence.core.queries import ALL, Condition, Query
from remanence.core.stores import Sealed
from remanence.core.verify import verify

from .places import NOON_NS, BareStore, Happened, Note, Place, Spent, die, facts, ignoring, place

ADA = Query.of(tags=["account:ada"])
SPENT = Query.of(types=["money.spent"])


def test_events_of_one_append_stand_side_by_side(anywhere: Place) -> None:
    """An append gives its events dense positions in their order, and one commit holds them."""
    log = anywhere.open()
    assert log.append(Spent("ada"), Happened("rain"), Spent("bob")) == Appended([1, 2, 3])
    assert log.append(Happened("sun")) == Appended([4])
    assert log.head == 4
    assert [(commit.first, commit.count) for commit in log.store.commits(1, 10)] == [(1, 3), (4, 1)]
    assert [each.data for each in log.read()] == [Spent("ada"), Happened("rain"), Spent("bob"), Happened("sun")]


def test_what_is_told_of_an_append_is_kept_with_its_events(anywhere: Place) -> None:
    """Tags, author, cause and one time come back as they were given; the key stands on the first event alone."""
    log = anywhere.open()
    log.append(Happened("rain"))
    log.append(Spent("ada"), Happened("wet", ("b", "a")), tags=["a", "c"], by="me", cause=1, key="k")
    one, two = log.read(after=1)
    assert (one.tags, one.by, one.cause, one.key) == (("account:ada", "a", "c"), "me", 1, ("k", 2))
    assert (two.tags, two.by, two.cause, two.key) == (("b", "a", "c"), "me", 1, None)
    assert [each.time_ns for each in log.read()] == [NOON_NS, NOON_NS + 1_000_000, NOON_NS + 1_000_000]


def test_all_or_nothing(anywhere: Place) -> None:
    """If one of several events can't be taken, none is."""
    log = anywhere.open()
    with pytest.raises(InvalidInput):
        log.append(Spent("ada"), Spent("ada", amount="much"))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        log.append(Spent("ada"), object())
    assert (log.head, log.read(), log.types()) == (0, [], {})


# -- conditions


@pytest.mark.parametrize(
    ("query", "stands_in_the_way"),
    [
        (ALL, 4),
        (ADA, 3),
        (SPENT, 4),
        (Query.of(types=["money.spent"], tags=["account:ada"]), 3),
        (Query.of(types=["thing.happened"]) | Query.of(tags=["account:bob"]), 4),
        (Query.of(types=["thing.happened"]), 2),
    ],
)
def test_a_condition_fails_from_the_position_on_that_it_excludes(
    anywhere: Place, query: Query, stands_in_the_way: int
) -> None:
    """It fails for every position before the newest match, naming that, and holds from there on."""
    log = anywhere.open()
    log.append(Spent("ada"), Happened("rain"))
    log.append(Spent("ada"), Spent("bob"))
    for after in range(stands_in_the_way):
        with pytest.raises(Conflict) as caught:
            log.append(Happened("late"), condition=Condition(query, after))
        assert caught.value.position == stands_in_the_way
    assert log.head == 4
    assert log.append(Happened("late"), condition=Condition(query, stands_in_the_way)).position == 5


def test_a_condition_that_nothing_matches_holds(anywhere: Place) -> None:
    """Neither a type nor a tag that nobody used stands in the way, not even in a new log."""
    log = anywhere.open()
    assert log.append(Spent("ada"), condition=Condition(ALL)).position == 1
    assert log.append(Spent("ada"), condition=Condition(Query.of(tags=["account:bob"]))).position == 2
    assert log.append(Spent("ada"), condition=Condition(Query.of(types=["no.such"]))).position == 3
    assert log.append(Spent("ada"), condition=Condition(ADA, after=1 << 62)).position == 4


def test_conditions_see_what_is_staged_and_not_yet_written(anywhere: Place) -> None:
    """Two appends that exclude each other can't both pass by being written together, nor while one is being written."""
    log = anywhere.open()
    log.append(Happened("rain"))
    once = Condition(ADA, after=1)
    staged = log.stage(log.encode([Spent("ada")], condition=once))
    assert (staged.position, log.head) == (2, 1)
    with pytest.raises(Conflict) as caught:
        log.stage(log.encode([Spent("ada")], condition=once))
    assert caught.value.position == 2
    batch = log.take()
    with pytest.raises(Conflict):
        log.stage(log.encode([Spent("ada")], condition=once))
    log.write(batch)
    log.settle(batch)
    with pytest.raises(Conflict):
        log.append(Spent("ada"), condition=once)
    assert [each.data for each in log.read()] == [Happened("rain"), Spent("ada")]


# -- keys


def test_a_retry_returns_the_first_positions(anywhere: Place) -> None:
    """The same key with the same content writes nothing, in this opening of the log and in the next."""
    log = anywhere.open()
    log.append(Happened("rain"))
    first = log.append(Spent("ada"), Spent("bob", 2), key="k")
    assert (list(first.positions), first.is_duplicate) == ([2, 3], False)
    for _ in range(2):
        again = log.append(Spent("ada"), Spent("bob", 2), key="k", by="another", condition=Condition(ALL))
        assert (list(again.positions), again.is_duplicate, log.head) == ([2, 3], True, 3)
        log.close()
        log = anywhere.open()


@pytest.mark.parametrize(
    "events",
    [[Spent("ada")], [Spent("ada"), Spent("bob", 3)], [Spent("bob", 2), Spent("ada")], [Happened("x"), Happened("y")]],
)
def test_a_key_is_not_for_other_content(anywhere: Place, events: list[object]) -> None:
    """Fewer, other or reordered events under a used key are refused, and told where the key was used."""
    log = anywhere.open()
    log.append(Spent("ada"), Spent("bob", 2), key="k")
    for _ in range(2):
        with pytest.raises(KeyReused) as caught:
            log.append(*events, key="k")
        assert (caught.value.key, caught.value.positions) == ("k", range(1, 3))
        log.close()
        log = anywhere.open()
    assert log.head == 2


def test_a_key_is_known_as_soon_as_it_is_staged(anywhere: Place) -> None:
    """Two appends with one key in one commit are one append."""
    log = anywhere.open()
    append = log.encode([Spent("ada")], key="k")
    assert log.stage(append) == Appended([1])
    assert log.stage(log.encode([Spent("ada")], key="k")).is_duplicate
    with pytest.raises(KeyReused):
        log.stage(log.encode([Spent("bob")], key="k"))
    log.flush()
    assert [each.data for each in log.read()] == [Spent("ada")]


def test_equal_content_is_recorded_once_where_the_type_says_so(anywhere: Place) -> None:
    """Within one append, across appends and across openings; other tags are other content."""
    log = anywhere.open()
    assert log.append(Note("a"), Note("b"), Note("a")) == Appended([1, 2, 1])
    assert log.append(Note("b"), Note("c")) == Appended([2, 3])
    log.close()
    log = anywhere.open()
    assert log.append(Note("c"), Note("a")) == Appended([3, 1], is_duplicate=True)
    assert log.append(Note("a"), tags=["other"]) == Appended([4])
    assert log.append(Spent("ada"), Spent("ada")) == Appended([5, 6])


def test_a_key_takes_the_place_of_content(anywhere: Place) -> None:
    """With a key of its own, an append is known by that alone: equal content under two keys is recorded twice."""
    log = anywhere.open()
    log.append(Note("a"))
    assert log.append(Note("a"), key="k") == Appended([2])
    assert log.append(Note("a"), key="l") == Appended([3])
    assert log.append(Note("a")).positions == [1]


# -- time


@given(st.lists(st.integers(0, 1 << 62), min_size=1, max_size=6))
def test_recorded_time_never_runs_backward(readings: list[int]) -> None:
    """Whatever the clock says, in one opening and over several, no event is older than the one before it."""
    with place("memory") as here:
        log = here.open()
        for reading in readings:
            log = here.open(clock=itertools.repeat(reading).__next__)
            log.append(Happened("a"), Happened("b"))
        assert [each.time_ns for each in log.read()][::2] == list(itertools.accumulate(readings, max))
        assert verify(log.store).problem is None


# -- reopening


def test_a_log_opened_again_is_the_same(anywhere: Place) -> None:
    """Closed or not, with its catalog or without: every event, type, tag and key is there."""
    log = anywhere.open()
    log.append(Spent("ada"), Note("n", ("x",)), Happened("h"), tags=["t"], by="b", cause=1, key="k")
    log.append(Note("m"))
    before, types = facts(log), dict(log.types())
    for way in ("close", "die", "lose the catalog"):
        if way == "die":
            die(log)
        else:
            log.close()
        if way == "lose the catalog":
            anywhere.lose_catalog()
        log = anywhere.open()
        assert (facts(log), dict(log.types()), log.head) == (before, types, 4)
        assert log.append(Spent("ada"), Note("n", ("x",)), Happened("h"), tags=["t"], key="k").is_duplicate
        assert verify(log.store, log.catalog).problem is None


def test_a_catalog_that_fell_behind_is_made_up_for(disk: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are exact while the catalog lacks the newest events; opening the log for writing brings it up to date."""
    log = disk.open()
    log.append(Spent("ada"), Spent("bob"))
    monkeypatch.setattr(log.catalog, "apply", ignoring)
    log.append(Spent("ada"), Happened("rain"))
    assert (log.catalog.checkpoint, log.head) == (2, 4)
    assert [each.position for each in log.read(ADA)] == [1, 3]
    assert [each.position for each in log.read(SPENT, backward=True, limit=2)] == [3, 2]
    assert [each.position for each in log.read(ADA | Query.of(types=["thing.happened"]), after=2)] == [3, 4]
    die(log)
    assert disk.open().catalog.checkpoint == 4


def test_what_is_declared_waits_for_the_first_event(anywhere: Place) -> None:
    """A commit that never comes takes no dictionary with it: what is packed later can still be unpacked."""
    log = anywhere.open()
    log.flush()
    log.append(Happened("rain and rain and rain"))
    number = log.add_dictionary(b"sun and rain and wind" * 20)
    with pytest.raises(Conflict):
        log.append(Happened("late"), condition=Condition(ALL))
    log.flush()
    log.append(Happened("sun and rain and wind"))
    assert sorted(log.store.dictionaries()) == [1, number]
    log.close()
    assert [each.data.what for each in anywhere.open().read()] == ["rain and rain and rain", "sun and rain and wind"]


class FullDisk(BareStore):
    """A store that refuses its next commit: before it has it, or after."""

    refuse: str | None = None

    def append(self, sealed: Sealed) -> None:
        refuse, self.refuse = self.refuse, None
        if refuse == "before":
            raise StorageFailed("no space left")
        super().append(sealed)
        if refuse == "after":
            raise StorageFailed("no answer")


@pytest.mark.parametrize(("when", "head"), [("before", 1), ("after", 3)])
def test_after_a_failed_write_the_log_goes_on_from_what_is_there(when: str, head: int) -> None:
    """Nothing of it is written, or everything: then a retry with its key finds it, and types are declared once."""
    with place("memory") as here:
        here.memory = disk = FullDisk()
        log = here.open()
        log.append(Happened("rain"))
        disk.refuse = when
        with pytest.raises(StorageFailed):
            log.append(Spent("ada"), Note("n"), key="k")
        assert log.head == head
        assert log.append(Spent("ada"), Note("n"), key="k").is_duplicate == (when == "after")
        assert log.append(Note("n"), Note("n")).positions == [4, 4]
        assert verify(log.store, log.catalog).problem is None


def test_a_log_has_only_so_many_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame has two bytes for them; the append that would need one more is refused whole."""
    monkeypatch.setattr(staging, "MAX_TYPES", 2)
    with place("memory") as here:
        log = here.open()
        log.append(Spent("ada"), Happened("h"))
        with pytest.raises(InvalidInput, match=r"the log has 2 event types, and note\.made would be one more"):
            log.append(Spent("bob"), Note("n"))
        assert log.append(Spent("bob"), Happened("h")).positions == [3, 4]
        assert verify(log.store, log.catalog).problem is None


def test_a_type_that_the_log_does_not_name_is_damage() -> None:
    """The frame is whole, and yet nothing can be said about it."""
    with place("memory") as here:
        log = here.open()
        log.append(Spent("ada"))
        log.append(Happened("h"))
        del here.memory.names[2]
        with pytest.raises(Damaged, match="event 2 has type number 2, which the log does not name") as caught:
            here.open(read_only=True).read()
        assert caught.value.position == 2
