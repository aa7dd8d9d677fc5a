"""Options: what every command takes, whether it is written before the command's name or after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

if TYPE_CHECKING:  # the help of a command doesn't wait for views
    from ..projections.memories.events import Scalar

__all__ = [
    "DEFAULT_PATH",
    "MetaType",
    "MomentType",
    "Options",
    "PointType",
    "everywhere",
    "examples",
    "pass_options",
    "path_option",
    "writes",
]

F = TypeVar("F", bound=Callable[..., Any])
DEFAULT_PATH: Final = Path("memory")
PATH_HELP: Final = "The memory's folder. [REMANENCE_PATH, or else ./memory]"
JSON_HELP: Final = "Print JSON for programs."


@attrs.define
class Options:
    """What holds for the command that is being run.

    Attributes:
        path: folder of the memory.
        as_json: whether to print JSON.
        by: who writes, noted on every event.
        moment: ask the memory as it stood then; None for now.
    """

    path: Path = DEFAULT_PATH
    as_json: bool = False
    by: str | None = None
    moment: int | datetime | None = None


pass_options = click.make_pass_decorator(Options, ensure=True)


def _note(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Keep an option's value for the whole run, unless it wasn't given here."""

    def keep(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value not in (None, False):
            setattr(context.ensure_object(Options), name, value)

    return keep


def examples(*lines: str) -> str:
    """An epilog that shows how a command is used."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def path_option(**extra: Any) -> Callable[[F], F]:
    """`--path`; the group's reads the environment too."""
    kind = click.Path(file_okay=False, path_type=Path)
    return click.option(
        "--path", "-p", type=kind, metavar="FOLDER", help=PATH_HELP, expose_value=False, callback=_note("path"), **extra
    )


def everywhere(command: F) -> F:
    """`--path` and `--json`."""
    kept = click.option("--json", is_flag=True, help=JSON_HELP, expose_value=False, callback=_note("as_json"))(command)
    return path_option()(kept)


def writes(command: F) -> F:
    """`--by`, for commands that write."""
    return click.option(
        "--by",
        metavar="NAME",
        envvar="REMANENCE_BY",
        help="Who does it; noted on the event. [REMANENCE_BY]",
        expose_value=False,
        callback=_note("by"),
    )(command)


class MomentType(click.ParamType[datetime]):
    """A day or a moment in ISO 8601; UTC unless it says otherwise."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment as an aware datetime."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no day or moment such as 2026-03-02 or 2026-03-02T09:14:05", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


class PointType(click.ParamType["int | datetime"]):
    """A position in the log, or a day or a moment."""

    name = "point"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | datetime:
        """The position, or the moment as an aware datetime."""
        text = str(value)
        return int(text) if text.isdecimal() and text.isascii() else MomentType().convert(value, param, ctx)


class MetaType(click.ParamType["tuple[str, Scalar]"]):
    """`name=value`; a value that is a JSON scalar is taken as such, any other as text."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Scalar]:
        """The name and the value."""
        name, equals, text = str(value).partition("=")
        if not name or not equals:
            self.fail(f"{value!r}: write name=value, as in --meta pages=12", param, ctx)
        try:
            scalar = json.loads(text)
        except ValueError:
            return name, text
        return name, scalar if isinstance(scalar, str | int | float | bool | None) else text
