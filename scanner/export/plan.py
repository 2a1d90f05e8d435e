"""What an export will do, worked out before anything is written: rows, and what is left out. Pure.

Every copy is remembered with the key it went out under. Where the other end adds quantities up, a
copy goes out once, is taken back when it has left the stock, and moves from key to key when what
is known of it has changed. Of a copy that can't be mapped any more nothing is taken back: not to
know is no reason to take a card off the market. A file made twice is empty the second time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from scanner.export.format import Format, Item, Row
from scanner.inventory import Line


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Copies that the format has no place for, and the sentence that says why."""

    line: Line
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an export will do.

    `rows` are the file's lines with their quantities. `cards` is what is to be remembered of each
    copy: `(scan id, key, +1 or -1)`. `added` and `taken` count the copies that the file adds and
    takes back, `unchanged` those that went out before and still stand.
    """

    rows: tuple[tuple[Row, int], ...]
    left_out: tuple[LeftOut, ...]
    cards: tuple[tuple[int, str, int], ...]
    added: int
    taken: int
    unchanged: int


def plan_export(
    target: Format,
    items: Sequence[Item],
    wanted: AbstractSet[int],
    standing: Mapping[int, str],
    removed: Mapping[int, str],
    *,
    only_new: bool = False,
) -> Plan:
    """Work out an export.

    Args:
        target: the format.
        items: what is meant; of the whole stock where the format adds quantities, for what is
            not meant now may still have changed since it went out.
        wanted: the copies to send, by their scans' ids.
        standing: under which key each copy went out before.
        removed: of copies that left the stock, why (`inventory.REMOVED`).
        only_new: leave out what went out before; formats that add quantities always do.
    """
    mapped = _mapped(target, items)
    left_out: list[LeftOut] = []
    rows: dict[str, Row] = {}
    counts: Counter[str] = Counter()
    cards: list[tuple[int, str, int]] = []
    unchanged = 0
    seen: set[int] = set()
    for item, found in zip(items, mapped, strict=True):
        held = 0
        for copy in item.copies:
            scan, before = copy.scan_id, standing.get(copy.scan_id)
            seen.add(scan)
            key = found.key if isinstance(found, Row) else None
            if before is not None and key not in (None, before):
                cards.append((scan, before, -1))
            if isinstance(found, str) or scan not in wanted:
                held += scan in wanted
                continue
            if before == key:
                unchanged += 1
                if target.adds or only_new:
                    continue
            elif found.hold:
                held += 1
                continue
            else:
                cards.append((scan, found.key, 1))
            rows[found.key] = found
            counts[found.key] += 1
        reason = found if isinstance(found, str) else found.hold
        if held:
            left_out.append(LeftOut(item.line, held, reason))
    if target.adds:
        cards += [
            (scan, key, -1)
            for scan, key in standing.items()
            if scan not in seen and not _is_settled(removed.get(scan), target)
        ]
    taken = Counter(key for _, key, quantity in cards if quantity < 0)
    if target.adds:
        for key, count in taken.items():
            counts[key] -= count
            rows.setdefault(key, target.row_of(key))
    kept = [(rows[key], count) for key, count in counts.items() if count and key in rows]
    return Plan(
        rows=tuple(kept),
        left_out=tuple(left_out),
        cards=tuple(cards),
        added=sum(1 for _, _, quantity in cards if quantity > 0),
        taken=sum(taken.values()) if target.adds else 0,
        unchanged=unchanged,
    )


def _is_settled(why: str | None, target: Format) -> bool:
    """Whether the other end sold the copy and so knows that it is gone."""
    return bool(target.sold_there) and why == target.sold_there


def _mapped(target: Format, items: Sequence[Item]) -> list[Row | str]:
    """Each item's row, or why it has none; what the format can't tell apart gets none."""
    found = [target.row(item) for item in items]
    printings: dict[str, dict[tuple[str, str], Line]] = defaultdict(dict)
    for item, row in zip(items, found, strict=True):
        if isinstance(row, Row):
            printings[row.key][item.line.game, item.line.card_id] = item.line
    for place, (item, row) in enumerate(zip(items, found, strict=True)):
        if isinstance(row, Row) and len(printings[row.key]) > 1:
            others = [
                _title(line)
                for key, line in printings[row.key].items()
                if key != (item.line.game, item.line.card_id)
            ]
            found[place] = f"{target.label} can't tell it from {' and '.join(others[:3])}."
    return found


def _title(line: Line) -> str:
    return " ".join(filter(None, (line.name, line.set, line.number, line.variant)))
