"""What a card was worth over time. Only changes are on disk: in between a price stood still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, union_all

from sync.cloud.tables import PRICE, PRICE_CHANGE

KIND = ("finish", "condition", "currency", "source")
MOST_POINTS = 5000

Kind = tuple[str, ...]
Point = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of price of a card. The first point may lie before the window: it stood there."""

    kind: Kind
    points: list[Point]

    @property
    def currency(self) -> str:
        """What it is told in."""
        return self.kind[KIND.index("currency")]


def history_of(
    connection: Connection, game: str, card_id: str, since: datetime, kind: dict[str, str]
) -> list[Series]:
    """The series of a card since a time, each with what stood when it began.

    `kind` limits finish, condition, currency or source. Of very many points the newest are given.
    """
    change = PRICE_CHANGE.c
    of_card: list[ColumnElement[bool]] = [change.game == game, change.card_id == card_id]
    of_card += [change[name] == value for name, value in kind.items()]
    columns = (*(change[name] for name in KIND), change.as_of, change.amount_minor, change.id)
    within = (
        select(*columns)
        .where(*of_card, change.as_of >= since)
        .order_by(change.as_of.desc(), change.id.desc())
        .limit(MOST_POINTS)
        .subquery()
    )
    before = select(
        *columns,
        func.row_number()
        .over(
            partition_by=[change[name] for name in KIND],
            order_by=[change.as_of.desc(), change.id.desc()],
        )
        .label("place"),
    ).where(*of_card, change.as_of < since).subquery()  # fmt: skip
    names = (*KIND, "as_of", "amount_minor", "id")
    both = union_all(
        select(*(within.c[name] for name in names)),
        select(*(before.c[name] for name in names)).where(before.c.place == 1),
    ).subquery()
    rows = connection.execute(select(both).order_by(both.c.as_of, both.c.id))
    found: dict[Kind, list[Point]] = {}
    for row in rows:
        found.setdefault(tuple(row[:4]), []).append((row.as_of, row.amount_minor))
    return [Series(key, points) for key, points in sorted(found.items())]


def prices_now(connection: Connection, game: str, card_id: str) -> dict[Kind, Point]:
    """The last word on each kind of price of a card, with the source's time.

    A set that a pack has renamed is there under both names: what was said last counts.
    """
    query = select(*(PRICE.c[name] for name in KIND), PRICE.c.as_of, PRICE.c.amount_minor).where(
        PRICE.c.game == game, PRICE.c.card_id == card_id
    )
    rows = connection.execute(query.order_by(PRICE.c.as_of))
    return {tuple(row[:4]): (row.as_of, row.amount_minor) for row in rows}


def statistics(points: Sequence[Point], since: datetime, until: datetime) -> dict[str, Any]:
    """Lowest, highest, middle and mean price of a window, and by how much it moved within.

    The mean weighs each price by how long it stood; `change` is a share: 0.1 is 10% more. The
    points must not be empty.
    """
    amounts = [amount for _, amount in points]
    begins = [max(time, since) for time, _ in points]
    ends = [*begins[1:], max(until, begins[-1])]
    lasted_s = [(end - begin).total_seconds() for begin, end in zip(begins, ends, strict=True)]
    whole_s = sum(lasted_s)
    weighed = sum(a * s for a, s in zip(amounts, lasted_s, strict=True))
    return {
        "low_minor": min(amounts),
        "high_minor": max(amounts),
        "median_minor": round(median(amounts)),
        "mean_minor": round(weighed / whole_s) if whole_s else round(sum(amounts) / len(amounts)),
        "first_minor": amounts[0],
        "change": round(amounts[-1] / amounts[0] - 1, 4) if amounts[0] else None,
        "changes": len(points) - 1,
    }
