"""The forward pass of all-MiniLM-L6-v2 in numpy, from its public weights. Only what building a token table needs.

A BERT of 6 layers with 384 components and 12 heads (Wang et al., "MiniLM", 2020), in float32 throughout: one stray
float64 scalar would make everything float64 and twice as slow.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["forward", "read_weights"]

Floats = NDArray[np.float32]
LAYERS: Final = 6
HEADS: Final = 12
WIDTH: Final = 384
_LENGTH: Final = struct.Struct("<Q")
_ROOT_HALF: Final = np.float32(math.sqrt(0.5))
_SCALE: Final = np.float32((WIDTH // HEADS) ** -0.5)
_TINY: Final = np.float32(1e-12)


def read_weights(path: Path) -> dict[str, Floats]:
    """The tensors of a safetensors file, by name."""
    raw = np.memmap(path, dtype=np.uint8, mode="r")
    (size,) = _LENGTH.unpack(raw[: _LENGTH.size].tobytes())
    base = _LENGTH.size + size
    told: dict[str, Any] = json.loads(raw[_LENGTH.size : base].tobytes())
    found: dict[str, Floats] = {}
    for name, tensor in told.items():
        if name == "__metadata__" or tensor["dtype"] != "F32":  # the places' numbers, which nobody needs
            continue
        start, end = tensor["data_offsets"]
        values = np.frombuffer(raw[base + start : base + end], dtype=np.float32)
        found[name.removeprefix("bert.")] = values.reshape(tensor["shape"])
    return found


def forward(weights: Mapping[str, Floats], ids: NDArray[np.int64]) -> Floats:
    """The last layer's vectors.

    Args:
        weights: what `read_weights` gave.
        ids: the numbers of the pieces, a text a row, all of one length.

    Returns:
        For each text, a vector for each of its pieces.
    """
    words, places, types = (
        weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    x = _normed(weights, words[ids] + places[: ids.shape[1]] + types[0], "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        mixed = _linear(weights, _attended(weights, x, f"{name}.attention.self"), f"{name}.attention.output.dense")
        x = _normed(weights, x + mixed, f"{name}.attention.output.LayerNorm")
        inner = _linear(weights, x, f"{name}.intermediate.dense")
        inner = inner * np.float32(0.5) * (1 + _erf(inner * _ROOT_HALF))
        x = _normed(weights, x + _linear(weights, inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return x


def _attended(weights: Mapping[str, Floats], x: Floats, name: str) -> Floats:
    count, length, _ = x.shape
    query, key, value = (
        _linear(weights, x, f"{name}.{part}").reshape(count, length, HEADS, -1).transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) * _SCALE
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    mixed: Floats = (scores @ value).transpose(0, 2, 1, 3).reshape(count, length, WIDTH)
    return mixed


def _normed(weights: Mapping[str, Floats], x: Floats, name: str) -> Floats:
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    normed: Floats = (x - mean) / np.sqrt(variance + _TINY) * weights[f"{name}.weight"] + weights[f"{name}.bias"]
    return normed


def _linear(weights: Mapping[str, Floats], x: Floats, name: str) -> Floats:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _erf(x: Floats) -> Floats:
    """The error function to 1.5e-7, which is what float32 can tell: Abramowitz and Stegun, 7.1.26."""
    sign, size = np.sign(x), np.abs(x)
    t = 1 / (1 + np.float32(0.3275911) * size)
    steps = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
    total = np.zeros_like(t)
    for step in steps:
        total = (total + np.float32(step)) * t
    found: Floats = (sign * (1 - total * np.exp(-size * size))).astype(np.float32, copy=False)
    return found
