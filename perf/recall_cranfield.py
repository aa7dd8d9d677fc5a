"""The Cranfield collection: abstracts of aerodynamics, questions, and judgements of which abstracts answer them.

A folder with the collection's own files: cran.all.1400, cran.qry and cranqrel. Questions are counted from 1 in the
order of their file, as the judgements do; a grade of -1 says that an abstract was looked at and answers nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

__all__ = ["Cranfield", "cranfield"]


@attrs.frozen
class Cranfield:
    """The collection.

    Attributes:
        abstracts: texts by number; two of the collection's 1,400 are empty and left out.
        questions: texts by number, with the numbers of the abstracts that answer them.
    """

    abstracts: Mapping[int, str]
    questions: Mapping[int, tuple[str, frozenset[int]]]


def cranfield(folder: Path) -> Cranfield:
    """Read the collection.

    Raises:
        OSError: a file of it can't be read.
        ValueError: one isn't the collection's.
    """
    judged: dict[int, set[int]] = defaultdict(set)
    for line in (folder / "cranqrel").read_text().splitlines():
        question, abstract, grade = map(int, line.split()[:3])
        if grade > 0:
            judged[question].add(abstract)
    texts = {number: text for number, text in _texts(folder / "cran.all.1400") if text.strip()}
    asked = (text for _, text in _texts(folder / "cran.qry"))
    return Cranfield(texts, {at: (text, frozenset(judged[at])) for at, text in enumerate(asked, 1)})


def _texts(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each record: `.I number`, then fields of a letter each, of which W is the text."""
    for record in re.split(r"^\.I ", path.read_text(), flags=re.MULTILINE)[1:]:
        number, *fields = re.split(r"^\.([TABW])$", record, flags=re.MULTILINE)
        by_letter = dict(zip(fields[::2], fields[1::2], strict=True))
        yield int(number), " ".join(by_letter.get("W", "").split())
