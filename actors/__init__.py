"""Motion: mailboxes and supervision; the writer, and the actors that derive more events from events.

The only layer that runs tasks, and so the only one that waits. Imports `projections`, `core` and `codecs`.
"""
