"""Readers and a writer in any order of their steps: what is found is never anything but what the newest commit says."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remanence.codecs.keys import pack

from ..effort import short
from .shelf import CODEC, Book, Reader, Shelf, question

ids = st.sampled_from(["a", "b", "c"])
owners = st.sampled_from(["ada", "bo"])
books = st.builds(Book, ids, owners, st.text("xyz", max_size=3))
changes = st.dictionaries(ids, st.none() | owners, min_size=1, max_size=2)


class LevelsMachine(RuleBasedStateMachine):
    """One table, one writer, several readers; each step of each is a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.readers: list[Reader] = []
        self.writing: dict[str, Book | None] | None = None
        self.is_committed = False
        self.count = 0

    @rule(key=ids)
    def begin_row(self, key: str) -> None:
        """Somebody begins to read a row."""
        self.readers.append(Reader(self.shelf, key))

    @rule(owner=st.none() | owners)
    def begin_question(self, owner: str | None) -> None:
        """Somebody begins to ask."""
        self.readers.append(Reader(self.shelf, None, owner))

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        """Somebody's snapshot is taken."""
        data.draw(st.sampled_from(self.readers)).read()

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def keep(self, data: st.DataObject) -> None:
        """Somebody offers what was read, who has read since the beginning."""
        reader = data.draw(st.sampled_from(self.readers))
        reader.read() if not (reader.row or reader.rows) else None
        reader.keep()
        self.readers.remove(reader)

    @precondition(lambda self: self.writing is None)
    @rule(changes=changes)
    def begin_change(self, changes: dict[str, str | None]) -> None:
        """The writer knows what will change."""
        self.count += 1
        self.writing = {
            key: None if owner is None else Book(key, owner, str(self.count)) for key, owner in changes.items()
        }
        self.is_committed = False
        self.shelf.begin(self.writing)

    @precondition(lambda self: self.writing is not None and not self.is_committed)
    @rule()
    def commit(self) -> None:
        """The change is there."""
        assert self.writing is not None
        self.shelf.commit(self.writing)
        self.is_committed = True

    @precondition(lambda self: self.writing is not None)
    @rule()
    def end(self) -> None:
        """The commit is over, or was taken back."""
        self.shelf.cache.changed()
        self.writing = None

    @rule()
    def renew(self) -> None:
        """The view is another one, or failed and was mended."""
        self.shelf.cache.shut()
        self.shelf.cache.open()

    @invariant()
    def is_right(self) -> None:
        """Every object, row and answer that is found is what is on the disk."""
        shelf = self.shelf
        for key in "abc":
            book = shelf.cache.objects.get(key)
            assert book is None or book == shelf.books.get(key)
            stored = shelf.cache.stored(pack((key,)))
            assert stored is None or CODEC.decode(stored) == shelf.books.get(key)
        for owner in (None, "ada", "bo"):
            answer = shelf.cache.answer(question(owner))
            assert answer is None or answer == shelf.owned(owner)


TestLevels = LevelsMachine.TestCase
TestLevels.settings = short(60, steps=40)
