"""Faults: whatever an actor does, it can crash there; and the rest goes on, and nothing is lost."""
