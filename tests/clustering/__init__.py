"""Clusters: what is decided lazily is what would be decided at every write, and nothing is decided twice or lost."""
