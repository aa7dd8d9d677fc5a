"""Events and their registry: which class a stored name and version mean, and how old versions become new ones.

Names are data, never Python paths: a class can move and be renamed, the name stays. A registry is frozen into a log
when that is opened; building it checks that every old version has a way to the newest, without gaps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, partial
from typing import Any, Final, Generic, Protocol, TypeVar

import attrs

from ..codecs.converter import EventConverter, make_converter
from ..codecs.payloads import Payload, PayloadCodec, decode_any
from .errors import InvalidInput

__all__ = ["EventType", "Kind", "Registry", "Upcaster", "event", "event_type_of", "upcaster"]

C = TypeVar("C")
Data = dict[str, Any]
_ATTRIBUTE: Final = "__remanence_event__"
_OURS: Final = __name__.partition(".")[0]
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
MAX_NAME_LENGTH: Final = 100
MAX_VERSION: Final = 0xFFFF


@attrs.frozen
class EventType:
    """What `@event` says of a class.

    Attributes:
        name: stable name, like `memory.remembered`.
        version: schema version, from 1.
        dedup: whether equal content is recorded once only.
    """

    name: str
    version: int
    dedup: bool


@attrs.frozen
class Upcaster:
    """How stored data of one version becomes data of the next.

    Attributes:
        name: name of the event type.
        version: the version that it takes; it returns the one after.
        change: from a version's data, as plain dicts, lists and scalars, to the next version's.
    """

    name: str
    version: int
    change: Callable[[Data], Data]


def event(name: str, *, version: int = 1, dedup: bool = False) -> Callable[[type[C]], type[C]]:
    """Register an attrs class as an event type.

    Args:
        name: lower-case words joined by dots, in the past tense: `order.placed`. Never change it.
        version: schema version; raise it when stored data would no longer fit, and add an `upcaster`.
        dedup: record equal content once: appending it again returns the position it has.

    Raises:
        InvalidInput: name or version are not of that form, or the class is not a frozen attrs class.
    """
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
        message = (
            f"event name {name!r}: use lower-case words joined by dots, like 'order.placed', {MAX_NAME_LENGTH} at most"
        )
        raise InvalidInput(message)
    if not 1 <= version <= MAX_VERSION:
        message = f"event {name}: version {version} is not between 1 and {MAX_VERSION}"
        raise InvalidInput(message)

    def register(cls: type[C]) -> type[C]:
        if not _is_attrs(cls):
            message = f"event {name}: {cls.__name__} is not an attrs class; put @attrs.frozen below @event"
            raise InvalidInput(message)
        setattr(cls, _ATTRIBUTE, EventType(name, version, dedup))
        return cls

    return register


def upcaster(name: str, *, version: int) -> Callable[[Callable[[Data], Data]], Upcaster]:
    """Make a function that takes data of `version` and returns data of `version + 1` an upcaster of an event type."""
    return lambda change: Upcaster(name, version, change)


def event_type_of(cls: type) -> EventType:
    """What `@event` said of a class.

    Raises:
        InvalidInput: nothing; the class is not an event.
    """
    found = cls.__dict__.get(_ATTRIBUTE)
    if not isinstance(found, EventType):
        message = f"{cls.__name__} is not an event; decorate the class with @event('name')"
        raise InvalidInput(message)
    return found


class Kind(Protocol):
    """What is written into an event's frame of its type."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> int: ...


@attrs.frozen
class Registered(Generic[C]):
    """An event type as a registry holds it."""

    name: str
    version: int
    dedup: bool
    cls: type[C]
    converter: EventConverter
    upcasters: tuple[Callable[[Data], Data], ...]

    @cached_property
    def codec(self) -> PayloadCodec[C]:
        """What reads and writes payloads of the class. It looks at every type in the class, which takes a while."""
        return PayloadCodec(self.cls, self.converter)

    def decode(self, version: int, payload: bytes) -> Payload[C]:
        """A stored payload of this type, brought up to the registered version.

        Raises:
            Exception: whatever tells that the stored data doesn't fit the class.
        """
        if version == self.version:
            return self.codec.decode(payload)
        old = decode_any(payload)
        data: Data = old.data
        for change in self.upcasters[version - 1 :]:
            data = change(data)
        return self.codec.from_data(old, data)


class Registry:
    """The event types a program knows."""

    def __init__(
        self,
        events: Iterable[type] = (),
        upcasters: Iterable[Upcaster] = (),
        converter: EventConverter | None = None,
    ) -> None:
        """Build and check.

        Args:
            events: event classes.
            upcasters: for types that have had earlier versions: one from each of them to the next.
            converter: a converter with hooks for types of your own (see `make_converter`).

        Raises:
            InvalidInput: two classes under one name, a gap or a branch in a chain of upcasters, one that leads nowhere.
        """
        self.converter = converter = make_converter() if converter is None else converter
        chains = _chains(upcasters)
        self._by_class: dict[type, Registered[Any]] = {}
        self._by_name: dict[str, Registered[Any]] = {}
        for cls in events:
            self._add(cls, chains, converter)
        for name in chains:
            if name not in self._by_name:
                message = f"there are upcasters for {name}, which no event class has"
                raise InvalidInput(message)

    def _add(
        self, cls: type, chains: Mapping[str, Mapping[int, Callable[[Data], Data]]], converter: EventConverter
    ) -> None:
        kind = event_type_of(cls)
        other = self._by_name.get(kind.name)
        if other is not None:
            if other.cls is cls:
                return
            message = f"two classes are called {kind.name}: {other.cls.__qualname__} and {cls.__qualname__}"
            raise InvalidInput(message)
        chain = _ordered_chain(kind, chains.get(kind.name, {}))
        registered: Registered[Any] = Registered(kind.name, kind.version, kind.dedup, cls, converter, chain)
        if cls.__module__.partition(".")[0] != _OURS:
            _ = registered.codec  # whether it can be kept is found here; of our own, which can be, when one is met
        self._by_class[cls] = self._by_name[kind.name] = registered

    def of(self, event: object) -> Registered[Any]:
        """The registered type of an event.

        Raises:
            InvalidInput: its class isn't registered.
        """
        registered = self._by_class.get(type(event))
        if registered is None:
            name = type(event).__name__
            message = f"{name} is not a registered event class; pass it in events=[…] when you open the engine"
            raise InvalidInput(message)
        return registered

    def named(self, name: str) -> Registered[Any] | None:
        """The registered type called `name`, or None."""
        return self._by_name.get(name)

    def decoder(self, name: str, version: int) -> Callable[[bytes], Payload[Any]] | None:
        """What decodes stored payloads of a type and version; None if this program doesn't know them."""
        registered = self._by_name.get(name)
        if registered is None or version > registered.version:
            return None
        return registered.codec.decode if version == registered.version else partial(registered.decode, version)

    def name_of(self, kind: type | str) -> str:
        """The name of an event class, or the name itself."""
        return kind if isinstance(kind, str) else event_type_of(kind).name


def _is_attrs(cls: type) -> bool:
    """`attrs.has`, without its claim about the type of what has been asked about."""
    return attrs.has(cls)


def _chains(upcasters: Iterable[Upcaster]) -> dict[str, dict[int, Callable[[Data], Data]]]:
    chains: dict[str, dict[int, Callable[[Data], Data]]] = {}
    for each in upcasters:
        chain = chains.setdefault(each.name, {})
        if each.version in chain:
            message = f"two upcasters take {each.name} version {each.version}"
            raise InvalidInput(message)
        chain[each.version] = each.change
    return chains


def _ordered_chain(kind: EventType, chain: Mapping[int, Callable[[Data], Data]]) -> tuple[Callable[[Data], Data], ...]:
    """The upcasters of a type in order: exactly one from each version before its own."""
    missing = [version for version in range(1, kind.version) if version not in chain]
    if missing:
        message = (
            f"{kind.name} is at version {kind.version}, but nothing reads version {missing[0]}; add an upcaster for it"
        )
        raise InvalidInput(message)
    beyond = [version for version in chain if not 1 <= version < kind.version]
    if beyond:
        message = f"{kind.name} is at version {kind.version}; an upcaster that takes version {beyond[0]} leads nowhere"
        raise InvalidInput(message)
    return tuple(chain[version] for version in sorted(chain))
