"""Which prices have moved most, among the printings that the scanner has seen.

Read from the log in one look: of each finish, condition and source the price now, and the one that
stood at the beginning of a stretch of time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text
from sqlmodel import Session

from scanner.alerts_judge import CONDITIONS
from scanner.price_sources import SourceOrder

LEAST_MINOR = 100
"""Below this, before and now, a price's percents say nothing."""

_MOVES = text("""
    WITH seen AS (
        SELECT DISTINCT game, card_id FROM scan WHERE decision = 'accepted'
        UNION SELECT DISTINCT game, card_id FROM correction WHERE decision = 'accepted'
        UNION SELECT DISTINCT game, card_id FROM retry WHERE decision = 'accepted'
    ), kind AS (
        SELECT max(price.id) AS now_id,
            coalesce(
                max(CASE WHEN price.as_of <= :since THEN price.id END), min(price.id)
            ) AS past_id
        FROM seen JOIN price ON price.game = seen.game AND price.card_id = seen.card_id
        WHERE price.currency = :currency
        GROUP BY price.game, price.card_id, price.finish, price.condition, price.source
    )
    SELECT now.game, now.card_id, now.finish, now.condition, now.source, now.amount_minor,
        past.amount_minor AS past_minor, known.as_of
    FROM kind
    JOIN price AS now ON now.id = kind.now_id
    JOIN price AS past ON past.id = kind.past_id
    JOIN price_known AS known ON known.id = kind.now_id
    WHERE now.amount_minor <> past.amount_minor
        AND (now.amount_minor >= :least OR past.amount_minor >= :least)
""")


@dataclass(frozen=True, slots=True)
class Move:
    """How one source's price of a printing in one finish has moved; amounts in minor units."""

    game: str
    card_id: str
    finish: str
    source: str
    past_minor: int
    now_minor: int
    as_of: datetime

    @property
    def percent(self) -> float:
        """How far it has moved, in percent of what it was."""
        return 100.0 * (self.now_minor - self.past_minor) / max(1, self.past_minor)


def read_moves(
    session: Session, currency: str, days: int, now: datetime, order: SourceOrder
) -> list[Move]:
    """The prices that have moved within so many days; of each printing and finish one, by the
    source that the shop ranks first."""
    since = f"{(now - timedelta(days=days)).astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    values = {"since": since, "currency": currency, "least": LEAST_MINOR}
    rows = session.connection().execute(_MOVES, values)
    asked = [row for row in rows if row.condition in CONDITIONS and order.place(row.source) >= 0]
    found: dict[tuple[str, str, str], Move] = {}
    for row in sorted(asked, key=lambda row: (order.place(row.source), row.condition == "")):
        as_of = datetime.fromisoformat(row.as_of).replace(tzinfo=UTC)
        move = Move(
            row.game, row.card_id, row.finish, row.source, row.past_minor, row.amount_minor, as_of
        )
        found.setdefault((move.game, move.card_id, move.finish), move)
    return list(found.values())


def strongest(moves: Iterable[Move], *, up: bool, limit: int) -> list[Move]:
    """Those that rose, or fell, by most percent."""
    ours = [move for move in moves if (move.now_minor > move.past_minor) is up]
    return sorted(ours, key=lambda move: (-abs(move.percent), move.card_id))[:limit]
