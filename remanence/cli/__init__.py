"""The command line: `remanence`. Thin: each command opens a memory, asks it, and shows the answer.

Here alone are click and rich imported. `root` is the group and what holds for every command; `exits` says how commands
end; `opening` gets from a path to an open memory; `output`, `texts`, `cards` and `progress` show; the rest are the
commands, one file for each thing that people come for.
"""

from .root import main as main

__all__ = ["main"]
