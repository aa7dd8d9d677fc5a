"""The root: the group of all commands, and what becomes of an error wherever it is raised."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from ..core.errors import RemanenceError
from .acting import actors
from .backing import backup, restore
from .caching import cache
from .changing import forget, reinforce, remember, revise
from .checking import verify
from .clustering import clusters
from .counting import stats
from .demonstrating import demo
from .events import log
from .exchanging import export
from .exits import EPILOG, Failure, Interrupted, failure
from .finding import find, get, history
from .importing import import_
from .options import JSON_HELP, Options, path_option
from .past import as_of, audit, bisect, diff, fork
from .reasons import why
from .recalling import recall
from .tagging import tag
from .viewing import views

__all__ = ["main"]


class Root(click.Group):
    """A group that ends its commands in order: every error that can be expected becomes a sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order in which people meet them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            Failure: it ended otherwise than well.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _let_go_of_stdout()
            return None
        except KeyboardInterrupt as error:
            raise self._failure(ctx, Interrupted()) from error
        except (RemanenceError, Interrupted, OSError) as error:
            raise self._failure(ctx, error) from error
        except Failure as error:
            error.as_json = ctx.ensure_object(Options).as_json
            raise
        return result

    @staticmethod
    def _failure(ctx: click.Context, error: RemanenceError | Interrupted | OSError) -> Failure:
        found = failure(error)
        found.as_json = ctx.ensure_object(Options).as_json
        return found


def _let_go_of_stdout() -> None:
    """Whoever read our output has what they wanted, as `head` does: no failure, and nothing more to write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(
    cls=Root, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@path_option(envvar="REMANENCE_PATH")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
@click.version_option(package_name="remanence", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, *, as_json: bool) -> None:
    """Remanence keeps an agent's memory: everything that is told is an event in a log that is never rewritten.

    Every command works on one memory, a folder: ./memory, unless --path or REMANENCE_PATH names another. Start with
    `remanence demo`.
    """
    ctx.ensure_object(Options).as_json |= as_json


for command in (
    import_,
    remember,
    revise,
    reinforce,
    forget,
    recall,
    get,
    find,
    history,
    why,
    tag,
    log,
    stats,
    as_of,
    diff,
    bisect,
    clusters,
    views,
    cache,
    actors,
    verify,
    audit,
    backup,
    restore,
    export,
    fork,
    demo,
):
    main.add_command(command)
