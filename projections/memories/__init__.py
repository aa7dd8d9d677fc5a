"""Memories: the events of an agent's memory, and the view that answers for them."""
