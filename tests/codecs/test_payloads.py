"""Payloads: what may be written comes back as it was, and what can't come back is refused before it is written."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from remanence.codecs.converter import make_converter
from remanence.codecs.errors import Damaged, InvalidInput
from remanence.codecs.payloads import Payload, PayloadCodec, content_digest, decode_any, decode_envelope, read_envelope

from .generated import Celsius, Color, celsius, celsius_to_text, hooked_converter, instances, text
from .mutations import garbage, hostile, truncations
from .orders import CODEC, CODECS, HOOKED, ORDERED, Line, Ordered, Reading, assert_refused

DECODERS = (decode_any, decode_envelope, read_envelope)
PAYLOAD = CODEC.encode(ORDERED, ("order:7", "customer:ada"), "ada", 3, ("order-7", 2))
SEEDS = [codec.encode(event, ("a", "b"), "ada", 3, ("k", 1)) for codec, event in CODECS]

tags = st.lists(text, max_size=4).map(tuple)
keys = st.none() | st.tuples(text, st.integers(1, 2**32))
causes = st.none() | st.integers(1, 2**64 - 1)


@given(instances(celsius), tags, st.none() | text, causes, keys)
def test_any_event_comes_back(
    event: object, tags: tuple[str, ...], by: str | None, cause: int | None, key: tuple[str, int] | None
) -> None:
    """For classes of every type that can be kept, encoding, checking, decoding is the identity, envelope included."""
    codec = PayloadCodec[Any](type(event), hooked_converter())
    payload = codec.encode(event, tags, by, cause, key)
    expected = Payload(tags, by, cause, key, event)
    assert codec.checked(payload) == codec.decode(payload) == expected
    assert [decode(payload)[:4] for decode in DECODERS] == [expected[:4]] * 3
    assert decode_any(payload).data == msgspec.msgpack.decode(decode_envelope(payload).data)
    assert bytes(read_envelope(payload).data) == decode_envelope(payload).data


@given(instances(celsius), tags)
def test_encoding_is_deterministic(event: object, tags: tuple[str, ...]) -> None:
    """What was read back is written again as the same bytes, by the same or another codec of the class."""
    codec = PayloadCodec[Any](type(event), hooked_converter())
    payload = codec.encode(event, tags, None, None, None)
    again = PayloadCodec[Any](type(event), hooked_converter())
    assert again.encode(codec.decode(payload).data, tags, None, None, None) == payload


def test_a_payload_is_an_array_of_five() -> None:
    """The formula of the format: tags, by, cause, key, data; maps sorted by key, times as msgpack's own timestamps."""
    expected = msgspec.msgpack.encode(
        [
            ["order:7", "customer:ada"],
            "ada",
            3,
            ["order-7", 2],
            {
                "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
                "extra": {"a": b"x", "b": [1]},
                "lines": [
                    {"article": "pen", "count": 2, "notes": []},
                    {"article": "ink", "count": 1, "notes": ["blue"]},
                ],
                "order": "7",
                "state": "new",
                "total": 12.5,
            },
        ]
    )
    assert expected == PAYLOAD
    assert CODEC.is_native


def test_fields_are_sorted_however_the_class_stores_them() -> None:
    """A class with `__dict__` keeps its fields in the order they were set; the payload doesn't show it."""
    one = attrs.make_class("One", {"b": attrs.field(type=int), "a": attrs.field(type=int)}, slots=False)
    first, second = one(1, 2), one(1, 2)
    second.__dict__ = {"a": 2, "b": 1}
    codec = PayloadCodec[Any](one, make_converter())
    assert codec.encode(first, (), None, None, None) == codec.encode(second, (), None, None, None)
    assert list(decode_any(codec.encode(second, (), None, None, None)).data) == ["a", "b"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_truncated_payload_is_damaged(seed: bytes) -> None:
    """No proper beginning of a payload is one, to any decoder."""
    for part in truncations(seed):
        for decode in DECODERS:
            with pytest.raises(Damaged):
                decode(part)
        for codec, _ in CODECS:
            with pytest.raises(ValueError, match=r"."):
                codec.decode(part)


@given(st.sampled_from(SEEDS), garbage)
def test_a_payload_with_something_after_it_is_damaged(seed: bytes, more: bytes) -> None:
    """Whatever follows a payload belongs to no payload."""
    for decode in DECODERS:
        with pytest.raises(Damaged):
            decode(seed + more)
    for codec, _ in CODECS:
        with pytest.raises(ValueError, match=r"."):
            codec.decode(seed + more)


@given(st.sampled_from(SEEDS).flatmap(hostile))
def test_decoding_anything_is_a_payload_or_damage(data: bytes) -> None:
    """Arbitrary bytes never raise another error, and what is read as a payload has the types of one."""
    for decode in DECODERS:
        with contextlib.suppress(Damaged):
            payload = decode(data)
            assert all(isinstance(tag, str) for tag in payload.tags)
            assert isinstance(payload.by, str | None)
            assert payload.cause is None or payload.cause >= 1
            assert payload.key is None or payload.key[1] >= 1


@given(st.sampled_from(CODECS), st.sampled_from(SEEDS).flatmap(hostile))
def test_a_codec_decodes_anything_to_its_class_or_not_at_all(case: tuple[PayloadCodec[Any], Any], data: bytes) -> None:
    """Mutated payloads are read as an event of the class, its fields of their types, or raise an ordinary error."""
    codec, sample = case
    try:
        event = codec.decode(data).data
    except Exception:  # noqa: BLE001 - whatever says that it doesn't fit; the log names position and type
        return
    assert type(event) is type(sample)
    with contextlib.suppress(InvalidInput):
        assert codec.checked(codec.encode(event, (), None, None, None)).data == event


HOSTILE = {
    "nothing": "",
    "not an array": "80",
    "too short an array": "94 90 c0 c0 c0",
    "too long an array": "96 90 c0 c0 c0 80 80",
    "tags are no array": "95 c0 c0 c0 c0 80",
    "a tag is no text": "95 91 01 c0 c0 c0 80",
    "a tag is not UTF-8": "95 91 a1 ff c0 c0 c0 80",
    "a tag is a surrogate": "95 91 a3 ed a0 80 c0 c0 c0 80",
    "by is no text": "95 90 01 c0 c0 80",
    "the cause is before the log": "95 90 c0 00 c0 80",
    "the cause is below zero": "95 90 c0 ff c0 80",
    "the cause is a float": "95 90 c0 cb 3ff0000000000000 c0 80",
    "the key has no count": "95 90 c0 c0 91 a1 6b 80",
    "the key counts nothing": "95 90 c0 c0 92 a1 6b 00 80",
    "billions of tags": "95 dd ffffffff",
    "billions of parts": "dd ffffffff",
    "an unused code": "95 90 c0 c0 c0 c1",
}
HOSTILE_DATA = {
    "data is no map": "90",
    "data is nil": "c0",
    "a field's name is no text": "81 01 01",
    "a field's name is not UTF-8": "81 a1 ff 01",
    "a text is not UTF-8": "81 a1 78 a1 ff",
    "a key that can't be one": "81 80 01",
    "an inner key that can't be one": "81 a1 78 81 80 01",
    "a time out of range": "81 a1 78 c7 0c ff 00000000 7fffffffffffffff",
    "a time of the wrong length": "81 a1 78 d4 ff 00",
    "billions of fields": "df ffffffff",
    "billions of entries": "81 a1 78 dd ffffffff",
    "billions of bytes": "81 a1 78 c6 ffffffff",
    "nested without end": "81 a1 78" + "91" * 100_000,
    "maps nested without end": "81 a1 78" + "81 a1 78" * 100_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_malformed_envelope_is_damaged(data: str) -> None:
    """Whatever reads a payload reads its envelope, and checks it."""
    for decode in DECODERS:
        with pytest.raises(Damaged):
            decode(bytes.fromhex(data))
    for codec, _ in CODECS:
        with pytest.raises(ValueError, match=r"."):
            codec.decode(bytes.fromhex(data))


@pytest.mark.parametrize("data", HOSTILE_DATA.values(), ids=HOSTILE_DATA)
def test_malformed_data_is_damaged(data: str) -> None:
    """Data that is no map of fields is refused by whoever decodes it, and takes no memory for what isn't there."""
    payload = bytes.fromhex("95 90 c0 c0 c0" + data)
    with pytest.raises(Damaged):
        decode_any(payload)
    for codec, _ in CODECS:
        with pytest.raises((ValueError, RecursionError)):
            codec.decode(payload)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"order": 7}, "Ordered.order: Expected `str`, got `int`"),
        ({"order": None}, "Ordered.order: Expected `str`, got `None`"),
        ({"order": "\ud800"}, "Ordered.order: 'utf-8' codec can't encode"),
        ({"total": "12"}, "Ordered.total: Expected `float`, got `str`"),
        ({"total": float("nan")}, "Ordered.total: the number is not finite"),
        ({"total": float("inf")}, "Ordered.total: the number is not finite"),
        ({"total": float("-inf")}, "Ordered.total: the number is not finite"),
        ({"lines": [Line("pen", *["two"])]}, "Ordered.lines[0].count: Expected `int`, got `str`"),  # type: ignore[arg-type]
        ({"lines": (Line("pen", 1), "ink")}, "Ordered.lines[1]: Expected `object`, got `str`"),
        ({"lines": (Line("pen", count=True),)}, "Ordered.lines[0].count: Expected `int`, got `bool`"),
        ({"lines": (Line("pen", 2**64),)}, "Ordered.lines[0].count: can't serialize ints"),
        ({"lines": (Line("pen", -(2**63) - 1),)}, "Ordered.lines[0].count: can't serialize ints"),
        ({"lines": (Line("\udfff", 1),)}, "Ordered.lines[0].article: 'utf-8' codec can't encode"),
        ({"state": "lost"}, "Ordered.state: Invalid enum value 'lost'"),
        ({"at": "2026-01-02"}, "Ordered.at: Invalid RFC3339 encoded datetime"),
        ({"extra": [1]}, "Ordered.extra: Expected `object`, got `array`"),
        ({"extra": {"a": {"b": [1, float("nan")]}}}, "Ordered.extra.a.b[1]: the number is not finite"),
        ({"extra": {"a": (1.5, float("-inf"))}}, "Ordered.extra.a[1]: the number is not finite"),
        ({"extra": {"a": Decimal("NaN")}}, "Ordered.extra.a: the number is not finite"),
        ({"extra": {"a": Decimal("sNaN")}}, "Ordered.extra.a: the number is not finite"),
        ({"extra": {"a": [2**64]}}, "Ordered.extra.a[0]: can't serialize ints"),
        ({"extra": {"a": object()}}, "Ordered.extra.a: Encoding objects of type object"),
        ({"extra": {"a": {"b": 1j}}}, "Ordered.extra.a.b: Encoding objects of type complex"),
        ({"extra": {"a": {1: 2}}}, "Ordered.extra.a: Only dicts with str keys"),
        ({"extra": {"a": {None: 2}}}, "Ordered.extra.a: Only dicts with str keys"),
        ({"extra": {"a": {"b": 1, 2: 3}}}, "Ordered.extra.a: Only dicts with str keys"),
        ({"extra": {"\ud800": 1}}, "Ordered.extra: 'utf-8' codec can't encode"),
        ({"extra": {"a": ["\ud800"]}}, "Ordered.extra.a[0]: 'utf-8' codec can't encode"),
        ({"extra": {"a": {1, None}}}, "Ordered.extra.a: '<' not supported"),
    ],
)
def test_a_value_that_would_not_come_back_is_refused(fields: dict[str, Any], complaint: str) -> None:
    """Wrong types, numbers without value or beyond 64 bits, half characters, strange objects: refused, and located."""
    event = attrs.evolve(ORDERED, **fields)
    assert_refused(event, complaint, CODEC)
    if "extra" in fields and isinstance(fields["extra"], dict):
        assert_refused(Reading(Celsius(1.0), fields["extra"]), complaint.replace("Ordered", "Reading"), HOOKED)


@pytest.mark.parametrize(
    ("envelope", "complaint"),
    [
        ((("a", 1), None, None, None), "tags[1]: Expected `str`, got `int`"),
        ((("a", "\ud800"), None, None, None), "tags[1]: 'utf-8' codec can't encode"),
        ((None, None, None, None), "tags: Expected `array`, got `None`"),
        (((), 5, None, None), "by: Expected `str | null`, got `int`"),
        (((), None, "x", None), "cause: Expected `int | null`, got `str`"),
        (((), None, 0, None), "cause: Expected `int` >= 1"),
        (((), None, 2**64, None), "cause: can't serialize ints"),
        (((), None, None, ("k",)), "key: Expected `array` of length 2, got 1"),
        (((), None, None, ("k", 0)), "key[1]: Expected `int` >= 1"),
    ],
)
@pytest.mark.parametrize(("codec", "event"), CODECS)
def test_a_wrong_envelope_is_refused(
    codec: PayloadCodec[Any], event: object, envelope: tuple[Any, Any, Any, Any], complaint: str
) -> None:
    """What is around the event is checked as the event is, and named in the caller's words."""
    with pytest.raises(InvalidInput) as caught:
        codec.checked(codec.encode(event, *envelope))
    assert str(caught.value).startswith(complaint)


@attrs.frozen
class Account:
    """An event with rules of its own."""

    balance: int = attrs.field()
    limit: int = 0

    @balance.validator  # pyright: ignore[reportAttributeAccessIssue, reportUntypedFunctionDecorator, reportUnknownMemberType]
    def _check(self, _: object, value: int) -> None:
        if value < self.limit:
            raise ArithmeticError("overdrawn")


def test_a_class_s_own_rules_are_checked_before_writing() -> None:
    """An event whose own validator would refuse it when it is read is not written, whatever the validator raises."""
    account = Account(5)
    object.__setattr__(account, "balance", -1)  # as only a bug can
    codec = PayloadCodec(Account, make_converter())
    with pytest.raises(InvalidInput, match="Account: overdrawn"):
        codec.checked(codec.encode(account, (), None, None, None))


def test_open_fields_come_back_as_json_would() -> None:
    """In a field of `Any`, values come back as msgpack has them: its type doesn't say what else they were."""
    moment = datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    event = attrs.evolve(ORDERED, extra={"tuple": (1, 2), "set": {2, 1}, "enum": Color.RED, "raw": b"x", "at": moment})
    decoded = CODEC.checked(CODEC.encode(event, (), None, None, None)).data
    assert decoded.extra == {"tuple": [1, 2], "set": [1, 2], "enum": "red", "raw": b"x", "at": moment}


def test_unknown_fields_are_left_out_and_missing_ones_are_not_made_up() -> None:
    """A field that the class no longer has is passed over; one without a default that isn't there is an error."""
    plain = {"order": "7", "total": 1.0}
    old = Payload(("a",), "ada", 3, ("k", 1), None)
    read = CODEC.from_data(old, {**plain, "gone": 1})
    assert read == Payload(("a",), "ada", 3, ("k", 1), Ordered("7", 1.0))
    for codec, data in ((CODEC, {"total": 1.0}), (HOOKED, {"extra": 1})):
        with pytest.raises(Exception, match=r"missing|structuring"):
            codec.from_data(old, data)


def test_a_hook_must_leave_a_map_of_fields() -> None:
    """Data is fields by name, so that anybody can read an event whose class they don't have."""
    converter = make_converter()
    converter.register_unstructure_hook(Celsius, celsius_to_text)
    converter.register_structure_hook(Celsius, lambda text, _: Celsius(float(text[:-2])))
    assert_refused(Celsius(1.0), "Celsius: Expected `object`, got `str`", PayloadCodec(Celsius, converter))


def test_a_hook_that_fails_is_the_caller_s_error() -> None:
    """Whatever a hook for the event's own class raises, the caller learns which class it was."""
    converter = make_converter()

    def fail(_: Celsius) -> None:
        raise ZeroDivisionError

    converter.register_unstructure_hook(Celsius, fail)
    assert_refused(Celsius(1.0), "Celsius: ZeroDivisionError", PayloadCodec(Celsius, converter))


def digest(event: Ordered, tags: tuple[str, ...] = ("a", "b"), **envelope: Any) -> bytes:
    """The content digest of an event recorded with these tags."""
    whole = {"by": None, "cause": None, "key": None, **envelope}
    return content_digest("order.placed", 1, CODEC.encode(event, tags, **whole))


def test_the_content_digest_is_what_an_event_says() -> None:
    """Who recorded it, why, under which key, and a dict's order don't matter; type, version, tags and data do."""
    same = [
        digest(ORDERED),
        digest(attrs.evolve(ORDERED, extra={"a": b"x", "b": [1]})),
        digest(ORDERED, by="bob"),
        digest(ORDERED, cause=9),
        digest(ORDERED, key=("k", 1)),
    ]
    payload = CODEC.encode(ORDERED, ("a", "b"), None, None, None)
    different = [
        digest(ORDERED),
        digest(ORDERED, ("b", "a")),
        digest(ORDERED, ("a",)),
        digest(ORDERED, ("ab",)),
        digest(attrs.evolve(ORDERED, order="8")),
        digest(attrs.evolve(ORDERED, lines=ORDERED.lines[::-1])),
        content_digest("order.paid", 1, payload),
        content_digest("order.placed", 2, payload),
    ]
    assert len(set(same)) == 1
    assert len(set(different)) == len(different)
    assert all(len(one) == 16 for one in different)


@given(instances(), instances(), tags, tags)
def test_different_contents_have_different_digests(
    one: object, other: object, tags: tuple[str, ...], more: Any
) -> None:
    """Two payloads share a digest only if tags and data are the same bytes."""
    payloads = [
        PayloadCodec[Any](type(event), make_converter()).encode(event, about, None, None, None)
        for event, about in ((one, tags), (other, more))
    ]
    assume(payloads[0] != payloads[1])
    assert len({content_digest("a.b", 1, payload) for payload in payloads}) == 2


def test_anybody_can_read_an_event() -> None:
    """Without its class an event is plain dicts, lists and scalars, that JSON can show."""
    data = decode_any(PAYLOAD).data
    assert json.loads(json.dumps(data, default=str))["lines"][1] == {"article": "ink", "count": 1, "notes": ["blue"]}
