"""Gathers prices and what is left out into pages, checking each price once. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sync.cloud.sources.amounts import read_amount
from sync.cloud.sources.records import (
    Kind,
    LeftOut,
    Link,
    Page,
    Product,
    SourcePrice,
    Why,
)
from sync.cloud.sources.shelf import Entry, Shelf

_Key = tuple[str, str, str, str, str]


class PageMaker:
    """One page being filled. What is told twice and differently counts as not told."""

    def __init__(self, shelf: Shelf) -> None:
        """Begin an empty page of this game."""
        self._shelf = shelf
        self._prices: dict[_Key, SourcePrice] = {}
        self._by: dict[_Key, Product] = {}
        self._twice: set[_Key] = set()
        self._left_out: list[LeftOut] = []
        self._links: list[Link] = []

    def __len__(self) -> int:
        return len(self._prices)

    def add(
        self,
        product: Product,
        entry: Entry,
        finish: str,
        currency: str,
        amount: object,
        source: str,
        as_of: datetime,
        condition: str = "",
    ) -> None:
        """Add a price; `amount` is as the source writes it, and None says that there is none."""
        try:
            minor = read_amount(amount, currency)
        except ValueError as error:
            self.leave_out(product, Why.WRONG, f"{error}: {str(amount)[:40]}")
            return
        if minor is None:
            return
        price = SourcePrice(entry.printing, finish, condition, currency, minor, as_of, source)
        key = (entry.printing.card_id, finish, condition, currency, source)
        before = self._prices.get(key)
        if key in self._twice or (before is not None and before.amount_minor != minor):
            self.leave_out(product, Why.TWICE, f"{finish} {condition}".strip())
            if before is not None:
                self.leave_out(self._by[key], Why.TWICE, f"{finish} {condition}".strip())
                del self._prices[key]
            self._twice.add(key)
            return
        self._prices[key] = price
        self._by[key] = product

    def leave_out(self, product: Product, why: Why, detail: str = "") -> None:
        """Note a product that no price comes of."""
        self._left_out.append(
            LeftOut(
                product.kind, product.their_id[:100], product.name[:200],
                (product.sets[0] if product.sets else "")[:200], product.number[:60], why,
                detail[:200],
            )
        )  # fmt: skip

    def broken(self, kind: Kind, entry: Mapping[str, object]) -> None:
        """Note an entry that is not as described; what can be read of it is kept."""
        words = [str(entry.get(key, ""))[:100] for key in ("productId", "id", "idProduct", "name")]
        their_id = next((word for word in words[:3] if word), "")
        self.leave_out(Product(kind, their_id, words[3]), Why.BROKEN)

    def learn(self, entry: Entry, ids: Mapping[Kind, str]) -> None:
        """Remember ids that were not known of a printing."""
        card_id = entry.printing.card_id
        self._links += [
            Link(self._shelf.game, kind.value, their_id, card_id)
            for kind, their_id in ids.items()
            if their_id and not self._shelf.ids_of(card_id, kind)
        ]

    def done(self, answers: Sequence[object] = ()) -> Page:
        """The page; `answers` are remembered once it is stored."""
        return Page(
            tuple(self._prices.values()), tuple(self._left_out), tuple(self._links),
            tuple(answers),  # type: ignore[arg-type]
        )  # fmt: skip


def text_of(value: object) -> str:
    """A text or a whole number as text; "" for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
