"""Late: a command known by its name and one line of help, imported when it is run.

So the list of all commands, and a command that asks little, don't wait for what the others need.
"""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["Late"]


class Late(click.Command):
    """Stands for a command until that is run.

    Attributes:
        home: where the command is made, as `module:name` in this folder.
    """

    def __init__(self, name: str, home: str, short_help: str) -> None:
        super().__init__(name, short_help=short_help)
        self.home = home

    def load(self) -> click.Command:
        """The command itself."""
        module, _, name = self.home.partition(":")
        command: click.Command = getattr(import_module(f".{module}", __package__), name)
        return command
