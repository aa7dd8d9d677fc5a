"""Transcripts: the bytes of a conversation to its turns. Pure: no file, no clock; whoever imports opens the file.

One file per idea: `model` (what comes out), `strict_json` (what JSON is taken), `labels` (names), `times`,
`content`, `messages` (one message, whatever format it stands in), `jsonl`, `lists` and `locomo` (the formats) and
`formats` (which one it is).

Two rules hold for all. One bad line, message or turn never stops the rest: it comes out as a `BadLine`. And what a good
one becomes does not hang on the others being good: a bad one takes up its place in the session, so when the file is
mended and read again every other turn is the turn it was.
"""

from .formats import parse as parse
from .model import BadLine as BadLine
from .model import Format as Format
from .model import Turn as Turn

__all__ = ["BadLine", "Format", "Turn", "parse"]
