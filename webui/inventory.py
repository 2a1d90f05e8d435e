"""The Inventory page: search, filters, bulk edits, where each card lies; and its JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, render_template

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.conditions import read_condition
from scanner.conditions_words import describe as describe_condition
from scanner.errors import ConditionError, InventoryError, StoreError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.inventory import REMOVED, SORTS, StockFilter
from scanner.inventory_log import check_edit
from scanner.stock import Stock
from webui.describe import describe
from webui.gate import note
from webui.inventory_answers import (
    Changes,
    CopiesShown,
    EditAsked,
    Edited,
    FilterNamed,
    Filters,
    FilterSaved,
    InventoryTwin,
    LinesAsked,
    ValueAsked,
    ValueTwin,
)
from webui.inventory_exports import add_exports
from webui.inventory_view import (
    StockDesk,
    charts_of,
    choices_json,
    copy_json,
    filter_fields,
    filter_of,
    lacking,
    line_json,
    totals_json,
    value_json,
)
from webui.page import Page, Services
from webui.rules_view import vocabulary
from webui.security import refusal
from webui.view import Json

PAGE_OF_LINES = 60
_CHANGES_SHOWN = 20
_ASKED_OTHERWISE = {"batch", "bin", "decision", "confidence", "copies_seen", "list", "alert"}
_ID = "int(max=9223372036854775807)"


def make(services: Services) -> Blueprint:
    """Return the Inventory page's routes."""
    inventory = Blueprint("inventory", __name__)
    inventory.add_app_template_filter(folder_query)
    desk = StockDesk(services)

    def lines_json(wanted: StockFilter, asked: LinesAsked) -> Json:
        stock = desk.stock()
        found = stock.page(wanted, asked.sort, asked.limit + 1, asked.offset)
        shown = found.lines[: asked.limit]
        return {
            "totals": totals_json(found.totals, stock.currency),
            "edition": found.edition,
            "newest": stock.newest_scan(),
            "more": len(found.lines) > asked.limit,
            "lines": [line_json(line, stock.currency, services.data_dir) for line in shown],
        }

    @inventory.get("/inventory")
    def page() -> str:
        asked, problem = _asked_of_address()
        told: Json = {"lines": [], "more": False, "edition": "", "newest": 0, "totals": None}
        around: Json = {"choices": {}, "saved": {}, "changes": [], "lacking": []}
        try:
            wanted = filter_of(asked)
            told = lines_json(wanted, asked)
            around = _around(desk.stock())
        except (InventoryError, ConditionError, StoreError) as error:
            problem = str(error)
        return render_template(
            "inventory.html",
            told=told,
            asked=asked,
            problem=problem,
            sorts=SORTS,
            why_removed=REMOVED,
            conditions=CONDITIONS,
            finishes=FINISHES,
            languages=LANGUAGES,
            vocabulary=_vocabulary(told["totals"]),
            when_words=_when_words(asked),
            **around,
        )

    @inventory.get("/api/inventory")
    @describe(
        "The stock: lines of equal cards", query=LinesAsked, answer=InventoryTwin, follows_log=True
    )
    def twin() -> Response:
        asked = read_query(LinesAsked)
        told = lines_json(filter_of(asked), asked)
        if asked.html:
            told["html"] = _rows_html(told["lines"])
        return jsonify(told)

    @inventory.get(f"/api/inventory/lines/<{_ID}:line_id>")
    @describe("Where each copy of a line lies", query=ValueAsked, answer=CopiesShown)
    def copies(line_id: int) -> Response:
        asked = read_query(ValueAsked)
        found = desk.stock().copies(filter_of(asked), [line_id])
        told: Json = {"copies": [copy_json(copy, services.data_dir) for copy in found]}
        if asked.html:
            told["html"] = render_template(
                "_inventory_copies.html", copies=told["copies"], why_removed=REMOVED
            )
        return jsonify(told)

    @inventory.get("/api/inventory/value")
    @describe("What the stock is worth, by set and over time", query=ValueAsked, answer=ValueTwin)
    def value() -> Response:
        asked = read_query(ValueAsked)
        told: Json = dict(value_json(desk.stock(), filter_of(asked)))
        if asked.html:
            told["html"] = render_template("_inventory_charts.html", **charts_of(told))  # type: ignore[arg-type]
        return jsonify(told)

    @inventory.get("/api/inventory/edits")
    @describe("The newest bulk edits", answer=Changes)
    def changes() -> Response:
        return jsonify(changes=_changes(desk.stock()))

    @inventory.post("/api/inventory/edits")
    @describe(
        "Say the same of many cards", body=EditAsked, answer=Edited, max_body_bytes=512 * 1024
    )
    def edit() -> Response:
        asked = read_body(EditAsked)
        stock = desk.stock()
        said = {
            name: getattr(asked, name)
            for name in ("condition", "language", "finish", "location", "removed")
            if getattr(asked, name) is not None
        }
        if asked.lines and asked.edition != stock.edition():
            raise Refused(
                HTTPStatus.CONFLICT, "The list was made anew meanwhile: reload the page first."
            )
        wanted = filter_of(asked.filter) if asked.filter is not None else None
        made = stock.edit(
            check_edit(said),
            wanted=wanted,
            line_ids=asked.lines,
            scan_ids=asked.scans,
            up_to=asked.up_to,
        )
        cards = f"{made.cards:,} {'card' if made.cards == 1 else 'cards'}"
        note(f"{cards}: {made.summary}")
        return jsonify(change=made.id, cards=made.cards, summary=made.summary)

    @inventory.post(f"/api/inventory/edits/<{_ID}:change_id>/undo")
    @describe("Take a bulk edit back", answer=Edited)
    def undo(change_id: int) -> Response:
        made = desk.stock().store.undo_change(change_id)
        note(f"edit {change_id}: {made.summary}")
        return jsonify(change=made.id, cards=made.cards, summary=made.summary)

    @inventory.get("/api/inventory/filters")
    @describe("The saved filters", answer=Filters)
    def filters() -> Response:
        saved = desk.stock().store.saved_filters()
        return jsonify(filters={name: filter_fields(kept) for name, kept in saved.items()})

    @inventory.post("/api/inventory/filters")
    @describe("Keep a filter under a name", body=FilterSaved, answer=Filters)
    def save() -> Response:
        asked = read_body(FilterSaved)
        desk.stock().save_filter(asked.name, filter_of(asked.filter).to_json())
        note(asked.name[:60])
        return filters()

    @inventory.post("/api/inventory/filters/remove")
    @describe("Forget a saved filter", body=FilterNamed, answer=Filters)
    def remove() -> Response:
        asked = read_body(FilterNamed)
        desk.stock().store.remove_filter(asked.name)
        note(asked.name[:60])
        return filters()

    add_exports(inventory, desk)

    @inventory.errorhandler(InventoryError)
    @inventory.errorhandler(ConditionError)
    def cannot_be(error: Exception) -> Response:
        return refusal(Refused(HTTPStatus.BAD_REQUEST, str(error)))

    return inventory


def _asked_of_address() -> tuple[LinesAsked, str]:
    """What the page's address asks for; where it makes no sense, everything, and why."""
    try:
        asked = read_query(LinesAsked)
    except Refused as error:
        return LinesAsked.model_validate({}), str(error.description)
    if asked.sort not in SORTS:
        asked = asked.model_copy(update={"sort": "name"})
    return asked.model_copy(update={"offset": 0, "limit": PAGE_OF_LINES}), ""


def _vocabulary(totals: Json | None) -> Json:
    """What conditions may ask of a line of the stock; the page filters by the rest itself."""
    words = vocabulary()
    fields = [field for field in words["fields"] if field["name"] not in _ASKED_OTHERWISE]
    return {**words, "fields": fields, "currency": totals["currency"] if totals else ""}


def _when_words(asked: LinesAsked) -> str:
    """The filter's condition in words; "" where there is none or it makes no sense."""
    try:
        return describe_condition(read_condition(asked.when)) if asked.when else ""
    except ConditionError:
        return ""


def _around(stock: Stock) -> Json:
    choices = choices_json(stock)
    return {
        "choices": choices,
        "saved": {n: filter_fields(kept) for n, kept in stock.store.saved_filters().items()},
        "changes": _changes(stock),
        "lacking": lacking(choices),
    }


def folder_query(fields: Mapping[str, Any]) -> str:
    """The part of an address after `?` that asks for a saved filter."""
    texts = {n: json.dumps(v) if n == "when" else str(v) for n, v in fields.items()}
    return urlencode(texts)


def _changes(stock: Stock) -> list[Json]:
    return [
        {
            "change": change.id,
            "cards": change.cards,
            "summary": change.summary,
            "at": change.created_at.isoformat(timespec="seconds"),
            "stands": stands,
        }
        for change, stands in stock.store.changes(_CHANGES_SHOWN)
    ]


def _rows_html(lines: list[Json]) -> str:
    return render_template(
        "_inventory_rows.html",
        lines=lines,
        conditions=CONDITIONS,
        finishes=FINISHES,
        languages=LANGUAGES,
    )


PAGE = Page("Inventory", "/inventory", "inventory", make)
