"""Embedders of models: each needs something that `pip install remanence` doesn't bring, or a service."""
