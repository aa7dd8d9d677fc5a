"""Taggers: what looks at a memory's text and says what it is about. Users plug in a model by writing one.

    class MyTagger:
        name = "my-model"
        version = 3

        async def tag(self, texts: Sequence[ToTag]) -> Sequence[Tags | None]: ...

A tagger may be slow, fail or hang: it is called behind a guard, away from the writing, and what it says is checked here
before it is recorded. Nothing that it does can lose a memory.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol, cast

import attrs

from ..core.errors import InvalidInput
from ..projections.tagging.cxd import state_of
from ..projections.tagging.verdicts import CLASSES, DOUBTFUL, GOOD, JUNK, STATES

__all__ = ["Tagger", "Tags", "ToTag", "check_tagger", "checked"]

KEYWORDS_MAX: Final = 20
KEYWORD_LENGTH_MAX: Final = 80
"""A keyword is a key of an index, and those have a limit."""
VERSION_MAX: Final = 2**31 - 1
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,99}")
_QUALITIES: Final = (GOOD, DOUBTFUL, JUNK)


@attrs.frozen
class ToTag:
    """A memory that is to be tagged.

    Attributes:
        id: the memory.
        scope: whose memory it is.
        kind: its kind.
        text: what it says.
        is_turn: whether it is a turn of a conversation.
    """

    id: str
    scope: tuple[str, ...]
    kind: str
    text: str
    is_turn: bool = False


@attrs.frozen
class Tags:
    """What a tagger makes of a text.

    Attributes:
        keywords: words and phrases to find it by, the best first, 20 at most; None leaves them to the built-in tagger.
        cxd: control, context or data; None when it doesn't know.
        sure: how sure it is of that, 0 to 1.
        state: `+` success, `-` failure, `~` partly, `?` uncertain; None has it follow from `sure`.
        quality: good, doubtful or junk; None leaves it to the built-in tagger, which in any case tells what is too
        short
            or a duplicate.
    """

    keywords: Sequence[str] | None = None
    cxd: str | None = None
    sure: float = 0.0
    state: str | None = None
    quality: str | None = None


class Tagger(Protocol):
    """Something that tags.

    Attributes:
        name: what it is called in the events that record what it says.
        version: raise it when it would tag differently: everything is then tagged anew in the background.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...

    async def tag(self, texts: Sequence[ToTag]) -> Sequence[Tags | None]:
        """Tags for each text, in their order; None leaves a text to the built-in tagger.

        It may raise, and it may be cancelled: then the texts are tried again later.
        """
        ...


def check_tagger(tagger: Tagger) -> None:
    """Refuse a tagger that can't be recorded by name and version.

    Raises:
        InvalidInput: it can't.
    """
    name: Any = getattr(tagger, "name", None)
    version: Any = getattr(tagger, "version", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        message = f"a tagger's name is letters, digits and . _ : / @ -, 100 at most, not {name!r}"
        raise InvalidInput(message)
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION_MAX:
        message = f"the version of the tagger {name} is a number from 1 on, not {version!r}"
        raise InvalidInput(message)
    if not callable(getattr(tagger, "tag", None)):
        message = f"the tagger {name} has no method `tag`"
        raise InvalidInput(message)


def checked(answer: object, count: int) -> list[Tags | None]:
    """What a tagger answered, fit to be recorded.

    Raises:
        InvalidInput: it isn't one `Tags` or None for each text, or something in one can't be taken.
    """
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        message = f"tag() returned {type(answer).__name__}, not a list of Tags"
        raise InvalidInput(message)
    found = cast("Sequence[object]", answer)
    if len(found) != count:
        message = f"tag() was given {count} texts and returned {len(found)}"
        raise InvalidInput(message)
    return [None if each is None else _checked(each) for each in found]


def _checked(tags: object) -> Tags:
    if not isinstance(tags, Tags):
        message = f"tag() returned {type(tags).__name__} for a text, not Tags"
        raise InvalidInput(message)
    sure: Any = tags.sure
    if isinstance(sure, bool) or not isinstance(sure, int | float) or not 0 <= sure <= 1:
        message = f"sure is 0 to 1, not {sure!r}"
        raise InvalidInput(message)
    for name, value, known in (
        ("cxd", tags.cxd, CLASSES),
        ("state", tags.state, STATES),
        ("quality", tags.quality, _QUALITIES),
    ):
        if value is not None and value not in known:
            message = f"{name} is one of {', '.join(known)} or None, not {value!r}"
            raise InvalidInput(message)
    if tags.cxd is None:
        return attrs.evolve(tags, keywords=_keywords(tags.keywords), sure=0.0, state=None)
    state = state_of(sure) if tags.state is None else tags.state
    return attrs.evolve(tags, keywords=_keywords(tags.keywords), sure=float(sure), state=state)


def _keywords(told: object) -> tuple[str, ...] | None:
    if told is None:
        return None
    if isinstance(told, str) or not isinstance(told, Sequence):
        message = f"keywords are a list of texts, not {told!r:.60}"
        raise InvalidInput(message)
    kept: dict[str, None] = {}
    for keyword in cast("Sequence[object]", told):
        if not isinstance(keyword, str):
            message = f"a keyword is a text, not {keyword!r:.60}"
            raise InvalidInput(message)
        even = " ".join(keyword.casefold().split())
        if even and even.isprintable() and len(even) <= KEYWORD_LENGTH_MAX:
            kept[even] = None
    return tuple(kept)[:KEYWORDS_MAX]
