"""Facts: events and their registry, the log, conditions, the clock, errors.

The log is the only thing that must survive; nothing here knows what a view or an actor is. Imports `codecs`.
"""
