"""Caches never change an answer; and what they cost and save is what they say."""
