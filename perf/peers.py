"""The peers: other stores that a workload measures beside ours. None of them need be installed to import this."""

from __future__ import annotations

__all__ = ["PeerMissing"]


class PeerMissing(Exception):
    """A peer can't be measured: it isn't installed, or doesn't start."""

    def __init__(self, what: str) -> None:
        install = " is not installed: pip install 'remanence[perf]', or leave the peers out with --no-peers"
        super().__init__(what if " " in what else what + install)
