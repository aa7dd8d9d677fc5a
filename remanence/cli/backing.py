"""Backing up: the commands that copy a log, and bring a copy back."""

from __future__ import annotations

from pathlib import Path

import click

from .opening import reading, run
from .options import Options, everywhere, pass_options
from .output import Output

__all__ = ["backup", "restore"]

Folder = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("target", type=Folder, metavar="TARGET")
@everywhere
@pass_options
def backup(options: Options, *, target: Path) -> None:
    """Copy the log into the new or empty folder TARGET, while work goes on, and verify the copy.

    Views aren't copied: they are built from the log.
    """


@click.command()
@click.argument("source", type=Folder, metavar="BACKUP")
@everywhere
@pass_options
def restore(options: Options, *, source: Path) -> None:
    """Bring the log in the folder BACKUP back as the memory --path, which must be new or empty."""
