"""Digests: what a frame, a commit and a content are known by. Pure; BLAKE3 throughout (32 bytes unless said).

The chain: every commit has a link, the digest of the previous link and of all that the commit holds. A leaf is a
frame's header followed by the digest of its body, so that an erased frame, which keeps both, still proves its place.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Final

from blake3 import blake3

__all__ = ["DIGEST_BYTES", "body_digest", "body_digests", "chain_link", "genesis_link", "key_digest", "short_digest"]

DIGEST_BYTES: Final = 32
SHORT_BYTES: Final = 16
"""128 bits: two of a billion contents collide with probability 1e-21."""

_SPAN = Struct(">QI")


def body_digest(body: bytes) -> bytes:
    """Digest of a frame's body (salt and payload): 32 bytes."""
    return blake3(body).digest()


def body_digests(bodies: Iterable[bytes]) -> list[bytes]:
    """`body_digest` of several bodies."""
    return [hasher.digest() for hasher in map(blake3, bodies)]


def genesis_link(log_id: bytes) -> bytes:
    """The link before the first commit of the log `log_id`: chains of different logs never agree."""
    return blake3(log_id, derive_key_context="remanence 2026 log genesis link").digest()


def chain_link(previous: bytes, first: int, count: int, leaves: Iterable[bytes], declarations: bytes) -> bytes:
    """The link that seals the commit of `count` events from position `first` on.

    Args:
        previous: link of the commit before, or the genesis link.
        first: position of the commit's first event.
        count: number of its events.
        leaves: header and body digest of each frame, in order.
        declarations: the commit's declarations, as stored.
    """
    return blake3(b"".join((previous, _SPAN.pack(first, count), *leaves, declarations))).digest()


def short_digest(*parts: bytes) -> bytes:
    """Digest of several byte strings, each preceded by its length so that their borders count: 16 bytes."""
    return blake3(b"".join([len(part).to_bytes(4, "big") + part for part in parts])).digest(SHORT_BYTES)


def key_digest(namespace: bytes, key: bytes) -> bytes:
    """What a dedup key is stored under: 16 bytes. Keys given by callers and digests of contents never meet."""
    return short_digest(namespace, key)
