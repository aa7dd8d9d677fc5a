"""Tracing: a span for every batch, linked to the spans in which its messages were sent.

OpenTelemetry's API is optional. Without it, or without a span around the sender, messages stay plain and nothing is
paid: that is why a message carries its sender's span only if there is one, and why nobody looks for one unless the
program had set up a tracer provider when its actors were made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

try:
    from opentelemetry import trace
except ImportError:  # the extra `otel` isn't installed: `is_tracing` says no, and nothing else here is called
    trace = None  # type: ignore[assignment]

__all__ = ["is_tracing", "sender", "span"]


def is_tracing() -> bool:
    """Whether the program records spans."""
    return trace is not None and not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def sender() -> Any:
    """The span in which we are, if it is to be recorded."""
    assert trace is not None  # noqa: S101 - asked of those who trace alone
    current = trace.get_current_span()
    return current.get_span_context() if current.is_recording() else None


def span(actor: str, count: int, links: Sequence[Any]) -> AbstractContextManager[Any]:
    """A span around the handling of a batch, if there is anything to link it to."""
    if not links:
        return contextlib.nullcontext()
    assert trace is not None  # noqa: S101 - there are links
    tracer = trace.get_tracer("remanence")
    return tracer.start_as_current_span(
        f"handle {actor}",
        kind=trace.SpanKind.CONSUMER,
        links=[trace.Link(each) for each in links],
        attributes={"remanence.actor": actor, "messaging.batch.message_count": count},
    )
