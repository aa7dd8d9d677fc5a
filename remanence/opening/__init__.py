"""Opening: from a folder to a memory or an engine at work, and what each setting adds to it.

Imports everything that it opens.
"""
