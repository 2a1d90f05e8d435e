"""Plans over made-up stocks: nothing is lost and nothing sent twice, whatever happens."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from scanner.card_words import CONDITIONS, FINISHES
from scanner.export.format import Format, Item, Row, bare_number
from scanner.export.formats import FORMATS, format_of
from scanner.export.plan import Plan, plan_export
from scanner.export.tcgplayer_skus import SkuTable, read_skus
from scanner.inventory import Copy, Line
from scanner.records import Printing
from tests.stock.skus import sku_file

NAMES = ("Ember Fox", "+2 Mace", "=1+1", "Æther, “quoted”; \"Öl\"", "霊夢", "O'Neill")  # fmt: skip
CARDS = [
    Printing(
        f"c{n}", ("magic", "demo")[n % 2], f"{NAMES[n % len(NAMES)]} {n}", "tst", f"{n:03d}/90"
    )
    for n in range(1, 25)
]
SKUS = SkuTable(
    row
    for game, line in (("magic", "Magic"), ("demo", "Demo"))
    for row in read_skus(
        sku_file(CARDS, line, "Test Set", ("", "Foil", "Reverse Holofoil"))
        .replace(b'"10', b'"%d' % (10 if game == "magic" else 11))
    )
)  # fmt: skip


def copy(scan: int) -> Copy:
    return Copy(scan, 1, 1, "a box", scan, 1 + scan % 3, 1, "Box", "2026-01-01", "", "")


def line(card: Printing, finish: str, condition: str, language: str, place: int) -> Line:
    facts = {"set_name": "Test Set", "cardmarket_id": str(900 + place), "rarity": "rare"}
    return Line(
        place, card.game, card.card_id, card.name, card.set, card.number, "", finish, language,
        condition, 0, 150, "exact", "test", "2026-01-01", "2026-01-01", "", facts,
    )  # fmt: skip


class Shop:
    """Copies with what is known of them, and what each export was told."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.known: dict[int, tuple[Printing, str, str, str]] = {}
        self.removed: dict[int, str] = {}
        self.standing: dict[int, str] = {}
        self.sold_there = 0
        self._next = 1

    def scan(self) -> None:
        self.known[self._next] = self._words(self.rng.choice(CARDS))
        self._next += 1

    def change(self) -> None:
        scan = self.rng.choice(list(self.known))
        self.known[scan] = self._words(self.known[scan][0])

    def remove(self) -> None:
        scan = self.rng.choice(list(self.known))
        self.removed[scan] = self.rng.choice(("sold", "sold_tcgplayer", "lost"))
        del self.known[scan]

    def items(self) -> list[Item]:
        groups: dict[tuple[Printing, str, str, str], list[Copy]] = {}
        for scan, words in self.known.items():
            groups.setdefault(words, []).append(copy(scan))
        return [
            Item(replace(line(*words, place), quantity=len(copies)), tuple(copies), "USD")
            for place, (words, copies) in enumerate(groups.items(), 1)
        ]

    def export(self, target: Format, share: float = 1.0) -> Plan:
        wanted = frozenset(scan for scan in self.known if self.rng.random() < share)
        plan = plan_export(target, self.items(), wanted, self.standing, self.removed)
        for scan, key, quantity in plan.cards:
            if quantity > 0:
                self.standing[scan] = key
        for scan, key, quantity in plan.cards:
            if quantity < 0 and self.standing.get(scan) == key:
                del self.standing[scan]
        return plan

    def _words(self, card: Printing) -> tuple[Printing, str, str, str]:
        finish = self.rng.choice(("normal", "foil", "reverse", "holo", "unknown"))
        condition = self.rng.choice(("", *CONDITIONS))
        language = self.rng.choice(("", "en", "en", "en", "de", "ja", "nl"))
        return card, finish, condition, language


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", FORMATS)
def test_what_is_not_left_out_is_read_back_as_it_is(name: str, seed: int) -> None:
    shop = Shop(seed)
    for _ in range(300):
        shop.scan()
    target = format_of(name, SKUS)
    items = shop.items()
    plan = plan_export(target, items, frozenset(shop.known), {}, {})
    read = target.read(target.write(plan.rows))
    left_out = sum(entry.quantity for entry in plan.left_out)
    assert sum(row.quantity for row in read) + left_out == 300
    assert all(entry.reason.endswith(".") for entry in plan.left_out)
    assert {entry.line.finish for entry in plan.left_out} <= set(FINISHES)

    wanted: Counter[tuple[str | None, ...]] = Counter()
    found: Counter[tuple[str | None, ...]] = Counter()
    gone = {entry.line.id for entry in plan.left_out}
    by_finish = {row.finish: row for row in read}
    for item in items:
        if item.line.id in gone:
            continue
        held = item.line.finish
        if name == "tcgplayer" and held == "holo":
            held = "foil"  # one word for both, of which a product has but one
        like = by_finish.get(held) or by_finish[None]
        named = item.line.name if like.name is not None else None
        number = item.line.number if like.number is not None else None
        if number is not None and like.card_id is None and name != "tcgplayer":
            number = bare_number(number)
        finish = held if like.finish is not None else None
        key = (named, like.card_id and item.line.card_id, number, finish)
        wanted[(*key, item.line.condition, item.line.language)] += item.line.quantity
    for row in read:
        key = (row.name, row.card_id, row.number, row.finish)
        found[(*key, row.condition, row.language)] += row.quantity
    assert found == wanted
    assert len(read) == len({row.key for row in plan_rows(plan)})


def plan_rows(plan: Plan) -> list[Row]:
    return [row for row, _ in plan.rows]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["tcgplayer", "crystalcommerce"])
def test_after_any_history_the_other_end_has_what_is_in_stock(name: str, seed: int) -> None:
    shop = Shop(seed)
    target = format_of(name, SKUS)
    there: Counter[str] = Counter()
    for _ in range(60):
        for _ in range(shop.rng.randint(1, 12)):
            act = shop.rng.choice((shop.scan, shop.scan, shop.scan, shop.change, shop.remove))
            if shop.known or act == shop.scan:
                act()
        sold = [s for s, why in shop.removed.items() if why == target.sold_there]
        for scan in sold:  # the other end has sold it, and counted it off itself
            key = shop.standing.pop(scan, None)
            if key is not None:
                there[key] -= 1
        plan = shop.export(target, shop.rng.choice((1.0, 0.5, 0.0)))
        for row in target.read(target.write(plan.rows)):
            there[_key(target, row.key, plan)] += row.quantity
        assert min(there.values(), default=0) >= 0
        assert +there == Counter(shop.standing.values())

    last = shop.export(target)
    for row in target.read(target.write(last.rows)):
        there[_key(target, row.key, last)] += row.quantity
    assert +there == Counter(shop.standing.values())
    mapped = {
        one.scan_id: row.key
        for item in shop.items()
        for one in item.copies
        if isinstance(row := target.row(item), Row)
    }
    assert mapped.items() <= shop.standing.items()
    assert all(scan in shop.known for scan in shop.standing)
    assert shop.export(target).rows == ()


def _key(target: Format, read: str, plan: Plan) -> str:
    """The key of a row read back: CrystalCommerce's file names our own SKU."""
    if target.name == "tcgplayer":
        return read
    return next(row.key for row in plan_rows(plan) if row.cells["OLDSKU"] == read)
