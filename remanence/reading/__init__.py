"""Reading: everything that can be asked of memories, live, read-only or past. Nothing here appends.

`reading.py` puts the questions together; each other module answers one kind. Imports `engine`.
"""
