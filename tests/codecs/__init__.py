"""Bytes and back: every format of the bottom layer, fed by hand."""
