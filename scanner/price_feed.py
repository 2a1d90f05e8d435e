"""Prices that come in, and how they become rows of the log. `sync` alone calls this.

A price that says what the log says already adds no row; that its source said so again, and when, is
kept in `price_confirmed`. So the history holds changes, and every price has its true age.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, text
from sqlmodel import Session

from scanner.store_open import in_parts
from scanner.tables import Price, utc_now

_STANDING = """
    SELECT max(id), card_id, finish, condition, currency, source, amount_minor, as_of
    FROM price_known WHERE game = :game AND card_id IN ({})
    GROUP BY card_id, finish, condition, currency, source
"""
_CONFIRM = text("""
    INSERT INTO price_confirmed (price_id, as_of) VALUES (:price_id, :as_of)
    ON CONFLICT (price_id) DO UPDATE SET as_of = excluded.as_of
""")

Kind = tuple[str, str, str, str, str]
"""card_id, finish, condition, currency, source."""


@dataclass(frozen=True, slots=True)
class PriceTold:
    """One price as its source tells it; the fields are those of `scanner.tables.Price`."""

    card_id: str
    finish: str
    condition: str
    currency: str
    amount_minor: int
    source: str
    as_of: datetime

    @property
    def kind(self) -> Kind:
        """What of the printing this is a price of, and who says so."""
        return self.card_id, self.finish, self.condition, self.currency, self.source


@dataclass(frozen=True, slots=True)
class PriceNews:
    """Prices of one game that belong together: all of them are taken in, or none."""

    game: str
    prices: Sequence[PriceTold]


def apply_prices(session: Session, news: PriceNews) -> int:
    """Add what differs from what the log holds, inside the caller's transaction; the rows added.

    A price that is older than the one of its kind in the log changes nothing. Of two of one kind
    the last counts.
    """
    prices = {price.kind: price for price in news.prices}.values()
    standing = _standing(session, news.game, {price.card_id for price in prices})
    now = utc_now()
    rows, confirmed = [], []
    for price in prices:
        at = _stored(price.as_of)
        known = standing.get(price.kind)
        if known is not None and at < known[2]:
            continue
        if known is not None and known[1] == price.amount_minor:
            if at > known[2]:
                confirmed.append({"price_id": known[0], "as_of": at})
            continue
        rows.append(
            {
                "game": news.game, "card_id": price.card_id, "finish": price.finish,
                "condition": price.condition, "currency": price.currency,
                "amount_minor": price.amount_minor, "source": price.source,
                "as_of": price.as_of, "created_at": now,
            }
        )  # fmt: skip
    connection = session.connection()
    if rows:
        connection.execute(insert(Price), rows)
    if confirmed:
        connection.execute(_CONFIRM, confirmed)
    return len(rows)


def _standing(
    session: Session, game: str, card_ids: Iterable[str]
) -> dict[Kind, tuple[int, int, str]]:
    """Id, amount and time of the newest price of each kind."""
    found: dict[Kind, tuple[int, int, str]] = {}
    for part in in_parts(sorted(card_ids)):
        names = {f"id{n}": card for n, card in enumerate(part)}
        query = text(_STANDING.format(",".join(f":{name}" for name in names)))
        for row in session.connection().execute(query, {"game": game, **names}):
            found[(row[1], row[2], row[3], row[4], row[5])] = (row[0], row[6], row[7])
    return found


def _stored(at: datetime) -> str:
    """A time as SQLAlchemy writes it into SQLite: such texts compare as the times do."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
