"""Stores: what each of them promises the log, whatever it keeps frames in."""

from __future__ import annotations

import pytest

from remanence.codecs.commits import Commit, Declarations
from remanence.codecs.compression import dictionary_digest
from remanence.core.errors import Damaged, InvalidInput
from remanence.core.stores import Head, Sealed, Store, Tally

from .places import Place

DICTIONARY = b"a dictionary" * 50


@pytest.fixture(params=["memory", "lmdb"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Where the store is."""
    return Place(str(request.param), tmp_path_factory.mktemp("place"))


def sealed(first: int, count: int, declarations: Declarations = Declarations()) -> Sealed:  # noqa: B008 - frozen
    """A commit of frames that say where they stand."""
    frames = [b"frame %d" % position for position in range(first, first + count)]
    dictionaries = {number: DICTIONARY for number, _ in declarations.dictionaries}
    return Sealed(Commit(first, count, bytes([first]) * 32, declarations), frames, dictionaries)


def filled(place: Place) -> Store:
    """A store with three commits of six frames."""
    store = place.store()
    store.append(sealed(1, 3, Declarations(((1, "a.a"), (2, "b.b")), ((1, dictionary_digest(DICTIONARY)),))))
    store.append(sealed(4, 1))
    store.append(sealed(5, 2, Declarations(((3, "c.c"),))))
    return store


def test_a_store_knows_its_head(place: Place) -> None:
    """The position of the last frame and the link of the last commit; in an empty store, none and the log's own."""
    store = place.store()
    assert store.head().position == 0
    assert len(store.head().link) == 32
    assert len(store.log_id) == 16
    store.append(sealed(1, 3))
    assert store.head() == Head(3, bytes([1]) * 32)


def test_it_takes_only_what_follows(place: Place) -> None:
    """A gap, a repetition, no frame or another number of frames than the commit says: refused, and nothing changes."""
    store = filled(place)
    before = store.head()
    for wrong in (sealed(6, 1), sealed(8, 1), sealed(1, 1), Sealed(Commit(7, 2, bytes(32)), [b"one"])):
        with pytest.raises(InvalidInput):
            store.append(wrong)
    with pytest.raises(InvalidInput):
        store.append(Sealed(Commit(7, 0, bytes(32)), []))
    assert (store.head(), store.tally()) == (before, Tally(6, 3))


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [(1, 6, range(1, 7)), (2, 3, (2, 3)), (-5, 2, (1, 2)), (6, 99, (6,)), (7, 99, ()), (4, 3, ()), (0, 0, ())],
)
def test_it_reads_ranges(place: Place, first: int, last: int, found: tuple[int, ...]) -> None:
    """As far as there are any."""
    assert list(filled(place).read(first, last)) == [b"frame %d" % position for position in found]


def test_it_picks_single_frames(place: Place) -> None:
    """In the order asked for, and again; one that isn't there is damage, because nobody asks without a reason."""
    store = filled(place)
    assert list(store.pick([5, 1, 5])) == [b"frame 5", b"frame 1", b"frame 5"]
    assert list(store.pick([])) == []
    for position in (0, 7):
        with pytest.raises(Damaged) as caught:
            store.pick([1, position])
        assert caught.value.position == position


@pytest.mark.parametrize(
    ("first", "limit", "found"),
    [(0, 9, [1, 4, 5]), (1, 2, [1, 4]), (2, 2, [1, 4]), (3, 1, [1]), (4, 9, [4, 5]), (6, 9, [5]), (7, 9, [])],
)
def test_it_reads_commits(place: Place, first: int, limit: int, found: list[int]) -> None:
    """From the one that holds a position on."""
    assert [commit.first for commit in filled(place).commits(first, limit)] == found


def test_it_keeps_what_commits_declare(place: Place) -> None:
    """Types and dictionaries, and the records that declared them."""
    store = filled(place)
    assert store.types() == {1: "a.a", 2: "b.b", 3: "c.c"}
    assert store.dictionaries() == {1: DICTIONARY}
    declared = [commit.declarations for commit in store.commits(1, 9)]
    assert declared[0].dictionaries == ((1, dictionary_digest(DICTIONARY)),)
    assert [each.types for each in declared] == [((1, "a.a"), (2, "b.b")), (), ((3, "c.c"),)]


def test_it_is_the_same_when_opened_again(place: Place) -> None:
    """Reopened, or closed and opened."""
    store = filled(place)
    seen = (store.log_id, store.head(), list(store.read(1, 9)), store.commits(1, 9), store.types(), store.tally())
    store.reopen()
    assert store.head() == seen[1]
    assert store.used_bytes() > 0
    store.close()
    again = place.store()
    assert (
        again.log_id,
        again.head(),
        list(again.read(1, 9)),
        again.commits(1, 9),
        again.types(),
        again.tally(),
    ) == seen
    again.close()
