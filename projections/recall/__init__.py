"""Recall: what finds memories by what they say. Derived from the view of memories; nothing here is a fact."""
