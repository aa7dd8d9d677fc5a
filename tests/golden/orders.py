"""An event in its three versions, as a program that shipped all of them had it, one after the other."""

from __future__ import annotations

from typing import Any, Final

import attrs

from remanence import Projection, Recorded, Table, event, on, upcaster

__all__ = ["UPCASTERS", "Order", "OrderPlaced", "OrderPlaced1", "OrderPlaced2", "Orders"]


@event("order.placed", version=1)
@attrs.frozen
class OrderPlaced1:
    """First, prices were in whole euros."""

    id: str
    article: str
    price: int

    def about(self) -> tuple[str, ...]:
        """Which order."""
        return (f"order:{self.id}",)


@event("order.placed", version=2)
@attrs.frozen
class OrderPlaced2:
    """Then they were in cents."""

    id: str
    article: str
    price_cents: int

    def about(self) -> tuple[str, ...]:
        """Which order."""
        return (f"order:{self.id}",)


@event("order.placed", version=3)
@attrs.frozen
class OrderPlaced:
    """Now an order has several articles, and a currency."""

    id: str
    articles: tuple[str, ...]
    price_cents: int
    currency: str

    def about(self) -> tuple[str, ...]:
        """Which order."""
        return (f"order:{self.id}",)


@upcaster("order.placed", version=1)
def to_cents(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 to version 2."""
    rest = {name: value for name, value in data.items() if name != "price"}
    return {**rest, "price_cents": 100 * data["price"]}


@upcaster("order.placed", version=2)
def to_articles(data: dict[str, Any]) -> dict[str, Any]:
    """Version 2 to version 3."""
    rest = {name: value for name, value in data.items() if name != "article"}
    return {**rest, "articles": [data["article"]], "currency": "EUR"}


UPCASTERS: Final = (to_articles, to_cents)


@attrs.frozen
class Order:
    """An order as it is now."""

    id: str
    articles: tuple[str, ...]
    price_cents: int


class Orders(Projection):
    """What was ordered."""

    orders = Table(Order, key="id", indexes={"by_price": "price_cents"})

    @on(OrderPlaced)
    def placed(self, event: Recorded[OrderPlaced]) -> None:
        """Every version has become the newest one before it comes here."""
        self.orders.put(Order(event.data.id, event.data.articles, event.data.price_cents))
