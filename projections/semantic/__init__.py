"""Semantic search: embedders that need no model, and exact nearest vectors of a scope."""
