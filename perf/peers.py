"""The peers: other stores that a workload measures beside ours. None of them need be installed to import this."""

from __future__ import annotations

__all__ = ["PeerMissing"]


class PeerMissing(Exception):  # noqa: N818 - named by what happened, as our other errors are
    """A peer can't be measured: it isn't installed, or doesn't start."""

    def __init__(self, what: str) -> None:
        install = "" if " " in what else " is not installed: pip install 'remanence[perf]', or leave it out with --alone"
        super().__init__(what + install)
