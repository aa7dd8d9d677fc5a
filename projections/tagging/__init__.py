"""Tagging: what is made of a memory's text without a model, the event that records it, and the view that shows it."""
