"""Caches: what was read lately, kept so that reading it again costs next to nothing. Never a fact, never an answer."""
