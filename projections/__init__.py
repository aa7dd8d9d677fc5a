"""Views: tables and indexes, the runner that folds the log into them, every built-in read model.

Whatever lives here can be thrown away and folded again from the log. Imports `core` and `codecs`.
"""
