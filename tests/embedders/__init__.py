"""Embedders of models."""
