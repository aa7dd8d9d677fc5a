"""Hit rates on traces, the Markov chain, the tuner: what `docs/guide-caching.md` says holds on small ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence.perf.hit_rates import b1_3, rates
from remanence.perf.traces import polluted, routines, uniform, zipf
from remanence.projections.caching.caches import CacheStatistics
from remanence.projections.caching.changes import PREFIX, SettingChanged, with_setting
from remanence.projections.caching.pools import PoolStatistics
from remanence.projections.caching.prediction import Markov
from remanence.projections.caching.settings import PRESETS, CacheSettings
from remanence.projections.caching.tuning import ASKED_MIN, PATIENCE, Tuner

from ..effort import short


def trace(make: Callable[[int, int, Random], list[int]], count: int = 20_000) -> list[Hashable]:
    """A trace of a thousand keys."""
    return list(make(1000, count, Random(3)))  # noqa: S311 - made-up reads, no secrets


def test_the_earlier_systems_own_workload_is_met() -> None:
    """400 of 500 read before, then 1,000 at random: eight of ten are found, and more."""
    assert b1_3() >= 0.8


def test_on_zipf_eight_of_ten_are_found() -> None:
    """With room for two keys of five, by the policy that there is by default; plain LRU finds fewer."""
    found = rates(trace(zipf), 400)
    assert found.hits["adaptive"] >= 0.8
    assert found.hits["adaptive"] > found.hits["lru"]


def test_scans_cost_lru_more() -> None:
    """Where a third of all reads are scans, the adaptive policy finds a tenth more than LRU or better."""
    found = rates(trace(polluted), 100)
    assert found.hits["adaptive"] > 1.1 * found.hits["lru"]


def test_nothing_can_be_foreseen_where_nothing_is_regular() -> None:
    """On reads at random the chain keeps its mouth shut; on routines it is right more often than not, and it pays."""
    assert rates(trace(uniform), 100).predicted < 0.01
    found = rates(trace(routines), 60)
    assert found.accuracy is not None
    assert found.accuracy > 0.5
    assert found.with_prediction > 1.5 * found.hits["lru"]


@short(50)
@given(keys=st.lists(st.sampled_from("abcd"), max_size=60))
def test_the_accuracy_that_is_told_is_the_share_that_was_right(keys: list[str]) -> None:
    """Each prediction is judged by the next read, and by nothing else."""
    markov = Markov(contexts_max=3)
    expected: str | None = None
    right = made = 0
    for key in keys:
        if expected is not None:
            made += 1
            right += expected == key
        found = markov.observe(key)
        assert found is None or isinstance(found, str)
        assert found != key
        expected = found
    assert (markov.right, markov.predictions) == (right, made)
    assert markov.accuracy == (right / made if made else None)


def statistics(settings: CacheSettings, hits: int, misses: int, evictions: int, used: int) -> CacheStatistics:
    """What was counted of L1, all in all."""
    pool = PoolStatistics("v.t/objects", "lru", 1, used, settings.objects_bytes, hits, misses, evictions, 0, 0)
    return CacheStatistics(used, settings.limit_bytes, (pool,), 0, 0, 0, settings)


def taken(settings: CacheSettings, change: SettingChanged | None) -> CacheSettings:
    """The settings after a decision."""
    assert change is not None
    assert getattr(settings, change.name.removeprefix(PREFIX)) == change.before
    return with_setting(settings, change.name, change.value)


def test_a_level_that_is_short_grows_and_goes_back_if_it_did_not_pay() -> None:
    """One change at a time, judged by the next stretch; after a failure the level is left alone for a while."""
    settings = CacheSettings(objects_bytes=1000)
    tuner = Tuner(settings)
    settings = taken(settings, tuner.decide(statistics(settings, 500, 1500, 100, 1000)))
    assert settings.objects_bytes == 1250
    assert tuner.decide(statistics(settings, 501, 1501, 100, 1250)) is None  # too few reads to say anything
    settings = taken(settings, tuner.decide(statistics(settings, 1000, 3000, 200, 1250)))
    assert settings.objects_bytes == 1000
    for stretch in range(1, PATIENCE):
        asked = 2000 * (stretch + 2)
        assert tuner.decide(statistics(settings, asked // 4, asked * 3 // 4, 1000 * stretch, 1000)) is None


def test_a_level_that_pays_grows_up_to_four_times() -> None:
    """As long as it helps; and what lies idle is given back, down to a quarter."""
    settings = CacheSettings(objects_bytes=1000)
    tuner = Tuner(settings)
    hits = misses = 0
    for stretch in range(30):
        hits += 20 * stretch
        misses += ASKED_MIN
        change = tuner.decide(statistics(settings, hits, misses, 100 * (stretch + 1), settings.objects_bytes))
        settings = settings if change is None else taken(settings, change)
    assert settings.objects_bytes == 4000
    for _ in range(30):
        hits += 2 * ASKED_MIN
        change = tuner.decide(statistics(settings, hits, misses, 3000, 10))
        settings = settings if change is None else taken(settings, change)
    assert settings.objects_bytes == 250


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_settings(preset: str) -> None:
    """Each can be taken, changed by one field, and none but "off" keeps nothing."""
    settings = CacheSettings.preset(preset)
    assert settings.is_off == (preset == "off")
    assert attrs.evolve(settings, warm_rows=1).warm_rows == 1
