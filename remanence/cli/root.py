"""The root: the group of all commands, and what becomes of an error wherever it is raised."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from ..core.errors import RemanenceError
from .exits import EPILOG, Failure, Interrupted, failure
from .late import Late
from .options import JSON_HELP, Options, path_option

__all__ = ["main"]


class Root(click.Group):
    """A group that ends its commands in order: every error that can be expected becomes a sentence and an exit code."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is to be run; it alone is imported."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Late) else command, rest

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
    Late("import", "importing:import_", "Take in a conversation, or exported events."),
    Late("remember", "changing:remember", "Remember a text."),
    Late("revise", "changing:revise", "Change what a memory says."),
    Late("reinforce", "changing:reinforce", "Confirm a memory."),
    Late("forget", "changing:forget", "Hide a memory; its history stays."),
    Late("recall", "recalling:recall", "Ask what is remembered, in words."),
    Late("get", "finding:get", "Show a memory."),
    Late("find", "finding:find", "List memories that fit."),
    Late("history", "finding:history", "List every event of a memory."),
    Late("why", "reasons:why", "Show why a memory is as it is."),
    Late("tag", "tagging:tag", "Tag what has no tags yet."),
    Late("log", "events:log", "Print the log, and follow it."),
    Late("stats", "counting:stats", "Show what the memory holds, and its sizes."),
    Late("as-of", "past:as_of", "Ask the memory as it stood."),
    Late("diff", "past:diff", "Tell what became of memories."),
    Late("bisect", "past:bisect", "Find the event after which something was so."),
    Late("clusters", "clustering:clusters", "Show which memories stand together."),
    Late("views", "viewing:views", "Show how the views are doing; mend them."),
    Late("cache", "caching:cache", "Show what is kept in memory, and change how much may be."),
    Late("actors", "acting:actors", "Show how the actors are doing, of the process that runs them."),
    Late("verify", "checking:verify", "Check that everything is as it was written."),
    Late("audit", "past:audit", "Hold the views against the log."),
    Late("backup", "backing:backup", "Copy the log while work goes on."),
    Late("restore", "backing:restore", "Bring a backup back."),
    Late("export", "exchanging:export", "Write the log as CloudEvents."),
    Late("fork", "past:fork", "Make a memory that shares the past."),
    Late("bench", "benching:bench", "Measure how fast it is here, and how much recall finds."),
    Late("demo", "demonstrating:demo", "Show what Remanence does, and check its promises."),
):
    main.add_command(command)
