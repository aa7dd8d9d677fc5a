"""Spans: a batch's is linked to those in which its messages were sent."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from trio.testing import wait_all_tasks_blocked

from remanence.actors import cell as cells
from remanence.actors import tracing
from remanence.actors.actor import Actor
from remanence.actors.asks import Ask
from remanence.actors.supervisor import Supervisor, supervised


class Clerk(Actor["int | str | Ask[int, int]"]):
    """Notes the trace that it works in."""

    def __init__(self) -> None:
        self.traces: list[bool] = []

    async def handle(self, batch: Sequence[int | str | Ask[int, int]]) -> None:
        self.traces.append(trace.get_current_span().is_recording())
        for each in batch:
            if isinstance(each, Ask):
                each.reply(1)


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Generator[InMemorySpanExporter]:
    """What is recorded, of a program that records spans."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


async def test_a_batch_is_linked_to_the_spans_of_its_senders(exporter: InMemorySpanExporter) -> None:
    """Each message has its own link; the handler works inside the batch's span; plain messages have none."""
    clerk = Clerk()
    supervisor = Supervisor([lambda: clerk])
    tracer = trace.get_tracer("test")
    async with supervised(supervisor):
        address = supervisor.address("clerk")
        await address.tell("plain")
        await wait_all_tasks_blocked()
        with tracer.start_as_current_span("one"):
            await address.tell(1)
        with tracer.start_as_current_span("two"):
            await address.ask(2)
    spans = {span.name: span for span in exporter.get_finished_spans()}
    one, two, handled = spans["one"], spans["two"], spans["handle clerk"]
    assert handled.attributes is not None
    assert handled.attributes["messaging.batch.message_count"] == 2
    assert [link.context for link in handled.links] == [one.context, two.context]
    assert clerk.traces == [False, True]


async def test_without_a_provider_nothing_is_recorded(
    exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program has set up none when its actors are made, or the API isn't there: messages stay plain."""
    monkeypatch.setattr(cells, "is_tracing", lambda: False)
    supervisor = Supervisor([Clerk])
    async with supervised(supervisor):
        with trace.get_tracer("test").start_as_current_span("one"):
            await supervisor.address("clerk").tell(1)
    assert [span.name for span in exporter.get_finished_spans()] == ["one"]
    monkeypatch.setattr(tracing, "trace", None)
    assert not tracing.is_tracing()
