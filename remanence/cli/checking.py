"""Checking: the commands that say whether a log is sound, and what is in it."""

from __future__ import annotations

from typing import Any

import click
import trio

from ..core.errors import NotFound, RemanenceError
from ..core.events import Registry
from ..core.lmdb_store import LmdbStore
from ..core.verify import Report, verify as verify_log
from ..projections.catalog import VERSION, LmdbCatalog
from ..projections.memories.events import MEMORY_EVENTS
from .cards import fact_lines
from .exits import Exit
from .finding import scopes
from .opening import require_memory, reading, run
from .options import Options, everywhere, pass_options
from .output import Output, notice
from .progress import bars, interruptible
from .texts import count, moment, share, size

__all__ = ["stats", "verify"]
