"""A log with something of everything in it, and ways to change it behind its back. No expectation lives here.

Length: it is one list, of everything that can be done to a log on the disk, and is read as one.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random

import attrs

from remanence.codecs.commits import Commit, Declarations
from remanence.codecs.digests import body_digest, chain_link, genesis_link
from remanence.codecs.frames import HEADER_BYTES, body_of, leaf, pack_frame, pack_header, read_header, stub
from remanence.core.catalogs import KeyUse
from remanence.core.log import Log

from .places import REGISTRY, BareCatalog, BareStore, Happened, Note, Place, Spent, seeded, ticking

WORDS = b"the quick brown fox jumps over the lazy dog and runs away " * 10
ERASED = (6, 13)
"""Positions of events that have been erased: one in the middle of an append with a key, one by itself."""


def fill(log: Log) -> None:
    """Seventeen events in eight commits: types and dictionaries declared late, keys, notes, tags."""
    log.append(Spent("ada"), Spent("bob"))
    log.append(Note("a", ("x",)), Note("b"))
    log.append(Happened("one", ("x",)), Happened("two", ("y",)), Happened("three", ("x", "y")), key="k")
    log.add_dictionary(WORDS)
    log.append(Happened("the quick brown fox jumps over the lazy dog", ("fox",)))
    log.append(Spent("ada", 7), by="me", cause=3)
    log.append(Note("c"), key="l")
    log.append(*[Happened(f"number {number} of the lazy dog", (f"n{number}",)) for number in range(5)])
    log.append(Spent("cy"), Note("d"))


def erase(store: BareStore) -> None:
    """Leave stubs in the places of some events."""
    for position in ERASED:
        store.frames[position - 1] = stub(store.frames[position - 1], position)


def in_memory() -> BareStore:
    """The log in memory, erased events included."""
    store = BareStore()
    fill(Log(store, BareCatalog(), REGISTRY, clock=ticking(), entropy=seeded()))
    erase(store)
    return store


def catalog_of(store: BareStore) -> BareCatalog:
    """The catalog of a log, made from its frames."""
    catalog = BareCatalog()
    Log(store, catalog, REGISTRY)
    return catalog


def on_disk(here: Place) -> Log:
    """The log on disk, nothing erased."""
    log = here.open()
    fill(log)
    return log


Tampering = Callable[[BareStore, Random], int]
"""Changes a log; returns the first position that isn't as it was."""


def _some(store: BareStore, random: Random) -> int:
    return random.randrange(len(store.frames)) + 1


def flip_a_bit(store: BareStore, random: Random) -> int:
    """In any byte of a frame."""
    position = _some(store, random)
    frame = bytearray(store.frames[position - 1])
    frame[random.randrange(len(frame))] ^= 1 << random.randrange(8)
    store.frames[position - 1] = bytes(frame)
    return position


def cut_a_frame(store: BareStore, random: Random) -> int:
    """Only its beginning is left."""
    position = _some(store, random)
    frame = store.frames[position - 1]
    store.frames[position - 1] = frame[: random.randrange(len(frame))]
    return position


def drop_a_frame(store: BareStore, random: Random) -> int:
    """Those after it move up, as they are."""
    position = _some(store, random)
    del store.frames[position - 1]
    return position


def drop_and_seal(store: BareStore, random: Random) -> int:
    """Those after it move up, with checksums for their new places."""
    position = drop_a_frame(store, random)
    _seal(store, position)
    return position


def repeat_a_frame(store: BareStore, random: Random) -> int:
    """Once more behind itself, with checksums that are right."""
    position = _some(store, random)
    store.frames.insert(position, store.frames[position - 1])
    _seal(store, position + 1)
    return position + 1


def swap_two(store: BareStore, random: Random) -> int:
    """Two frames change places, as they are."""
    one, other = sorted(random.sample(range(len(store.frames)), 2))
    frames = store.frames
    frames[one], frames[other] = frames[other], frames[one]
    return one + 1


def swap_and_seal(store: BareStore, random: Random) -> int:
    """Two frames change places, with checksums for the new ones."""
    first = swap_two(store, random)
    _seal(store, first)
    return first


def replace_by_another(store: BareStore, random: Random) -> int:
    """A frame takes the place of another, with the right checksum: same time, so that only the chain can tell."""
    position, other = (index + 1 for index in random.sample(range(len(store.frames)), 2))
    header = read_header(store.frames[other - 1], other)
    time_ns = read_header(store.frames[position - 1], position).time_ns
    if header.flags:
        return flip_a_bit(store, random)
    head = pack_header(header.type_id, header.version, header.dictionary_id, time_ns)
    store.frames[position - 1] = pack_frame(position, head, body_of(store.frames[other - 1]))
    return position


def change_the_header(store: BareStore, random: Random) -> int:
    """Type, version, dictionary or time are others, and the checksum is right."""
    position = _some(store, random)
    frame = store.frames[position - 1]
    header = bytearray(frame[:HEADER_BYTES])
    header[random.randrange(1, HEADER_BYTES)] ^= 1 << random.randrange(8)
    store.frames[position - 1] = pack_frame(position, bytes(header), body_of(frame))
    return position


def change_the_body(store: BareStore, random: Random) -> int:
    """Salt, payload or an erased one's digest are others, and the checksum is right."""
    position = _some(store, random)
    frame = store.frames[position - 1]
    body = bytearray(body_of(frame))
    body[random.randrange(len(body))] ^= 1 << random.randrange(8)
    store.frames[position - 1] = pack_frame(position, frame[:HEADER_BYTES], bytes(body))
    return position


def add_a_frame(store: BareStore, random: Random) -> int:
    """One more at the end, which no commit knows."""
    position = len(store.frames) + 1
    frame = random.choice(store.frames)
    store.frames.append(pack_frame(position, frame[:HEADER_BYTES], body_of(frame)))
    return position


def _seal(store: BareStore, first: int) -> None:
    for position in range(first, len(store.frames) + 1):
        frame = store.frames[position - 1]
        store.frames[position - 1] = pack_frame(position, frame[:HEADER_BYTES], body_of(frame))


def reseal(store: BareStore) -> None:
    """Make checksums and chain right for whatever is there now, as a program with a mistake in it would."""
    _seal(store, 1)
    link = genesis_link(store.log_id)
    for index, commit in enumerate(store.records):
        leaves = map(leaf, store.frames[commit.first - 1 : commit.last])
        link = chain_link(link, commit.first, commit.count, leaves, commit.declarations.pack())
        store.records[index] = attrs.evolve(commit, link=link)


# -- commits and what they declare


def _some_commit(store: BareStore, random: Random) -> int:
    return random.randrange(len(store.records))


def change_a_commit(store: BareStore, random: Random) -> int:
    """Its beginning, its count or its link is another."""
    index = _some_commit(store, random)
    commit = store.records[index]
    changed = random.choice(
        [
            attrs.evolve(commit, first=commit.first + random.choice([-1, 1])),
            attrs.evolve(commit, count=commit.count + 1),
            attrs.evolve(commit, count=1 << 31),
            attrs.evolve(commit, link=body_digest(commit.link)),
        ]
    )
    store.records[index] = changed
    return commit.first


def change_what_it_declares(store: BareStore, random: Random) -> int:
    """A type or a dictionary more, less, or with another name, number or digest."""
    index = _some_commit(store, random)
    commit = store.records[index]
    types, dictionaries = commit.declarations.types, commit.declarations.dictionaries
    declarations = random.choice(
        [
            Declarations((*types, (99, "some.type")), dictionaries),
            Declarations((*types, (1, "money.spent")), dictionaries),
            Declarations((*types, (9, "money.spent")), dictionaries),
            Declarations(types, (*dictionaries, (9, bytes(32)))),
            Declarations(types[:-1], dictionaries) if types else Declarations(((1, "x.y"),)),
            Declarations(types, dictionaries[:-1]) if dictionaries else Declarations(((2, "x.y"),)),
        ]
    )
    store.records[index] = attrs.evolve(commit, declarations=declarations)
    return commit.first


def drop_a_commit(store: BareStore, random: Random) -> int:
    """Its record, not its frames."""
    return store.records.pop(_some_commit(store, random)).first


def repeat_a_commit(store: BareStore, random: Random) -> int:
    """Its record stands there twice."""
    index = _some_commit(store, random)
    store.records.insert(index, store.records[index])
    return store.records[index].last + 1


def split_a_commit(store: BareStore, random: Random) -> int:
    """Two records say together what one said."""
    indices = [index for index, commit in enumerate(store.records) if commit.count > 1]
    index = random.choice(indices)
    commit = store.records[index]
    one = attrs.evolve(commit, count=1)
    two = Commit(commit.first + 1, commit.count - 1, commit.link)
    store.records[index : index + 1] = [one, two]
    return commit.first


def change_a_type(store: BareStore, random: Random) -> int:
    """The table of types has another name, lacks one, or has one too many."""
    number = random.choice(list(store.names))
    change = random.randrange(3)
    if change == 0:
        store.names[number] += "x"
    elif change == 1:
        del store.names[number]
    else:
        store.names[77] = "some.type"
    return len(store.frames) if change == 2 else _declares(store, number, "types")


def change_a_dictionary(store: BareStore, random: Random) -> int:
    """The table of dictionaries has other bytes, lacks one, or has one too many."""
    number = random.choice(list(store.trained))
    change = random.randrange(3)
    if change == 0:
        store.trained[number] += b"x"
    elif change == 1:
        del store.trained[number]
    else:
        store.trained[77] = b"some dictionary"
    return len(store.frames) if change == 2 else _declares(store, number, "dictionaries")


def _declares(store: BareStore, number: int, what: str) -> int:
    """The first event of the commit that declares a type or a dictionary."""
    return next(commit.first for commit in store.records if number in dict(getattr(commit.declarations, what)))


def change_the_id(store: BareStore, random: Random) -> int:
    """All is as it was, but it says that it is another log."""
    store.pose_as(random.randbytes(16))
    return 1


OF_FRAMES: tuple[Tampering, ...] = (
    flip_a_bit,
    cut_a_frame,
    drop_a_frame,
    drop_and_seal,
    repeat_a_frame,
    swap_two,
    swap_and_seal,
    replace_by_another,
    change_the_header,
    change_the_body,
    add_a_frame,
)
OF_RECORDS: tuple[Tampering, ...] = (
    change_a_commit,
    change_what_it_declares,
    drop_a_commit,
    repeat_a_commit,
    split_a_commit,
    change_a_type,
    change_a_dictionary,
    change_the_id,
)


# -- the catalog


CatalogTampering = Callable[[BareCatalog, Random], int]


def lose_a_posting(catalog: BareCatalog, random: Random) -> int:
    """An event isn't found by one of its tags, or by its type."""
    positions = catalog.postings[random.choice(list(catalog.postings))]
    return positions.pop(random.randrange(len(positions)))


def add_a_posting(catalog: BareCatalog, random: Random) -> int:
    """An event, or none, is found by a tag that it doesn't bear."""
    term = random.choice([*catalog.postings, ("tag", "new")])
    positions = catalog.postings.setdefault(term, [])
    position = random.choice([other for other in range(40) if other not in positions])
    positions.append(position)
    positions.sort()
    return max(1, position)


def repeat_a_posting(catalog: BareCatalog, random: Random) -> int:
    """An event is found twice."""
    positions = catalog.postings[random.choice(list(catalog.postings))]
    position = random.choice(positions)
    positions.append(position)
    positions.sort()
    return position


def rename_a_term(catalog: BareCatalog, random: Random) -> int:
    """What was found by one tag is found by another."""
    kind, text = random.choice(list(catalog.postings))
    positions = catalog.postings.pop((kind, text))
    catalog.postings[kind, text + "'"] = positions
    return positions[0]


def change_a_key(catalog: BareCatalog, random: Random) -> int:
    """A key was used elsewhere, for more, or for other content."""
    digest = random.choice(list(catalog.uses))
    use = catalog.uses[digest]
    changed = random.choice(
        [
            KeyUse(use.first + 1, use.count, use.content),
            KeyUse(use.first, use.count + 1, use.content),
            KeyUse(use.first, use.count, bytes(15) + b"x"),
        ]
    )
    catalog.uses[digest] = changed
    return use.first


def lose_a_key(catalog: BareCatalog, random: Random) -> int:
    """A key is not known to have been used."""
    return catalog.uses.pop(random.choice(list(catalog.uses))).first


def add_a_key(catalog: BareCatalog, random: Random) -> int:
    """A key is known that was never used."""
    first = random.randrange(1, 30)
    catalog.uses[random.randbytes(16)] = KeyUse(first, 1, bytes(16))
    return first


def move_the_checkpoint(catalog: BareCatalog, random: Random) -> int:
    """The catalog claims to know more, or less, than it does."""
    there = catalog.checkpoint
    catalog.checkpoint = random.choice([position for position in range(25) if position != there])
    return min(there, catalog.checkpoint) + 1


def forge_the_proof(catalog: BareCatalog, random: Random) -> int:
    """The catalog claims to be of another history."""
    catalog.forge(random.randbytes(48))
    return catalog.checkpoint


OF_CATALOGS: tuple[CatalogTampering, ...] = (
    lose_a_posting,
    add_a_posting,
    repeat_a_posting,
    rename_a_term,
    change_a_key,
    lose_a_key,
    add_a_key,
    move_the_checkpoint,
    forge_the_proof,
)

LOG = in_memory()
CATALOG = catalog_of(LOG)


def copies() -> tuple[BareStore, BareCatalog]:
    """The log and its catalog, to be changed."""
    return deepcopy(LOG), deepcopy(CATALOG)
