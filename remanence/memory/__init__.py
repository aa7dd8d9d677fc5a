"""Memory: what an agent remembers and changes its mind about, as events on an engine.

Imports `engine` and `reading`.
"""
