"""Bytes: frames, compression, dictionaries, digests, keys, vectors, deltas.

Every function here turns values into bytes or bytes into values. It holds no file, no clock, no random source and no
LMDB handle, so each format can be fed by hand. Imports nothing of ours.
"""
