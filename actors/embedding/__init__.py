"""Embedding: vectors of models, made behind the writing and recorded."""
