"""BERT by numpy: a small model of random weights, in a folder as sentence-transformers keeps one."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest

from remanence import InvalidInput
from remanence.embedders.bert import PIECES_MAX, BertEmbedder, forward, read_weights

WIDTH, INNER, HEADS, LAYERS = 8, 16, 2, 2
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "dog", "bites", "man", "##s", "tea", "."]


def tensors() -> dict[str, np.ndarray]:
    """Weights of every part."""
    random = np.random.default_rng(7)
    shapes = {
        "embeddings.word_embeddings.weight": (len(PIECES), WIDTH),
        "embeddings.position_embeddings.weight": (PIECES_MAX, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part, (rows, columns) in {
            "attention.self.query": (WIDTH, WIDTH),
            "attention.self.key": (WIDTH, WIDTH),
            "attention.self.value": (WIDTH, WIDTH),
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH),
            "output.dense": (WIDTH, INNER),
        }.items():
            shapes |= {f"{name}.{part}.weight": (rows, columns), f"{name}.{part}.bias": (rows,)}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{name}.{part}.weight": (WIDTH,), f"{name}.{part}.bias": (WIDTH,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder."""
    config = {"model_type": "bert", "hidden_size": WIDTH, "num_attention_heads": HEADS, "hidden_act": "gelu"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "vocab.txt").write_text("\n".join(PIECES))
    body, told = b"", {}
    for name, values in tensors().items():
        end = len(body) + values.nbytes
        told[f"bert.{name}"] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(body), end]}
        body += values.tobytes()
    told["numbers"] = {"dtype": "I64", "shape": [0], "data_offsets": [len(body), len(body)]}
    head = json.dumps(told).encode()
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + body)
    return tmp_path


def by_the_book(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """The paper's formulas, one number at a time, in float64."""

    def linear(x: list[np.ndarray], name: str) -> list[np.ndarray]:
        return [weights[f"{name}.weight"].astype(float) @ row + weights[f"{name}.bias"] for row in x]

    def normed(x: list[np.ndarray], name: str) -> list[np.ndarray]:
        return [(r - r.mean()) / r.std() * weights[f"{name}.weight"] + weights[f"{name}.bias"] for r in x]

    named = [
        weights[f"embeddings.{name}_embeddings.weight"].astype(float) for name in ("word", "position", "token_type")
    ]
    x = normed([named[0][each] + named[1][at] + named[2][0] for at, each in enumerate(ids)], "embeddings.LayerNorm")
    size = WIDTH // HEADS
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        query, key, value = (linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        mixed = [np.zeros(WIDTH) for _ in ids]
        for part in (slice(at * size, (at + 1) * size) for at in range(HEADS)):
            for row, asked in enumerate(query):
                shares = [math.exp(asked[part] @ told[part] / math.sqrt(size)) for told in key]
                for share, told in zip(shares, value, strict=True):
                    mixed[row][part] += share / sum(shares) * told[part]
        added = linear(mixed, f"{name}.attention.output.dense")
        x = normed([one + two for one, two in zip(x, added, strict=True)], f"{name}.attention.output.LayerNorm")
        inner = [
            np.array([value / 2 * (1 + math.erf(value / math.sqrt(2))) for value in row])
            for row in linear(x, f"{name}.intermediate.dense")
        ]
        added = linear(inner, f"{name}.output.dense")
        x = normed([one + two for one, two in zip(x, added, strict=True)], f"{name}.output.LayerNorm")
    return np.array(x)


def test_it_computes_what_the_paper_says(folder: Path) -> None:
    """The forward pass gives what the formulas give when they are written out."""
    ids = [2, 4, 5, 6, 7, 3]
    found = forward(read_weights(folder / "model.safetensors"), np.array([ids]), HEADS)[0]
    assert found == pytest.approx(by_the_book(tensors(), ids), abs=1e-4)
    assert found.dtype == np.float32


def test_a_text_is_the_mean_of_its_pieces_whatever_stands_beside_it(folder: Path) -> None:
    """Vectors have length 1, the order of words counts, and a text's vector doesn't depend on the batch."""
    model = BertEmbedder(folder, name="tiny")
    texts = ["Dog bites man.", "man bites dog.", "tea", "", "dogs", "zebra"]
    made = model.embed(texts)
    assert made.shape == (6, WIDTH) == (len(texts), model.identity.dimension)
    assert np.linalg.norm(made, axis=1) == pytest.approx(1, abs=1e-5)
    for text, row in zip(texts, made, strict=True):
        assert model.embed([text])[0] == pytest.approx(row, abs=1e-5)
    mean = by_the_book(tensors(), [2, 4, 5, 6, 9, 3]).mean(0)
    assert made[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)
    assert abs(made[0] - made[1]).max() > 1e-3
    assert abs(made[5] - made[3]).max() > 1e-3, "an unknown word is a word"


def test_a_long_text_is_read_as_far_as_the_model_goes(folder: Path) -> None:
    """What stands after the last piece that counts changes nothing."""
    model = BertEmbedder(folder)
    long = " ".join(["dog"] * (PIECES_MAX - 2))
    one, two = model.embed([long, long + " man bites tea"])
    assert np.array_equal(one, two)


def test_the_identity_follows_from_the_files(folder: Path) -> None:
    """Another vocabulary or other weights are another embedder, however they are called."""
    before = BertEmbedder(folder).identity
    assert BertEmbedder(folder).identity == before
    (folder / "vocab.txt").write_text("\n".join([*PIECES[:-1], "!"]))
    assert BertEmbedder(folder).identity != before


def test_what_is_no_such_model_is_refused(folder: Path) -> None:
    """A missing file and a model of another kind are told by name."""
    (folder / "config.json").write_text(json.dumps({"model_type": "roberta"}))
    with pytest.raises(InvalidInput, match="roberta"):
        BertEmbedder(folder)
    (folder / "vocab.txt").unlink()
    with pytest.raises(InvalidInput, match="vocab"):
        BertEmbedder(folder)
