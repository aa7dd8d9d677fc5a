"""Pools and budgets: they hold what they may, let go of what is worth least, and count right."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remanence import CacheSettings, InvalidInput
from remanence.codecs.compression import Dictionaries
from remanence.projections.caching.caches import Caches
from remanence.projections.caching.policies import POLICIES, Entry, LeastRecent, PolicyName
from remanence.projections.caching.pools import ENTRY_BYTES, Budget, Pool, weigh

from ..effort import short


class Clock:
    """Seconds that go forward when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def filled(policy: PolicyName, count: int, room: int) -> Pool[int]:
    """A pool with room for so many entries, to which so many have come."""
    pool: Pool[int] = Pool("p", Budget(room * (ENTRY_BYTES + 44)), policy=policy)
    for number in range(count):
        pool.put(number, number, 44)
    return pool


steps = st.lists(
    st.tuples(st.sampled_from(["put", "put", "get", "drop", "evict", "shrink"]), st.integers(0, 30)), max_size=80
)


@pytest.mark.parametrize("policy", POLICIES)
@short(60)
@given(steps=steps)
def test_a_pool_is_a_dict_that_forgets(policy: PolicyName, steps: list[tuple[str, int]]) -> None:
    """Whatever is done, what is found is what was put last; bytes add up, and no budget is over."""
    budget = Budget(20 * (ENTRY_BYTES + 40))
    pool: Pool[int] = Pool("p", budget, policy=policy)
    other: Pool[int] = Pool("q", budget, policy=policy)
    model: dict[int, tuple[int, int]] = {}
    for turn, (what, key) in enumerate(steps):
        if what == "put":
            other.put(key, turn, 10)
            assert pool.put(key, turn, key + 10)
            model[key] = turn, key + 10 + ENTRY_BYTES
        elif what == "get":
            found = pool.get(key)
            assert found is None or found == model[key][0]
        elif what == "drop":
            pool.drop(key)
            assert pool.get(key) is None
        elif what == "evict" and len(pool):
            pool.evict()
        elif what == "shrink":
            budget.shrink(key * 100)
            assert budget.used_bytes <= key * 100
        assert pool.used_bytes == sum(model[each][1] for each in model if each in pool)
        assert budget.used_bytes == pool.used_bytes + other.used_bytes <= budget.limit_bytes
        assert len(pool) == sum(each in pool for each in range(31))


def test_lru_lets_go_of_what_was_asked_for_longest_ago() -> None:
    """Asking for the oldest entry saves it."""
    pool = filled("lru", 20, 20)
    assert pool.get(0) == 0
    pool.put("new", 1, 44)
    assert 0 in pool
    assert 1 not in pool


def test_lfu_lets_go_of_what_was_asked_for_least() -> None:
    """What was asked for often outlives what came later."""
    pool = filled("lfu", 20, 20)
    for number in range(19):
        assert pool.get(number) == number
    pool.put("new", 1, 44)
    assert 19 not in pool
    assert all(number in pool for number in range(19))


def test_adaptive_lets_a_scan_pass() -> None:
    """A thousand keys that are asked for once don't push out those that are asked for again and again."""
    pool = filled("adaptive", 15, 20)
    for _ in range(3):
        assert [pool.get(number) for number in range(15)] == list(range(15))
    for number in range(1000, 2000):
        pool.put(number, number, 44)
    assert all(number in pool for number in range(15))


def test_adaptive_remembers_what_left_too_soon() -> None:
    """What comes back soon after it left the small queue goes to the main one: the next scan doesn't reach it."""
    pool = filled("adaptive", 40, 20)
    gone = next(number for number in range(39, -1, -1) if number not in pool)
    pool.put(gone, gone, 44)
    for number in range(1000, 1015):
        pool.put(number, number, 44)
    assert gone in pool


@pytest.mark.parametrize("policy", POLICIES)
def test_an_entry_too_large_for_its_budget_is_not_kept(policy: PolicyName) -> None:
    """A tenth of the budget is the most that one may take; the old value goes, because it isn't right any more."""
    pool = filled(policy, 5, 20)
    assert not pool.put(3, 3, 2 * (ENTRY_BYTES + 44))
    assert 3 not in pool
    assert len(pool) == 4


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_too_old_is_not_found(policy: PolicyName) -> None:
    """An entry lives as long as its pool says, and not for the asking longer."""
    clock = Clock()
    pool: Pool[int] = Pool("p", Budget(1 << 20), policy=policy, ttl_s=10, timer=clock)
    pool.put("a", 1, 10)
    clock.now = 5
    pool.put("b", 2, 10)
    assert pool.fresh("a") == 1
    clock.now = 10
    assert pool.fresh("a") is None
    assert pool.fresh("b") == 2
    clock.now = 15
    assert pool.expire() == 1
    statistics = pool.statistics()
    assert (statistics.entries, statistics.used_bytes) == (0, 0)
    assert (statistics.hits, statistics.misses, statistics.expired) == (2, 1, 2)
    assert statistics.hit_rate == pytest.approx(2 / 3)


def test_a_number_of_entries_is_a_limit_too() -> None:
    """A pool may be limited to so many entries."""
    pool: Pool[int] = Pool("p", Budget(1 << 20), entries_max=3)
    for number in range(5):
        pool.put(number, number, 10)
    assert list(pool) == [2, 3, 4]
    assert pool.statistics().evictions == 2


@pytest.fixture(params=[(one, two) for one in POLICIES for two in POLICIES if one != two])
def policies(request: pytest.FixtureRequest) -> tuple[PolicyName, PolicyName]:
    """Each policy and each other one."""
    one, two = request.param
    return one, two


def test_a_policy_can_be_changed_while_it_works(policies: tuple[PolicyName, PolicyName]) -> None:
    """What is there stays, and what was counted too."""
    one, two = policies
    pool = filled(one, 10, 20)
    assert pool.get(3) == 3
    pool.use_policy(two)
    assert sorted(map(str, pool)) == sorted(map(str, range(10)))
    assert pool.get(4) == 4
    assert (pool.statistics().policy, pool.hits) == (two, 2)
    for number in range(100, 200):
        pool.put(number, number, 44)
    assert pool.budget.used_bytes <= pool.budget.limit_bytes


def test_a_smaller_budget_takes_effect_at_once() -> None:
    """What is over a new limit goes, from the largest pool first."""
    budget = Budget(1 << 20)
    large: Pool[int] = Pool("large", budget)
    small: Pool[int] = Pool("small", budget)
    for number in range(20):
        large.put(number, number, 100)
    small.put(0, 0, 100)
    budget.resize(10 * (ENTRY_BYTES + 100))
    assert (len(large), len(small)) == (9, 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_is_counted_is_what_is_taken(policy: PolicyName) -> None:
    """Measured bytes are those that the process takes, within a third; what is remembered of what went, included."""
    pool: Pool[str] = Pool("p", Budget(1 << 20), policy=policy)
    gc.collect()
    tracemalloc.start()
    for number in range(6000):
        pool.put(f"memory-{number:020}", f"{number:060}")
        if not number % 3:
            pool.get(f"memory-{number:020}")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pool.used_bytes > 0.9 * (1 << 20)
    assert 2 / 3 < taken / pool.used_bytes < 4 / 3


def test_a_hit_and_a_look_at_all_entries_do_not_meet() -> None:
    """Looking through the entries asks no key for its hash, where a hit in another thread could move them."""
    policy: LeastRecent[int] = LeastRecent()
    hits = [False]

    class Key:
        """Whoever asks for its hash lets another thread come in between, which finds the oldest entry."""

        def __hash__(self) -> int:
            if hits[0]:
                hits[0] = False
                policy.get(keys[0])
                hits[0] = True
            return id(self)

    keys = [Key(), Key(), Key()]
    for number, key in enumerate(keys):
        policy.add(Entry(key, number, 1))
    hits[0] = True
    assert [entry.value for entry in policy] == [0, 1, 2]


def test_a_pool_of_ones_own_minds_its_age_and_weighs() -> None:
    """`get` finds nothing that is too old and counts what it doesn't find; what isn't said is weighed."""
    clock = Clock()
    caches = Caches(CacheSettings(), Dictionaries(), timer=clock)
    pool = caches.pool("embeddings", ttl_s=10, policy="lfu", entries_max=3)
    assert pool.get("a") is None
    assert pool.put("a", ("tea", {"cups": 2}))
    assert pool.used_bytes > ENTRY_BYTES + 100
    assert pool.get("a") == ("tea", {"cups": 2})
    clock.now = 10
    assert pool.get("a") is None
    assert (pool.hits, pool.statistics().misses, pool.statistics().expired) == (1, 2, 1)
    assert caches.pool("embeddings") is pool


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "a/b"},
        {"name": 7},
        {"name": "mine", "limit_bytes": 0},
        {"name": "mine", "limit_bytes": 1.5},
        {"name": "mine", "entries_max": 0},
        {"name": "mine", "ttl_s": 0},
        {"name": "mine", "ttl_s": "long"},
        {"name": "mine", "policy": "best"},
    ],
)
def test_a_pool_that_can_not_be_is_refused(options: dict[str, Any]) -> None:
    """What says nothing sensible is refused, and no pool is made."""
    caches = Caches(CacheSettings(), Dictionaries())
    with pytest.raises(InvalidInput):
        caches.pool(**options)
    assert caches.statistics().pools == ()


def test_what_holds_itself_has_no_weight() -> None:
    """A value without end is refused, as soon as it is weighed."""
    endless: list[Any] = ["tea"]
    endless.append(endless)
    with pytest.raises(RecursionError):
        weigh(endless)
