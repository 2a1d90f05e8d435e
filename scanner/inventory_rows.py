"""Reads from the log what the index of the stock is made of: copies as they stand now, prices."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text
from sqlmodel import Session, col, select

from scanner.inventory_log import Answer, Edit, Said, present, void_changes
from scanner.records import Decision
from scanner.routing import Mode
from scanner.store_open import in_parts
from scanner.tables_stock import StockChange

_ANSWERS = text("""
    SELECT a.scan_id, scan.batch_id, scan.sequence, a.decision, a.game, a.card_id, a.name,
        a.set_name, a.number, a.variant, a.finish, a.condition, a.language, a.crop_path,
        scan.created_at, coalesce(word.id, 0), coalesce(word.finish, ''),
        coalesce(word.condition, ''), coalesce(word.language, ''), batch.location,
        coalesce(route.bin, 0), batch.mode, a.probability
    FROM present_answer AS a
    JOIN scan ON scan.id = a.scan_id
    JOIN batch_now AS batch ON batch.id = scan.batch_id
    LEFT JOIN correction AS word ON a.source = 'person' AND word.id = a.row_id
    LEFT JOIN route ON route.scan_id = a.scan_id
    WHERE a.scan_id IN :ids ORDER BY a.scan_id
""").bindparams(bindparam("ids", expanding=True))

_EDITS = text("""
    SELECT edit.scan_id, edit.change_id, change.after_correction, change.created_at,
        edit.condition, edit.language, edit.finish, edit.location, edit.removed
    FROM stock_edit AS edit JOIN stock_change AS change ON change.id = edit.change_id
    WHERE edit.scan_id IN :ids ORDER BY edit.id
""").bindparams(bindparam("ids", expanding=True))

_BOUGHT = text("""
    SELECT line.value FROM offer_made AS made, json_each(made.lines) AS entry,
        json_each(entry.value, '$.scans') AS line
    WHERE made.id = (SELECT max(id) FROM offer_made WHERE batch_id = :batch_id)
        AND made.outcome IN ('cash', 'credit')
        AND json_extract(entry.value, '$.status') = 'offered'
""")

_CARDS_BETWEEN = text(
    "SELECT count(*) FROM route WHERE bin = :bin AND scan_id > :after AND scan_id <= :scan_id"
)

_ROUTED = text(
    "SELECT bin, scan_id FROM route WHERE scan_id BETWEEN :first AND :last ORDER BY scan_id"
)

_AGES = text("SELECT id, as_of FROM price_known WHERE id IN :ids").bindparams(
    bindparam("ids", expanding=True)
)

OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class StockRow:
    """One scan as it stands in the stock; `removed` says why it is no longer there.

    `removed` is `OUTSIDE` for a card that never was: it has no name yet, or was not bought.
    """

    scan_id: int
    batch_id: int
    sequence: int
    game: str
    card_id: str
    name: str
    set: str
    number: str
    variant: str
    finish: str
    condition: str
    language: str
    location: str
    bin: int
    position: int
    crop_path: str
    added_at: str
    removed: str
    removed_day: str
    probability: float | None


class Bins:
    """Finds the place of cards in their bins; asked in the order of scans, it counts each once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._emptied: dict[int, list[int]] = defaultdict(list)
        for number, after_scan in connection.execute(
            text("SELECT bin, after_scan FROM bin_emptied ORDER BY after_scan")
        ):
            self._emptied[number].append(after_scan)
        self._last: dict[int, tuple[int, int]] = {}
        self._from_scan = sys.maxsize
        self._routed: dict[int, list[int]] = {}

    def look_ahead(self, first_scan: int, last_scan: int) -> None:
        """Read all that went to a bin between two scans at once, rather than card by card."""
        self._from_scan = first_scan
        self._routed = defaultdict(list)
        values = {"first": first_scan, "last": last_scan}
        for number, scan_id in self._connection.execute(_ROUTED, values):
            self._routed[number].append(scan_id)

    def place(self, number: int, scan_id: int) -> int:
        """The place of a card in its bin since that was last emptied, from 1; 0 without a bin."""
        if not number:
            return 0
        last_scan, last_place = self._last.get(number, (0, 0))
        emptied = max((after for after in self._emptied[number] if after < scan_id), default=0)
        after, place = (last_scan, last_place) if last_scan > emptied else (emptied, 0)
        place += self._between(number, after, scan_id)
        self._last[number] = (scan_id, place)
        return place

    def _between(self, number: int, after: int, scan_id: int) -> int:
        if after >= self._from_scan:
            routed = self._routed[number]
            return bisect_right(routed, scan_id) - bisect_right(routed, after)
        values = {"bin": number, "after": after, "scan_id": scan_id}
        return int(self._connection.execute(_CARDS_BETWEEN, values).scalar() or 0)


class Bought:
    """Which cards of a batch that was offered for are the shop's by now."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[int, frozenset[int]] = {}

    def of_batch(self, batch_id: int) -> frozenset[int]:
        """The scans that were paid for; none while the offer is open, declined or undone."""
        if batch_id not in self._known:
            rows = self._connection.execute(_BOUGHT, {"batch_id": batch_id})
            self._known[batch_id] = frozenset(int(row[0]) for row in rows)
        return self._known[batch_id]


def read_rows(session: Session, scan_ids: Sequence[int]) -> Iterable[StockRow]:
    """How these scans, given in the order of their ids, stand now."""
    connection = session.connection()
    void = _void(session)
    bins = Bins(connection)
    bought = Bought(connection)
    for ids in in_parts(scan_ids):
        edits = _edits(connection, ids, void)
        bins.look_ahead(ids[0], ids[-1])
        for row in connection.execute(_ANSWERS, {"ids": ids}):
            ours = row.mode != Mode.OFFER or row[0] in bought.of_batch(row[1])
            yield _row(tuple(row), edits.get(row[0], []), bins, ours=ours)


def _edits(
    connection: Connection, ids: list[int], void: frozenset[int]
) -> dict[int, list[tuple[Said, str]]]:
    found: dict[int, list[tuple[Said, str]]] = defaultdict(list)
    for scan_id, change_id, after, created_at, *said in connection.execute(_EDITS, {"ids": ids}):
        if change_id not in void:
            found[scan_id].append((Said(change_id, after, Edit(*said)), str(created_at)[:10]))
    return found


def _row(
    values: tuple[object, ...], edits: list[tuple[Said, str]], bins: Bins, *, ours: bool
) -> StockRow:
    scan_id, batch_id, sequence = (int(str(value)) for value in values[:3])
    (decision, game, card_id, name, in_set, number, variant) = (
        str(value) for value in values[3:10]
    )
    crop, created_at = (str(value) for value in values[13:15])
    now = _now(values, edits)
    bin_number = int(str(values[20]))
    probability = None if values[22] is None else float(str(values[22]))
    removed = now.removed or ""
    days = [day for said, day in edits if said.edit.removed]
    if decision != Decision.ACCEPTED or not ours:
        removed = OUTSIDE
    return StockRow(
        scan_id, batch_id, sequence, game, card_id, name, in_set, number, variant,
        now.finish or "", now.condition or "", now.language or "", now.location or "",
        bin_number, bins.place(bin_number, scan_id), crop,
        created_at[:19], removed, days[-1] if days and removed else "", probability,
    )  # fmt: skip


def read_edited(session: Session, scan_ids: Iterable[int]) -> Iterator[tuple[str, str, str, Edit]]:
    """Decision, game, card_id and what holds of each of these scans, after all bulk edits."""
    connection = session.connection()
    void = _void(session)
    for ids in in_parts(scan_ids):
        edits = _edits(connection, ids, void)
        for row in connection.execute(_ANSWERS, {"ids": ids}):
            now = _now(tuple(row), edits.get(row.scan_id, []))
            yield row.decision, row.game, row.card_id, now


def _void(session: Session) -> frozenset[int]:
    undoing = select(StockChange).where(col(StockChange.undoes) > 0)
    return void_changes(list(session.exec(undoing)))


def _now(values: tuple[object, ...], edits: list[tuple[Said, str]]) -> Edit:
    finish, condition, language = (str(value) for value in values[10:13])
    word_id, word_finish, word_condition, word_language, location = values[15:20]
    word = Edit(str(word_condition), str(word_language), str(word_finish))
    answer = Answer(condition, language, finish, str(location), int(str(word_id)), word)
    return present(answer, (said for said, _ in edits))


def read_price_ages(session: Session, price_ids: Sequence[int]) -> dict[int, str]:
    """When the source of each of these prices last said the same."""
    found: dict[int, str] = {}
    for part in in_parts(price_ids):
        rows = session.connection().execute(_AGES, {"ids": part})
        found.update((int(price_id), str(as_of)[:19]) for price_id, as_of in rows)
    return found
