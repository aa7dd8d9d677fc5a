"""Clusters: the events by which memories come to stand together, and the view that answers for them."""
