"""A table kept on a dict instead of a disk, with its cache: for tests that decide what happens when."""

from __future__ import annotations

import attrs

from remanence.codecs.compression import Dictionaries
from remanence.codecs.converter import make_converter
from remanence.codecs.keys import pack
from remanence.codecs.rows import RowCodec
from remanence.projections.caching.caches import Caches
from remanence.projections.caching.levels import TableCache
from remanence.projections.caching.settings import CacheSettings
from remanence.projections.finding import Question
from remanence.projections.plans import Found
from remanence.projections.projection import Projection
from remanence.projections.tables import Table

__all__ = ["Book", "Reader", "Shelf", "Shelves", "question"]


@attrs.frozen
class Book:
    """A row."""

    id: str
    owner: str
    text: str


class Shelves(Projection):
    """A table with a domain."""

    books = Table(Book, key="id", indexes={"by_owner": "owner"}, domain="owner")


def question(owner: str | None) -> Question:
    """Whose books; of everybody, if None."""
    conditions = {} if owner is None else {"owner": owner}
    return Question.of(Shelves.books, (), conditions, order="id", limit=None, after=None, index=None, scan=True)


CODEC = RowCodec(Book, make_converter())


class Shelf:
    """Books, and what is kept of them."""

    def __init__(self, settings: CacheSettings | None = None) -> None:
        self.books: dict[str, Book] = {}
        self.caches = Caches(settings or CacheSettings(rows_bytes=1 << 20), Dictionaries())
        self.cache: TableCache[Book] = self.caches.table("shelves", Shelves.books)
        self.cache.open()

    def begin(self, changes: dict[str, Book | None]) -> None:
        """Everything that is done before a commit."""
        self.cache.note((pack((key,)), self.books.get(key), book) for key, book in changes.items())
        self.cache.changing()

    def commit(self, changes: dict[str, Book | None]) -> None:
        """The commit itself."""
        for key, book in changes.items():
            if book is None:
                self.books.pop(key, None)
            else:
                self.books[key] = book

    def owned(self, owner: str | None) -> list[Book]:
        """The books of somebody."""
        return [book for _, book in sorted(self.books.items()) if owner in (None, book.owner)]


class Reader:
    """Somebody who reads, step by step, as `ReadRows` does."""

    def __init__(self, shelf: Shelf, key: str | None, owner: str | None = None) -> None:
        self.shelf = shelf
        self.key = key
        self.owner = owner
        domain = None if key is not None or owner is None else pack((owner,))
        self.seen = shelf.cache.seen(domain)
        self.row: Book | None = None
        self.rows: list[Book] = []

    def read(self) -> None:
        """From the disk."""
        if self.key is not None:
            self.row = self.shelf.books.get(self.key)
        else:
            self.rows = self.shelf.owned(self.owner)

    def keep(self) -> None:
        """Offer it."""
        cache = self.shelf.cache
        if self.row is not None:
            cache.keep(self.seen, self.row.id, pack((self.row.id,)), CODEC.encode(self.row), self.row)
        elif self.key is None:
            cache.keep_answer(self.seen, question(self.owner), Found(self.rows))
