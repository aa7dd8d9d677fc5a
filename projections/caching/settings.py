"""How much caches may keep, and for how long: presets, and settings of one's own. Data alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ...core.errors import InvalidInput
from .policies import POLICIES, PolicyName

__all__ = ["PRESETS", "CacheSettings", "check_policy", "check_time", "check_whole"]

MB: Final = 1 << 20
_SHARES: Final = ("clean_to", "clean_at", "emergency_at")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_whole(name: str, value: object, *, least: int = 0) -> None:
    """Refuse, by InvalidInput, what is no whole number of so much at least."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        message = f"{name} is a whole number, {least} or more, not {value!r:.60}"
        raise InvalidInput(message)


def check_time(name: str, value: float | None) -> None:
    """Refuse, by InvalidInput, what is no time in seconds, and not None."""
    if value is not None and not (_is_number(value) and value > 0):
        message = f"{name} is a time in seconds, over 0, or None, not {value!r:.60}"
        raise InvalidInput(message)


def check_policy(value: object) -> None:
    """Refuse, by InvalidInput, what is no policy's name."""
    if not isinstance(value, str) or value not in POLICIES:
        message = f"policy is one of {', '.join(POLICIES)}, not {value!r:.60}"
        raise InvalidInput(message)


@attrs.frozen
class CacheSettings:
    """What an engine's caches may take, and how they work. All sizes are measured bytes.

    Attributes:
        objects_bytes: L1, rows as objects; 0 for none.
        rows_bytes: L2, rows as compressed bytes; 0 for none.
        results_bytes: L3, answers of `find`; 0 for none.
        policy: which entries go when there is no room: "lru", "lfu" or "adaptive".
        objects_ttl_s: how long an object stays, in seconds; None for as long as there is room. A cache is never out of
            date, whatever this says: it only gives back memory.
        rows_ttl_s: the same for compressed rows.
        results_ttl_s: the same for answers.
        warm_rows: how many rows of each table are read when the engine opens, from the last key down.
        clean_at: at this share of all bytes the caches are cleaned,
        clean_to: down to this one.
        emergency_at: at this share they are cleaned at once, by whoever reads.
        predict: whether to learn what is read after what, and to read it beforehand.
        tune_s: how often the tuner looks, in seconds; None for never. What it decides are `setting.changed` events.
    """

    objects_bytes: int = 16 * MB
    rows_bytes: int = 0
    results_bytes: int = 8 * MB
    policy: PolicyName = "adaptive"
    objects_ttl_s: float | None = None
    rows_ttl_s: float | None = None
    results_ttl_s: float | None = 3600.0
    warm_rows: int = 0
    clean_at: float = 0.8
    clean_to: float = 0.7
    emergency_at: float = 0.95
    predict: bool = False
    tune_s: float | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("objects_bytes", "rows_bytes", "results_bytes", "warm_rows"):
            check_whole(name, getattr(self, name))
        for name in ("objects_ttl_s", "rows_ttl_s", "results_ttl_s", "tune_s"):
            check_time(name, getattr(self, name))
        check_policy(self.policy)
        if not isinstance(self.predict, bool):
            message = f"predict is True or False, not {self.predict!r}"
            raise InvalidInput(message)
        are_numbers = all(_is_number(getattr(self, name)) for name in _SHARES)
        if not are_numbers or not 0 < self.clean_to <= self.clean_at <= self.emergency_at <= 1:
            shares = ", ".join(f"{name}={getattr(self, name)!r}" for name in _SHARES)
            message = f"clean_to, clean_at and emergency_at are shares that rise, over 0 and up to 1, not {shares}"
            raise InvalidInput(message)

    @property
    def limit_bytes(self) -> int:
        """What all levels may take together."""
        return self.objects_bytes + self.rows_bytes + self.results_bytes

    @property
    def is_off(self) -> bool:
        """Whether nothing is kept."""
        return not self.limit_bytes

    @classmethod
    def preset(cls, name: str) -> CacheSettings:
        """Settings by name: "default", "throughput", "latency", "small-memory" or "off".

        Raises:
            InvalidInput: there is no such preset.
        """
        try:
            return PRESETS[name]
        except KeyError:
            message = f"there is no preset {name!r}; there are {', '.join(PRESETS)}"
            raise InvalidInput(message) from None


PRESETS: Final[Mapping[str, CacheSettings]] = {
    "default": CacheSettings(),
    "throughput": CacheSettings(objects_bytes=128 * MB, results_bytes=64 * MB, warm_rows=10_000),
    "latency": CacheSettings(objects_bytes=64 * MB, results_bytes=64 * MB, warm_rows=2_000, predict=True),
    "small-memory": CacheSettings(
        objects_bytes=1 * MB,
        rows_bytes=2 * MB,
        results_bytes=1 * MB,
        results_ttl_s=300.0,
        clean_at=0.7,
        clean_to=0.6,
        emergency_at=0.85,
    ),
    "off": CacheSettings(objects_bytes=0, rows_bytes=0, results_bytes=0),
}
"""By name. "small-memory" cleans at the shares that were found to serve half a gigabyte; see
`docs/guide-caching.md`."""
