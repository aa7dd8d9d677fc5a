"""A ledger on the engine: events and a view of one's own, and money that can't be spent twice.

Run it twice: its log is kept in the folder `ledger`, and the second run goes on where the first one stopped.
"""

import contextlib

import attrs
import trio

from remanence import Condition, Conflict, Engine, Projection, Recorded, Table, event, on, open_engine


@event("money.deposited")
@attrs.frozen
class MoneyDeposited:
    account: str
    cents: int

    def about(self) -> list[str]:
        return [f"account:{self.account}"]


@event("money.withdrawn")
@attrs.frozen
class MoneyWithdrawn:
    account: str
    cents: int

    def about(self) -> list[str]:
        return [f"account:{self.account}"]


@attrs.frozen
class Account:
    id: str
    cents: int


class Balances(Projection):
    accounts = Table(Account, key="id", indexes={"by_cents": "cents"})

    def _move(self, account: str, cents: int) -> None:
        before = self.accounts.get(account)
        self.accounts.put(Account(account, cents + (before.cents if before else 0)))

    @on(MoneyDeposited)
    def deposited(self, event: Recorded[MoneyDeposited]) -> None:
        self._move(event.data.account, event.data.cents)

    @on(MoneyWithdrawn)
    def withdrawn(self, event: Recorded[MoneyWithdrawn]) -> None:
        self._move(event.data.account, -event.data.cents)


async def withdraw(engine: Engine, account: str, cents: int) -> bool:
    """Withdraw if there is enough, however many try at once: whoever decided on an old balance decides again."""
    while True:
        seen = engine.checkpoint(Balances)
        if (row := engine.view(Balances).accounts.get(account)) is None or row.cents < cents:
            return False
        unchanged = Condition(engine.query(tags=[f"account:{account}"]), after=seen)
        with contextlib.suppress(Conflict):
            await engine.append(MoneyWithdrawn(account, cents), condition=unchanged)
            return True


async def main(path: str) -> None:
    async with open_engine(path, events=[MoneyDeposited, MoneyWithdrawn], projections=[Balances]) as engine:
        await engine.append(MoneyDeposited("ada", 1000), MoneyDeposited("bo", 300))
        async with trio.open_nursery() as nursery:
            for _ in range(15):  # fifteen at once, for 100 each, from what ten can have
                nursery.start_soon(withdraw, engine, "ada", 100)
        for row in engine.view(Balances).accounts.select("by_cents", backward=True):
            print(f"{row.id}: {row.cents / 100:.2f}  ({len(engine.read(tags=[f'account:{row.id}']))} events)")


if __name__ == "__main__":
    trio.run(main, "ledger")
