"""The demonstration: what Remanence does, shown on a conversation, and every promise that is made on the way checked.

Nothing is staged: the process that dies really dies, and what is said about it afterwards is read from the disk. How it
looks is somebody else's affair (`stage`); `remembering` and `surviving` are the acts; `child` is the process that dies.
"""

from .play import play as play
from .stage import Stage as Stage

__all__ = ["Stage", "play"]
