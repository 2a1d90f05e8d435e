"""The stock as the page and its JSON twin show it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.errors import InventoryError
from scanner.export.desk import ExportDesk
from scanner.export.plain_csv import place_words
from scanner.inventory import NOT_SET, Copy, Line, StockFilter, Totals, read_filter
from scanner.prices import Money
from scanner.stock import Stock, currency_in_use
from webui import value_charts, words
from webui.inventory_answers import (
    CopyShown,
    FilterAsked,
    LineShown,
    TotalsShown,
    ValueTwin,
)
from webui.page import Services
from webui.view import Json

_CENTS = 100


class StockDesk:
    """The stock of the page's log, opened when first asked for. Thread-safe."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._open: tuple[Stock, ExportDesk] | None = None

    def open(self) -> tuple[Stock, ExportDesk]:
        """The stock and its exports. Raises StoreError where the log can't be read."""
        store = self._services.view.store()
        with self._lock:
            if self._open is None or self._open[0].store is not store:
                preferred = self._services.sources.load().decision.currency
                currency = currency_in_use(store, preferred)
                stock = Stock(store, self._services.data_dir, currency)
                self._open = (stock, ExportDesk(stock, self._services.data_dir))
            return self._open

    def stock(self) -> Stock:
        """The stock. Raises StoreError where the log can't be read."""
        return self.open()[0]

    def exports(self) -> ExportDesk:
        """The stock's exports. Raises StoreError where the log can't be read."""
        return self.open()[1]


def filter_of(asked: FilterAsked) -> StockFilter:
    """The filter that a person asks for. Raises InventoryError, which names the field."""
    fields = {name: getattr(asked, name) for name in FilterAsked.model_fields}
    for name in ("price_from", "price_to"):
        fields[name] = _minor(name, str(fields[name]))
    return read_filter(fields)


def filter_fields(wanted: Mapping[str, Any]) -> Json:
    """A filter of the log as the page's form and addresses have it: prices in units."""
    fields = dict(wanted)
    for name in ("price_from", "price_to"):
        if name in fields:
            fields[name] = f"{Decimal(fields[name]) / _CENTS:.2f}"
    if fields.get("removed"):
        fields["removed"] = "1"
    return {name: value if name == "when" else str(value) for name, value in fields.items()}


def _minor(name: str, text: str) -> str:
    if not text.strip():
        return ""
    try:
        amount = Decimal(text.strip().replace(",", ".")) * _CENTS
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or amount > 10**11:
        raise InventoryError(f"The filter's {name} is an amount, such as 2.50.")
    return str(int(amount))


def money(amount_minor: int | None, currency: str) -> str:
    """An amount for people, with thousands apart: `1,234.50 EUR`; "" for None."""
    if amount_minor is None:
        return ""
    number, unit = str(Money(amount_minor, currency)).split()
    whole, dot, cents = number.partition(".")
    return f"{int(whole):,}{dot}{cents} {unit}"


def line_json(line: Line, currency: str, data_dir: Path) -> LineShown:
    """One line of the stock."""
    known = line.price_minor is not None
    return {
        "id": line.id,
        "game": line.game,
        "card_id": line.card_id,
        "name": line.name,
        "set": line.set_name,
        "number": line.number,
        "variant": line.variant,
        "finish": line.finish,
        "language": line.language,
        "condition": line.condition,
        "quantity": line.quantity,
        "price": money(line.price_minor, currency),
        "price_minor": line.price_minor,
        "value": money(line.value_minor, currency) if known else "",
        "basis": line.basis,
        "price_source": line.price_source,
        "price_as_of": line.price_as_of[:10],
        "price_age_days": words.age_days(line.price_as_of),
        "rarity": line.facts.get("rarity", ""),
        "crop": _crop(line.crop_path, data_dir),
    }


def copy_json(copy: Copy, data_dir: Path) -> CopyShown:
    """One copy and where it lies."""
    return {
        "scan": copy.scan_id,
        "batch": copy.batch_id,
        "batch_name": copy.batch,
        "number_in_batch": copy.sequence,
        "bin": copy.bin,
        "position_in_bin": copy.position,
        "location": copy.location,
        "added_at": copy.added_at,
        "removed": copy.removed,
        "where": place_words(copy),
        "crop": _crop(copy.crop_path, data_dir),
    }


def totals_json(totals: Totals, currency: str) -> TotalsShown:
    """What a filter finds, added up."""
    return {
        "lines": totals.lines,
        "copies": totals.copies,
        "value": money(totals.value_minor, currency),
        "value_minor": totals.value_minor,
        "currency": currency,
        "unpriced": totals.unpriced,
    }


def value_json(stock: Stock, wanted: StockFilter) -> ValueTwin:
    """The value by set and over time."""
    return {
        "currency": stock.currency,
        "sets": [
            {
                "game": game,
                "set": name,
                "copies": copies,
                "value": money(value, stock.currency),
                "value_minor": value,
            }
            for game, name, copies, value in stock.value_by_set(wanted)
        ],
        "days": [{"day": day, "value_minor": value} for day, value in stock.value_over_time()],
    }


def charts_of(told: ValueTwin) -> Json:
    """What the charts' template draws."""
    today = datetime.now(UTC).date().isoformat()
    worth = [one for one in told["sets"] if one["value_minor"]]
    amounts = [
        (one["set"] or one["game"], f"{one['copies']:,}", one["value_minor"]) for one in worth
    ]
    return {
        "bars": value_charts.bars(amounts),
        "curve": value_charts.curve(
            [(one["day"], one["value_minor"]) for one in told["days"]], today
        ),
        "money": lambda amount: money(amount, told["currency"]),
        "width": value_charts.WIDTH,
        "height": value_charts.HEIGHT,
    }


def choices_json(stock: Stock) -> dict[str, list[tuple[str, str, int]]]:
    """What there is to filter by: value, words and number of copies."""
    found = stock.choices()
    batches = {batch.id: batch.name for batch in stock.store.latest_batches(1000)}
    tables: dict[str, Mapping[str, str]] = {
        "finish": FINISHES,
        "condition": CONDITIONS,
        "language": LANGUAGES,
    }
    unknown = {"finish": "Not proven", "condition": "Not set", "language": "Not set"}
    shown: dict[str, list[tuple[str, str, int]]] = {}
    for name, entries in found.items():
        shown[name] = []
        for value, count, *full_name in entries:
            if name == "set" and value:
                shown[name].append((value, full_name[0], count))
            elif name in unknown and value in ("", "unknown"):
                shown[name].append((NOT_SET, unknown[name], count))
            elif name == "batch":
                shown[name].append((str(value), batches.get(value, f"Batch {value}"), count))
            elif name == "bin" and value:
                shown[name].append((str(value), f"Bin {value}", count))
            elif name == "location":
                shown[name].append((value or NOT_SET, value or "Nowhere in particular", count))
            elif value:
                shown[name].append((value, tables.get(name, {}).get(value, value), count))
    return shown


def lacking(choices: Mapping[str, Sequence[tuple[str, str, int]]]) -> list[tuple[str, str, int]]:
    """What is not known of cards in stock: field, words, number of copies."""
    lacks = {
        "finish": "Finish not proven",
        "condition": "No condition",
        "language": "No language",
    }
    return [
        (name, lacks[name], count)
        for name in lacks
        for value, _, count in choices.get(name, ())
        if value == NOT_SET
    ]


def _crop(path: str, data_dir: Path) -> str:
    return f"/{path}" if path and (data_dir / path).is_file() else ""
