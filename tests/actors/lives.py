"""Lives of actors under a schedule that a seed decides: clients, crashes, restarts of all kinds, an end in the middle.

Nothing is checked here; `Story` notes all that happened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import partial
from random import Random

import attrs
import trio

from remanence.actors.actor import Actor
from remanence.actors.asks import Ask
from remanence.actors.lanes import Lane
from remanence.actors.letters import DeadLetters
from remanence.actors.mailbox import WhenFull
from remanence.actors.restarts import Restart
from remanence.actors.supervisor import Group, Strategy, Supervisor, supervised
from remanence.actors.surroundings import Surroundings
from remanence.core.errors import Closed, Unanswered
from remanence.testkit import run_scheduled

CLIENTS = 6
TURNS = 8
NAMES = ("a", "b", "c", "d")
STOP_S = 30.0


@attrs.frozen
class Message:
    """What is told and asked.

    Attributes:
        number: nobody else's.
        does: what its actor does about it: "work", "crash", "tell", "ask", or "hang".
        whom: whom it tells or asks then.
    """

    number: int
    does: str
    whom: str


@attrs.define(eq=False)
class Story:
    """What happened.

    Attributes:
        told: whether each message that was told was taken.
        asked: what became of each ask.
        begun: how often each message was begun to be handled.
        handled: the messages that were handled to their end.
        crashed: what ended everything, if something did.
        seconds: how long the end took.
    """

    random: Random
    letters: DeadLetters
    supervisor: Supervisor | None = None
    told: dict[int, bool] = attrs.field(factory=dict[int, bool])
    asked: dict[int, str] = attrs.field(factory=dict[int, str])
    begun: Counter[int] = attrs.field(factory=Counter[int])
    handled: set[int] = attrs.field(factory=set[int])
    crashed: str = ""
    seconds: float = 0.0
    count: int = 0

    def message(self) -> Message:
        """A new message."""
        self.count += 1
        does = self.random.choices(("work", "crash", "tell", "ask", "hang"), (8, 1.5, 2, 2, 0.3))[0]
        return Message(self.count, does, self.random.choice(NAMES))

    async def tell(self, name: str, message: Message) -> None:
        """Tell somebody something."""
        assert self.supervisor is not None
        lane = self.random.choice(tuple(Lane))
        self.told[message.number] = await self.supervisor.address(name).tell(message, lane=lane)

    async def ask(self, name: str, message: Message, timeout_s: float) -> None:
        """Ask somebody something."""
        assert self.supervisor is not None
        self.asked[message.number] = "waiting"
        try:
            await self.supervisor.address(name).ask(message, timeout_s=timeout_s)
        except (Closed, Unanswered) as error:
            self.asked[message.number] = type(error).__name__
        except trio.Cancelled:
            self.asked[message.number] = "cancelled"
            raise
        else:
            self.asked[message.number] = "answered"


class Player(Actor[Message | Ask[Message, int]]):
    """Does what messages say."""

    def __init__(self, story: Story) -> None:
        self.story = story

    async def started(self) -> None:
        await trio.sleep(self.story.random.choice((0, 0, 0.01)))

    async def handle(self, batch: Sequence[Message | Ask[Message, int]]) -> None:
        for each in batch:
            message = each.request if isinstance(each, Ask) else each
            self.story.begun[message.number] += 1
            await self._act(message)
            self.story.handled.add(message.number)
            if isinstance(each, Ask):
                each.reply(message.number)

    def key(self, message: Message | Ask[Message, int]) -> Hashable | None:
        return None if isinstance(message, Ask) else message.whom

    async def _act(self, message: Message) -> None:
        story = self.story
        await trio.sleep(story.random.choice((0, 0, 0, 0.001, 0.1)))
        if message.does == "crash":
            raise ZeroDivisionError(message.number)
        if message.does == "hang":
            await trio.sleep(100)
        follower = attrs.evolve(story.message(), does="work")
        if message.does == "tell":
            await story.tell(message.whom, follower)
        if message.does == "ask":
            await story.ask(message.whom, follower, 5)


def play(seed: int) -> Story:
    """Run it all to its end.

    Args:
        seed: decides the schedule, the actors' policies, and what clients do.
    """
    random = Random(seed)  # noqa: S311 - dice, not a secret
    story = Story(random, DeadLetters(clock=lambda: 0, kept=100_000))
    run_scheduled(_main, story, seed=seed)
    return story


def _kind(random: Random, number: int) -> type[Player]:
    attributes = {
        "name": NAMES[number],
        "capacity": random.choice((1, 2, 64)),
        "batch_limit": random.choice((1, 3, 64)),
        "when_full": random.choice((WhenFull.WAIT, WhenFull.WAIT, WhenFull.REFUSE)),
        "restart": Restart(limit=random.choice((2, 50))),
        "needs": tuple(name for name in NAMES[:number] if random.random() < 0.3),
    }
    return type("Player", (Player,), attributes)


async def _main(story: Story) -> None:
    random = story.random
    makers = [partial(_kind(random, number), story) for number in range(len(NAMES))]
    groups = [Group(makers[:2], random.choice(tuple(Strategy))), Group(makers[2:], random.choice(tuple(Strategy)))]
    story.supervisor = Supervisor(groups, around=Surroundings(story.letters), random=random)
    ending = 0.0
    try:
        with trio.fail_after(3600):
            async with trio.open_nursery() as clients:
                async with supervised(story.supervisor, stop_s=STOP_S):
                    for _ in range(CLIENTS):
                        clients.start_soon(_client, story)
                    await trio.sleep(random.choice((0, 0.05, 1, 300)))
                    ending = trio.current_time()
                story.seconds = trio.current_time() - ending
    except* ZeroDivisionError as group:
        story.crashed = str(group)


async def _client(story: Story) -> None:
    random = story.random
    for _ in range(TURNS):
        await trio.sleep(random.choice((0, 0, 0.001, 0.05)))
        name, message = random.choice(NAMES), story.message()
        if random.random() < 0.5:
            await story.tell(name, message)
        else:
            with trio.move_on_after(random.choice((1e9, 1e9, 0, 0.003))):
                await story.ask(name, message, random.choice((0, 0.1, 5)))
