"""A club for the engine's tests: a user's own events and view, and a program that reads along. No expectation here."""

from __future__ import annotations

import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import attrs
import trio

import remanence
from remanence import Engine, Projection, Recorded, Table, event, on


@event("member.joined")
@attrs.frozen
class Joined:
    """Somebody came."""

    name: str
    club: str = "chess"

    def about(self) -> tuple[str, ...]:
        """Who, and where."""
        return f"member:{self.name}", f"club:{self.club}"


@event("member.left")
@attrs.frozen
class Left:
    """Somebody went."""

    name: str

    def about(self) -> tuple[str, ...]:
        """Who."""
        return (f"member:{self.name}",)


@attrs.frozen
class Member:
    """Somebody who is in the club."""

    name: str
    club: str
    since: int


class Members(Projection):
    """Who is in the club."""

    members = Table(Member, key="name", indexes={"by_club": ("club", "name")})

    @on(Joined)
    def joined(self, event: Recorded[Joined]) -> None:
        """In."""
        self.members.put(Member(event.data.name, event.data.club, event.position))

    @on(Left)
    def left(self, event: Recorded[Left]) -> None:
        """Out."""
        if event.data.name == "nobody":
            raise LookupError(event.data.name)
        self.members.delete(event.data.name)


EVENTS = (Joined, Left)


async def follow(path: Path, count: int) -> None:
    """Open read-only, as another program would, and print the first `count` events as they come."""
    async with club(path, read_only=True) as engine:
        say("ready")
        seen = 0
        async for recorded in engine.events():
            say(recorded.position, recorded.data.name)
            seen += 1
            if seen == count:
                break


def names(engine: Engine) -> list[str]:
    """Who is in the club, in the order of names."""
    return [row.name for row in engine.view(Members).members.select()]


def say(*words: object) -> None:
    """Write a line for whoever reads along."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def club(path: Path, **options: Any) -> AbstractAsyncContextManager[Engine]:
    """The club's engine."""
    return remanence.open_engine(path, events=EVENTS, projections=[Members], **options)


if __name__ == "__main__":
    trio.run(follow, Path(sys.argv[1]), int(sys.argv[2]))
