"""The engine: a log, its views and its actors, and what its users do with each. It knows nothing of memories.

One module for each thing that can be asked of an engine; `engine.py` puts them together. Imports the layers.
"""
