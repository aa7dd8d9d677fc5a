"""Verification: a sound log passes, and whatever is changed in one is found, at the place or before it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Mapping

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.codecs.commits import Declarations
from remanence.codecs.compression import dictionary_digest
from remanence.codecs.frames import SALT_BYTES, body_of, leaf, pack_frame, pack_header, read_header
from remanence.core import verify as verification
from remanence.core.catalogs import MemoryCatalog
from remanence.core.errors import Damaged
from remanence.core.events import Registry
from remanence.core.log import Log
from remanence.core.verify import verify

from ..effort import short
from .places import NOON_NS, REGISTRY, BareStore, Happened, Place, Spent, dice
from .tampering import (
    CATALOG,
    ERASED,
    LOG,
    OF_CATALOGS,
    OF_FRAMES,
    OF_RECORDS,
    CatalogTampering,
    Tampering,
    copies,
    fill,
    flip_a_bit,
    in_memory,
    on_disk,
    reseal,
)

seeds = st.integers(0, 1 << 32)


@pytest.fixture(autouse=True, params=["as it is", "in small bites"])
def bites(request: pytest.FixtureRequest) -> Generator[None]:
    """Everything holds whether a log is read at once, or in pieces that cut commits and appends in two."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "in small bites":
            patch.setattr(verification, "FRAMES_MAX", 2)
            patch.setattr(verification, "COMMITS_MAX", 3)
        yield


def test_a_sound_log_passes() -> None:
    """The report counts what is there, and where it ends."""
    report = verify(LOG, CATALOG, registry=Registry([Spent]))
    assert report.problem is None
    assert (report.events, report.commits, report.head) == (17, 8, LOG.head())
    assert report.types == {"money.spent": 4, "note.made": 4, "thing.happened": 9}
    assert report.unknown == ("note.made", "thing.happened")
    assert (report.erased, report.catalog_checkpoint) == (len(ERASED), 17)
    assert report.size_bytes == LOG.used_bytes()


def test_a_log_on_disk_passes(anywhere: Place) -> None:
    """In every place, with its catalog and without."""
    log = on_disk(anywhere)
    for catalog in (None, log.catalog):
        report = verify(log.store, catalog, registry=REGISTRY)
        assert (report.problem, report.events, report.unknown) == (None, 17, ())


def test_an_empty_log_passes(anywhere: Place) -> None:
    """There is nothing to be wrong."""
    log = anywhere.open()
    report = verify(log.store, log.catalog)
    assert (report.problem, report.events, report.commits, report.types) == (None, 0, 0, {})


@given(st.integers(0, 17))
def test_a_catalog_may_lag_behind(checkpoint: int) -> None:
    """It is compared as far as it goes, even where it ends in the middle of an append."""
    log = Log(LOG, MemoryCatalog(), REGISTRY)
    catalog = MemoryCatalog()
    entries = [entry for entry, _ in log.entries(log.read(before=checkpoint + 1))]
    if entries:
        catalog.apply(entries, leaf(LOG.frames[checkpoint - 1]))
    report = verify(LOG, catalog)
    assert (report.problem, report.catalog_checkpoint) == (None, checkpoint)


@pytest.mark.parametrize("tampering", [*OF_FRAMES, *OF_RECORDS])
@short(30)
@given(seed=seeds)
def test_whatever_is_changed_in_a_log_is_found(tampering: Tampering, seed: int) -> None:
    """At the first event that isn't as it was, or before it: where its commit begins, or the one that declares it."""
    store, catalog = copies()
    position = tampering(store, dice(seed))
    report = verify(store, catalog)
    assert report.log_problem is not None
    assert report.events < (report.log_problem.position or sys.maxsize)
    assert report.log_problem.position is None or 0 < report.log_problem.position <= position


def _another(frame: bytes, position: int, **changes: int) -> bytes:
    """A frame with another header."""
    header = read_header(frame, position)._replace(**changes)
    head = pack_header(header.type_id, header.version, header.dictionary_id, header.time_ns)
    return pack_frame(position, head, body_of(frame))


NOTE_WITH_KEY = msgspec.msgpack.encode(([], None, None, ["k", 1], {"text": "n", "tags": []}))
NONSENSE: dict[str, tuple[Callable[[BareStore], None], str]] = {
    "an event older than the one before it": (
        lambda store: store.frames.__setitem__(7, _another(store.frames[7], 8, time_ns=NOON_NS)),
        "event 8: it was recorded [0-9]+ ns before the one before it",
    ),
    "a type that no commit declares": (
        lambda store: store.frames.__setitem__(7, _another(store.frames[7], 8, type_id=9)),
        "event 8: it has the type number 9, which no commit has declared",
    ),
    "a dictionary that no commit declares": (
        lambda store: store.frames.__setitem__(7, _another(store.frames[7], 8, dictionary_id=9)),
        "event 8: the payload is compressed with dictionary 9, which the log does not hold",
    ),
    "a payload that is none": (
        lambda store: store.frames.__setitem__(
            7, pack_frame(8, pack_header(3, 1, 0, read_header(store.frames[7], 8).time_ns), bytes(40))
        ),
        "event 8: the payload is not one",
    ),
    "an append in another": (
        lambda store: store.frames.__setitem__(
            5,
            pack_frame(
                6, pack_header(2, 1, 0, read_header(store.frames[5], 6).time_ns), bytes(SALT_BYTES) + NOTE_WITH_KEY
            ),
        ),
        "event 6: its key begins an append in the middle of another one",
    ),
}


@pytest.mark.parametrize("case", NONSENSE)
def test_what_makes_no_sense_is_found_though_it_is_sealed(case: str) -> None:
    """A log that was written wrong has the right digests all the same; what it says is checked as well."""
    store, _ = copies()
    change, text = NONSENSE[case]
    change(store)
    reseal(store)
    report = verify(store)
    assert report.log_problem is not None
    assert re.search(text, report.log_problem.text)
    assert report.log_problem.position in (5, 8)


WRONG_DECLARATIONS: dict[str, tuple[Declarations, str]] = {
    "a second number for a type": (
        Declarations(((9, "money.spent"),)),
        "gives the type 'money.spent' a second number, 9",
    ),
    "a type for the second time": (Declarations(((1, "money.spent"),)), "declares number 1 a second time"),
    "an empty dictionary": (Declarations((), ((9, dictionary_digest(b"")),)), "a dictionary has 1 to [0-9]+ bytes"),
}


@pytest.mark.parametrize("case", WRONG_DECLARATIONS)
def test_declarations_that_make_no_sense_are_found_though_they_are_sealed(case: str) -> None:
    """Even where the tables agree with them."""
    store, _ = copies()
    declarations, text = WRONG_DECLARATIONS[case]
    store.records[4] = attrs.evolve(store.records[4], declarations=declarations)
    store.names.update(declarations.types)
    store.trained.update(dict.fromkeys(dict(declarations.dictionaries), b""))
    reseal(store)
    report = verify(store)
    assert report.log_problem is not None
    assert re.search(text, report.log_problem.text)
    assert report.log_problem.position == store.records[4].first


def test_an_append_whose_end_is_missing_is_found() -> None:
    """A key says how many events its append has; a log that ends before the last of them is cut off."""
    store, _ = copies()
    del store.frames[6:], store.records[3:]
    store.records[2] = attrs.evolve(store.records[2], count=2)
    reseal(store)
    report = verify(store)
    assert report.log_problem is not None
    assert "event 5 begins an append of 3 events" in report.log_problem.text


@short(50)
@given(seed=seeds)
def test_the_first_of_several_damages_is_named(seed: int) -> None:
    """However many frames are damaged, the report names the first, and counts what is sound before it."""
    store, catalog = copies()
    random = dice(seed)
    damaged: set[int] = set()
    for _ in range(3):
        position = flip_a_bit(store, random)
        if position not in damaged:
            damaged.add(position)
    report = verify(store, catalog)
    if report.log_problem is not None:  # the same bit may have been flipped twice
        assert report.log_problem.position in damaged
        sound = [commit.last for commit in store.records if commit.last < min(damaged)]
        assert report.events >= max(sound, default=0)


@pytest.mark.parametrize("tampering", OF_CATALOGS)
@short(30)
@given(seed=seeds)
def test_whatever_is_changed_in_a_catalog_is_found(tampering: CatalogTampering, seed: int) -> None:
    """The log is sound, and the catalog's first fault is where it was made."""
    store, catalog = copies()
    position = tampering(catalog, dice(seed))
    report = verify(store, catalog)
    assert report.log_problem is None
    assert report.catalog_problem is not None
    assert report.catalog_problem.position == position


def test_verification_goes_on_while_the_log_does(anywhere: Place) -> None:
    """What a writer appends meanwhile, with new types and dictionaries, is neither missed nor in the way."""
    log = on_disk(anywhere)

    def write_on(_: int, __: int) -> None:
        log.append(Spent("dee"), Happened("late", ("x", "late")), key=str(log.head))
        if log.head < 30:
            log.add_dictionary(str(log.head).encode() * 100)

    for _ in range(3):
        head = log.head
        report = verify(log.store, log.catalog, progress=write_on)
        assert report.problem is None
        assert report.events == report.catalog_checkpoint == head < log.head


def test_progress_is_told() -> None:
    """From nothing to everything, never backward."""
    told: list[tuple[int, int]] = []
    verify(LOG, CATALOG, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, 17), (17, 17))
    assert {total for _, total in told} == {17}


def test_an_end_that_was_cut_off_is_found() -> None:
    """An end cut off together with its commits is nothing that a chain can tell; the catalog can, and a noted head."""
    store, catalog = copies()
    del store.frames[15:], store.records[-1:]
    report = verify(store, catalog)
    assert report.log_problem is None
    assert report.catalog_problem is not None
    assert (report.catalog_problem.position, report.catalog_checkpoint) == (16, 17)
    assert verify(store).problem is None
    assert verify(store).head != verify(in_memory()).head


def test_a_store_that_can_not_be_read_makes_a_report() -> None:
    """Tables that can't be read at all are a problem where they are needed first."""

    class Torn(BareStore):
        is_torn = False

        def dictionaries(self) -> Mapping[int, bytes]:
            if self.is_torn:
                raise Damaged("the table is torn")
            return super().dictionaries()

    store = Torn()
    fill(Log(store, MemoryCatalog(), REGISTRY))
    store.is_torn = True
    report = verify(store)
    assert report.log_problem is not None
    assert (report.log_problem.position, report.log_problem.text) == (1, "the table is torn")
