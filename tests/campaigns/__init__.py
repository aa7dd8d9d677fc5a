"""Campaigns: proofs that take as long as one gives them. Each has a short form among the tests."""
