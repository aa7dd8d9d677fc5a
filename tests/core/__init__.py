"""Tests of the log, its stores and what watches over them."""
