"""What the cloud knows of a device's stock: each card as it stands after what people said of it.

The device's own rules, put to the rows that it sent: `present_answer` for the card that a scan
shows, `scanner/inventory_log.py` for bulk edits after it, the pack for a finish that nobody said.
Cards of an offer count once they are paid for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, text

from scanner.inventory import is_known_finish
from scanner.inventory_catalog import only_finish
from scanner.inventory_log import Answer, Edit, Said, present
from scanner.routing import Mode
from sync.cloud.tables import LOG_TABLES

PAID = ("cash", "credit")
"""How an offer ended whose cards are the shop's by now."""

Card = tuple[str, str]
Facts = Callable[[str, str], Mapping[str, str]]

_OF_STOCK = """
    FROM present_answer AS a
    JOIN scan ON scan.device = a.device AND scan.log = a.log AND scan.id = a.scan_id
    LEFT JOIN batch
        ON batch.device = scan.device AND batch.log = scan.log AND batch.id = scan.batch_id
    {more}
    WHERE a.device = :device AND a.decision = 'accepted' AND a.card_id <> '' AND {which} (
        coalesce(batch.mode, '') = 'offer' OR EXISTS (
            SELECT 1 FROM stock_edit AS said
            WHERE said.device = a.device AND said.log = a.log AND said.scan_id = a.scan_id
        )
    )
"""

_PLAIN = text(
    "SELECT a.game, a.card_id, a.finish, a.condition, a.language, date(scan.created_at) AS day,"
    " count(*) AS cards"
    + _OF_STOCK.format(more="", which="NOT")
    + "GROUP BY a.game, a.card_id, a.finish, a.condition, a.language, date(scan.created_at)"
)

_SINGLE = text(
    "SELECT a.log, a.scan_id, scan.batch_id, a.game, a.card_id, a.finish, a.condition, a.language,"
    " date(scan.created_at) AS day, coalesce(batch.mode, '') AS mode, coalesce(word.id, 0) AS"
    " word_id, coalesce(word.finish, '') AS word_finish,"
    " coalesce(word.condition, '') AS word_condition,"
    " coalesce(word.language, '') AS word_language"
    + _OF_STOCK.format(
        more="""
    LEFT JOIN correction AS word
        ON a.source = 'person' AND word.device = a.device AND word.log = a.log
        AND word.id = a.row_id""",
        which="",
    )
)

_EDITS = text("""
    SELECT edit.log, edit.scan_id, edit.change_id, change.after_correction,
        date(edit.created_at) AS day, edit.condition, edit.language, edit.finish, edit.location,
        edit.removed
    FROM stock_edit AS edit
    JOIN stock_change AS change
        ON change.device = edit.device AND change.log = edit.log AND change.id = edit.change_id
    WHERE edit.device = :device AND NOT EXISTS (
        SELECT 1 FROM stock_change AS back
        WHERE back.device = edit.device AND back.log = edit.log AND back.undoes = edit.change_id
    )
    ORDER BY edit.log, edit.id
""")


@dataclass(frozen=True, slots=True)
class Pile:
    """Equal cards that came to the stock on one day, and, where they left it again, when.

    `finish` is `unknown` where nobody knows it, `condition` and `language` are "" then.
    """

    card: Card
    finish: str
    condition: str
    language: str
    came: date
    cards: int
    left: date | None = None


def piles_of(connection: Connection, device: str, facts_of: Facts) -> Iterator[Pile]:
    """All that a device ever had in stock, as it is known to be today.

    `facts_of` gives the catalog's facts on a printing (`scanner.inventory_catalog.LibraryFacts`).
    """
    for row in connection.execute(_PLAIN, {"device": device}):
        finish = _finish(row.finish, row, facts_of)
        yield Pile(
            (row.game, row.card_id), finish, row.condition, row.language, _day(row.day), row.cards
        )
    edits: dict[tuple[str, int], list[tuple[Said, date]]] = defaultdict(list)
    for log, scan_id, change_id, after, day, *said in connection.execute(
        _EDITS, {"device": device}
    ):
        edits[log, scan_id].append((Said(change_id, after, Edit(*said)), _day(day)))
    bought = _bought(connection, device)
    for row in connection.execute(_SINGLE, {"device": device}):
        if row.mode != Mode.OFFER or (row.log, row.batch_id, row.scan_id) in bought:
            yield _edited(row, edits.get((row.log, row.scan_id), ()), facts_of)


def _bought(connection: Connection, device: str) -> set[tuple[str, int, int]]:
    """Log, batch and scan of each card of an offer that was paid for."""
    made = LOG_TABLES["offer_made"].c
    query = select(made.log, made.batch_id, made.outcome, made.bought).where(made.device == device)
    last = {(row.log, row.batch_id): row for row in connection.execute(query.order_by(made.id))}
    return {
        (row.log, row.batch_id, scan_id)
        for row in last.values() if row.outcome in PAID for scan_id in row.bought
    }  # fmt: skip


def _edited(row: Any, edits: Sequence[tuple[Said, date]], facts_of: Facts) -> Pile:
    word = Edit(row.word_condition, row.word_language, row.word_finish)
    answer = Answer(row.condition, row.language, row.finish, "", row.word_id, word)
    now = present(answer, (said for said, _ in edits))
    days = [day for said, day in edits if said.edit.removed]
    return Pile(
        (row.game, row.card_id),
        _finish(now.finish or "", row, facts_of),
        now.condition or "",
        now.language or "",
        _day(row.day),
        1,
        days[-1] if now.removed else None,
    )


def _finish(finish: str, row: Any, facts_of: Facts) -> str:
    """The finish, or what the catalog is certain of where nobody said it."""
    return finish if is_known_finish(finish) else only_finish(facts_of(row.game, row.card_id))


def _day(day: object) -> date:
    """A day as either database gives it."""
    return day if isinstance(day, date) else date.fromisoformat(str(day))
