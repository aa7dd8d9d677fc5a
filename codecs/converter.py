"""The converter that users' types hook into: cattrs, set up so that msgspec does whatever no hook touches.

A type is *native* when msgspec alone reads and writes everything in it and no hook of a user touches a part. Native
types pass through the converter as they are, and are checked by msgspec as strictly inside a hooked class as alone; so
registering one hook slows down only the classes that need it. What is not native for another reason than a hook
(maps with other keys than text, sets of what has no order, private fields) is brought into shape here.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar, overload
from uuid import UUID

import msgspec
from cattrs import Converter
from cattrs.strategies import configure_union_passthrough

from .native import encode_value, has_text_form, is_foreign, is_map, is_set
from .typegraph import is_untyped, members_of, types_of
from .values import check_value

__all__ = ["EventConverter", "make_converter"]

_Predicate = Callable[[Any], bool]
_StructureHook = Callable[[Any, Any], Any]
_UnstructureHook = Callable[[Any], Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])
_Factory = Callable[..., Any]
"""From a type, and for some the converter, to a hook."""

_LEFT_TO_MSGPACK: Final = (bytes, bytearray, memoryview, datetime, date, time, timedelta, UUID, Decimal)


class EventConverter(Converter):
    """A cattrs converter between attrs classes and what msgpack can hold (bytes and aware datetimes included).

    Register hooks on it as on any cattrs converter, before the classes that need them are registered as events.
    """

    _hooked: list[_Predicate]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._hooked = []
        super().__init__(*args, **kwargs)
        _configure(self)
        self._hooked = []  # hooks from here on are the user's; a copy takes these alone, and makes our own itself
        self._struct_copy_skip = self._structure_func.get_num_fns()
        self._unstruct_copy_skip = self._unstructure_func.get_num_fns()

    def copy(self, *args: Any, **kwargs: Any) -> EventConverter:
        copied = super().copy(*args, **kwargs)
        copied._hooked = [*self._hooked]  # noqa: SLF001 - one of our own
        return copied

    @overload
    def register_structure_hook(self, cl: _Function) -> _Function: ...
    @overload
    def register_structure_hook(self, cl: Any, func: _StructureHook) -> None: ...
    def register_structure_hook(self, cl: Any, func: _StructureHook | None = None) -> Any:
        if func is None:  # a decorator: the type stands in the function's annotations
            self.register_structure_hook(inspect.signature(cl, eval_str=True).return_annotation, cl)
            return cl
        self._hooked.append(_matches(cl))
        return super().register_structure_hook(cl, func)

    @overload
    def register_unstructure_hook(self, cls: _Function) -> _Function: ...
    @overload
    def register_unstructure_hook(self, cls: Any, func: _UnstructureHook) -> None: ...
    def register_unstructure_hook(self, cls: Any, func: _UnstructureHook | None = None) -> Any:
        if func is None:
            parameter = next(iter(inspect.signature(cls, eval_str=True).parameters.values()))
            self.register_unstructure_hook(parameter.annotation, cls)
            return cls
        self._hooked.append(_matches(cls))
        return super().register_unstructure_hook(cls, func)

    def register_structure_hook_func(self, check_func: _Predicate, func: _StructureHook) -> None:
        self._hooked.append(check_func)
        super().register_structure_hook_func(check_func, func)

    def register_unstructure_hook_func(self, check_func: _Predicate, func: _UnstructureHook) -> None:
        self._hooked.append(check_func)
        super().register_unstructure_hook_func(check_func, func)

    # cattrs has one overload more for each kind of factory; ours take both kinds.

    @overload
    def register_structure_hook_factory(self, predicate: _Predicate) -> Callable[[_Function], _Function]: ...
    @overload
    def register_structure_hook_factory(self, predicate: _Predicate, factory: _Function) -> _Function: ...
    def register_structure_hook_factory(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, predicate: _Predicate, factory: _Factory | None = None
    ) -> Any:
        if factory is None:  # a decorator
            return partial(self.register_structure_hook_factory, predicate)
        self._hooked.append(predicate)
        super().register_structure_hook_factory(predicate, factory)
        return factory

    @overload
    def register_unstructure_hook_factory(self, predicate: _Predicate) -> Callable[[_Function], _Function]: ...
    @overload
    def register_unstructure_hook_factory(self, predicate: _Predicate, factory: _Function) -> _Function: ...
    def register_unstructure_hook_factory(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, predicate: _Predicate, factory: _Factory | None = None
    ) -> Any:
        if factory is None:
            return partial(self.register_unstructure_hook_factory, predicate)
        self._hooked.append(predicate)
        super().register_unstructure_hook_factory(predicate, factory)
        return factory

    def is_native(self, cls: Any) -> bool:
        """Whether msgspec alone reads and writes `cls`: it knows every type in it, and no hook of a user touches one.

        Raises:
            NameError, TypeError: an annotation that can't be resolved.
        """
        parts = list(types_of(cls))
        if any(_holds(hooked, part) for part in parts for hooked in self._hooked):
            return False
        try:
            msgspec.msgpack.Decoder(cls)
        except (TypeError, NotImplementedError):
            return False
        return not any(is_foreign(part) for part in parts)


def make_converter() -> EventConverter:
    """A converter that behaves like the default one, for users to register hooks of their own on."""
    return EventConverter()


def _configure(converter: EventConverter) -> None:
    """Our own hooks, over those that cattrs has for everything. The last one that fits a type is taken.

    cattrs' own set-up for msgspec is not used: within classes that contain themselves it forgets the users' hooks.
    """
    configure_union_passthrough(str | bool | int | float | bytes | datetime | None, converter)
    for scalar in (str, int, float, bool):
        converter.register_structure_hook(scalar, _strict(scalar))
    for known in (bytes, datetime, date, msgspec.Struct):
        converter.register_structure_hook(known, _convert)
        converter.register_unstructure_hook(known, _as_is)
    converter.register_unstructure_hook_factory(is_set, _set_unstructurer(converter))
    converter.register_unstructure_hook_factory(_is_other_map, _map_unstructurer(converter))
    converter.register_structure_hook_factory(_is_other_map, _map_structurer(converter))
    converter.register_unstructure_hook_factory(_is_closed(converter), _native_unstructurer)
    converter.register_structure_hook_factory(converter.is_native, _native_structurer)


def _as_is(value: Any) -> Any:
    return value


def _convert(value: Any, wanted: Any) -> Any:
    return msgspec.convert(value, wanted)


def _is_closed(converter: EventConverter) -> _Predicate:
    """Which native types say all about their values: where one leaves it open, a value may be of a hooked type."""

    def predicate(part: Any) -> bool:
        return converter.is_native(part) and not any(map(is_untyped, types_of(part)))

    return predicate


def _is_other_map(part: Any) -> bool:
    return is_map(part) and is_foreign(part)


def _native_unstructurer(wanted: Any) -> _UnstructureHook:
    return _to_plain if members_of(wanted) else _as_is


def _native_structurer(_: Any) -> _StructureHook:
    return _convert


def _to_plain(value: Any) -> Any:
    """An object as a dict, which is what cattrs' strategies and users' hooks build on."""
    return msgspec.to_builtins(value, builtin_types=_LEFT_TO_MSGPACK, order="sorted")


def _strict(base: type[Any]) -> _StructureHook:
    """A hook that takes only what is of the type: cattrs would call `int("3")`, and lose the half of `int(1.5)`."""

    def structure(value: Any, wanted: Any) -> Any:
        exact = msgspec.convert(value, base)
        return exact if wanted is base else wanted(exact)  # a subclass, like an IntEnum

    return structure


def _set_unstructurer(converter: EventConverter) -> _Factory:
    def factory(wanted: Any) -> _UnstructureHook:
        inner = converter.get_unstructure_hook(typing.get_args(wanted)[0])

        def unstructure(values: Iterable[Any]) -> list[Any]:
            _expect(values, AbstractSet, wanted)
            return sorted(map(inner, values), key=encode_value)

        return unstructure

    return factory


def _map_unstructurer(converter: EventConverter) -> _Factory:
    def factory(wanted: Any) -> _UnstructureHook:
        key_type, value_type = typing.get_args(wanted)
        keys = _text_of if has_text_form(key_type) else converter.get_unstructure_hook(key_type)
        values = converter.get_unstructure_hook(value_type)

        def unstructure(items: Mapping[Any, Any]) -> dict[Any, Any]:
            _expect(items, Mapping, wanted)
            plain = {keys(key): values(value) for key, value in items.items()}
            if len(plain) != len(items):
                message = f"{wanted}: two keys have the same form"
                raise ValueError(message)
            return plain

        return unstructure

    return factory


def _map_structurer(converter: EventConverter) -> _Factory:
    def factory(wanted: Any) -> _StructureHook:
        key_type, value_type = typing.get_args(wanted)
        keys = _from_text if has_text_form(key_type) else converter.get_structure_hook(key_type)
        values = converter.get_structure_hook(value_type)

        def structure(items: Any, _: Any) -> dict[Any, Any]:
            _expect(items, Mapping, wanted)
            return {keys(key, key_type): values(value, value_type) for key, value in items.items()}

        return structure

    return factory


def _text_of(key: Any) -> str:
    """A key as text, as JSON has it: `1` as "1", a UUID by its digits, an enum's member by its value."""
    check_value(key, "key")
    [text] = msgspec.to_builtins({key: None}, str_keys=True)
    return str(text)


def _from_text(text: str, wanted: Any) -> Any:
    [key] = msgspec.convert({text: None}, dict[wanted, None], str_keys=True)
    return key


def _expect(value: object, base: type, wanted: Any) -> None:
    if not isinstance(value, base):
        message = f"expected {wanted}, got {type(value).__name__}"
        raise TypeError(message)


def _matches(wanted: Any) -> _Predicate:
    """Which types a hook for `wanted` touches: equal ones (unions are equal, not identical) and subclasses."""

    def predicate(part: Any) -> bool:
        if isinstance(part, type) and isinstance(wanted, type):
            return issubclass(part, wanted)
        return bool(part == wanted)

    return predicate


def _holds(predicate: _Predicate, part: Any) -> bool:
    try:
        return bool(predicate(part))
    except Exception:  # noqa: BLE001 - a user's predicate that fails on a type doesn't mean it; cattrs reads it so too
        return False
