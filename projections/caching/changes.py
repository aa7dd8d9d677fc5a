"""Settings that change while an engine works: decisions, so they are events, each with its reason, and can be undone.

The settings that hold are those that the engine was opened with, and over them the last decision about each. A decision
of somebody who knew another version of this program and that can't be taken is passed over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from ...core.errors import InvalidInput
from ...core.events import event
from ...core.log import Log
from ...core.queries import Query
from .settings import CacheSettings

__all__ = ["PREFIX", "TUNER", "SettingChanged", "decided", "with_setting"]

_NAME: Final = "setting.changed"
PREFIX: Final = "cache."
TUNER: Final = "tuner"
Value = int | float | str | bool | None


@event(_NAME)
@attrs.frozen
class SettingChanged:
    """A setting of the engine was changed.

    Attributes:
        name: which: "cache." and the name of a field of `CacheSettings`.
        value: what it is from here on.
        before: what it was.
        reason: why, in a sentence.
        by: who decided: "tuner", or whoever it was.
    """

    name: str
    value: Value
    before: Value
    reason: str
    by: str = "user"

    def about(self) -> tuple[str, ...]:
        """The setting."""
        return (f"setting:{self.name}",)


def with_setting(settings: CacheSettings, name: str, value: Value) -> CacheSettings:
    """The same settings with one changed.

    Raises:
        InvalidInput: there is no such setting, or it can't be that.
    """
    return _with_all(settings, {name: value})


def _with_all(settings: CacheSettings, values: Mapping[str, Value]) -> CacheSettings:
    fields = {each.name for each in attrs.fields(CacheSettings)}
    for name in values:
        if not name.startswith(PREFIX) or name.removeprefix(PREFIX) not in fields:
            names = ", ".join(PREFIX + each.name for each in attrs.fields(CacheSettings))
            message = f"there is no setting {name!r}; there are {names}"
            raise InvalidInput(message)
    changed: dict[str, Any] = {name.removeprefix(PREFIX): value for name, value in values.items()}
    return attrs.evolve(settings, **changed)


def decided(settings: CacheSettings, log: Log, *, by_tuner: bool = True) -> CacheSettings:
    """Settings with all that was decided about them in a log; without what the tuner did, if so asked.

    Raises:
        Damaged: the log is.
    """
    found = log.read(Query.of([_NAME]))
    return _after(settings, [recorded.data for recorded in found if not recorded.is_erased], by_tuner=by_tuner)


def _after(settings: CacheSettings, changes: Sequence[SettingChanged], *, by_tuner: bool) -> CacheSettings:
    last = {change.name: change.value for change in changes if by_tuner or change.by != TUNER}
    with contextlib.suppress(InvalidInput):  # together, because some settings limit each other
        return _with_all(settings, last)
    for name, value in last.items():
        with contextlib.suppress(InvalidInput):  # of another version of this program, or opened with other ones
            settings = with_setting(settings, name, value)
    return settings
