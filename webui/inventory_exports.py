"""The Inventory page's exports: preview, make, download, take back, and learning SKUs."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request, send_file
from werkzeug.exceptions import NotFound

from scanner.errors import InventoryError
from scanner.export.desk import ExportDesk, Preview
from scanner.export.format import NOT_KNOWN
from scanner.export.formats import FORMATS, every_format
from scanner.export.tcgplayer import Tcgplayer
from scanner.export.tcgplayer_skus import SkuTable
from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.tables_stock import StockExport
from webui.describe import describe
from webui.export_answers import (
    ExportAsked,
    Exports,
    ExportShown,
    Learned,
    PreviewShown,
    SetNamed,
)
from webui.gate import note
from webui.inventory_view import StockDesk, filter_of
from webui.view import Json

MAX_SKU_FILE_BYTES = 32 * 1024 * 1024
_EXPORTS_SHOWN = 20
_SAMPLE_LINES = 6
_SAMPLE_LETTERS = 300
_NAMES_SHOWN = 8
_SETS_SHOWN = 6
_ID = "int(max=9223372036854775807)"
_LACKS = {reason: name for name, reason in NOT_KNOWN.items()}
_LABELS = {target.name: target.label for target in every_format()}


def add_exports(inventory: Blueprint, desk: StockDesk) -> None:
    """Add the routes to the Inventory page's."""

    @inventory.get("/api/inventory/exports")
    @describe("The newest exports, and the formats that there are", answer=Exports)
    def exports() -> Response:
        made = desk.stock().store.exports(_EXPORTS_SHOWN)
        return jsonify(
            exports=[_export_json(desk.exports(), export, counts) for export, counts in made],
            formats=[
                {"name": one.name, "label": one.label, "about": one.about, "adds": one.adds}
                for one in every_format()
            ],
        )

    @inventory.post("/api/inventory/exports/preview")
    @describe(
        "What an export would do, and what can't be mapped and why",
        body=ExportAsked,
        answer=PreviewShown,
        is_noted=False,
    )
    def preview() -> Response:
        found = _preview(desk)
        is_tcgplayer = found.target.name == Tcgplayer.name
        skus = desk.exports().skus() if is_tcgplayer else SkuTable(())
        return jsonify(_preview_json(found, skus))

    @inventory.post("/api/inventory/exports")
    @describe("Export cards to a file", body=ExportAsked, answer=ExportShown, status=201)
    def make() -> tuple[Response, int]:
        export = desk.exports().make(_preview(desk))
        note(f"{_LABELS[export.format]}: {export.added:,} cards in {export.file_name}")
        return jsonify(_export_json(desk.exports(), export, True)), HTTPStatus.CREATED

    @inventory.post(f"/api/inventory/exports/<{_ID}:export_id>/take-back")
    @describe("Say that an export was never uploaded", status=204)
    def take_back(export_id: int) -> tuple[str, int]:
        desk.stock().store.take_export_back(export_id)
        note(f"export {export_id}")
        return "", HTTPStatus.NO_CONTENT

    @inventory.get(f"/inventory/exports/<{_ID}:export_id>/<file_name>")
    def download(export_id: int, file_name: str) -> Response:
        export = desk.stock().store.export(export_id)
        if export is None or export.file_name != file_name or export.format not in FORMATS:
            raise NotFound
        try:
            path = desk.exports().file_of(export)
        except InventoryError as error:
            raise Refused(HTTPStatus.GONE, str(error)) from None
        kinds = {target.name: target.media_type for target in every_format()}
        return send_file(
            path, mimetype=kinds[export.format], as_attachment=True, download_name=file_name
        )

    @inventory.post("/api/inventory/skus")
    @describe(
        "Learn SKU ids from the shop's own TCGplayer file (the body is the file)",
        answer=Learned,
        role="manager",
        max_body_bytes=MAX_SKU_FILE_BYTES,
    )
    def learn() -> Response:
        learned = desk.exports().learn(request.get_data())
        note(f"{learned.named:,} SKUs, {learned.news:,} of them new")
        return jsonify(named=learned.named, news=learned.news)

    @inventory.post("/api/inventory/sets")
    @describe("Say which of TCGplayer's sets one of ours is", body=SetNamed, status=204)
    def name_set() -> tuple[str, int]:
        asked = read_body(SetNamed)
        desk.stock().store.name_set(asked.game, asked.set, asked.theirs)
        note(f"{asked.set} is {asked.theirs or 'as it is called'}")
        return "", HTTPStatus.NO_CONTENT


def _preview(desk: StockDesk) -> Preview:
    asked = read_body(ExportAsked)
    return desk.exports().preview(asked.format, filter_of(asked.filter), only_new=asked.only_new)


def _preview_json(preview: Preview, skus: SkuTable) -> Json:
    plan, target = preview.plan, preview.target
    by_reason: dict[str, Json] = {}
    for entry in plan.left_out:
        told = by_reason.setdefault(
            entry.reason,
            {
                "reason": entry.reason,
                "lacks": _LACKS.get(entry.reason, ""),
                "copies": 0,
                "lines": 0,
                "some": [],
            },
        )
        told["copies"] += entry.quantity
        told["lines"] += 1
        if len(told["some"]) < _NAMES_SHOWN:
            line = entry.line
            words = (line.name, line.set_name, line.number, line.variant)
            told["some"].append(" · ".join(filter(None, words)))
    left_out = sorted(by_reason.values(), key=lambda told: -told["copies"])
    written = target.write(plan.rows[: _SAMPLE_LINES - 1]).decode("utf-8-sig")
    return {
        "format": target.name,
        "label": target.label,
        "rows": len(plan.rows),
        "added": sum(count for _, count in plan.rows if count > 0),
        "taken": plan.taken,
        "unchanged": plan.unchanged,
        "note": preview.note,
        "left_out_copies": sum(told["copies"] for told in left_out),
        "left_out": left_out,
        "sample": [line[:_SAMPLE_LETTERS] for line in written.splitlines()[: _SAMPLE_LINES * 4]],
        "sets": _sets_offered(preview, skus),
        "skus": len(skus.by_id),
    }


def _sets_offered(preview: Preview, skus: SkuTable) -> list[Json]:
    """The sets that TCGplayer seems to call otherwise, by the cards that are left out."""
    found: dict[tuple[str, str], list[str]] = {}
    for entry in preview.plan.left_out:
        key = (entry.line.game, entry.line.set_name)
        if key not in found and entry.reason not in _LACKS:
            theirs = skus.sets_of(entry.line)
            if theirs and isinstance(skus.find(entry.line), str):
                found[key] = theirs[:_SETS_SHOWN]
    return [{"game": game, "set": ours, "theirs": theirs} for (game, ours), theirs in found.items()]


def _export_json(desk: ExportDesk, export: StockExport, counts: bool) -> Json:
    try:
        desk.file_of(export)
        href = f"/inventory/exports/{export.id}/{export.file_name}"
    except InventoryError:
        href = ""
    return {
        "id": export.id,
        "format": export.format,
        "label": _LABELS.get(export.format, export.format),
        "file_name": export.file_name,
        "href": href,
        "rows": export.rows,
        "added": export.added,
        "taken": export.taken,
        "left_out": export.left_out,
        "at": export.created_at.isoformat(timespec="seconds"),
        "counts": counts,
    }
