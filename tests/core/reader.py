"""A process that reads: it opens the log that it is told to, and says what is there whenever it is asked.

Each line on its input is a question, a tag or nothing for all events; each answer is a line of JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from remanence.core.events import Registry
from remanence.core.lmdb_store import LmdbStore
from remanence.core.log import Log
from remanence.core.queries import ALL, Query
from remanence.projections.catalog import LmdbCatalog


def main(root: Path, map_bytes: int) -> None:
    """Answer until the input ends."""
    store = LmdbStore(root / "log", read_only=True, map_bytes=map_bytes)
    catalog = LmdbCatalog(root / "catalog", store.log_id, read_only=True, map_bytes=map_bytes, boot="boot")
    log = Log(store, catalog, Registry(), read_only=True)
    for line in sys.stdin:
        tag = line.strip()
        found = log.read(Query.of(tags=[tag]) if tag else ALL)
        answer = {
            "head": log.head,
            "events": [(each.position, each.type, each.raw) for each in found],
            "types": dict(log.types()),
        }
        print(json.dumps(answer), flush=True)  # noqa: T201 - its output is its answer


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
