"""The Review page: one key or one tap for each card that a person must look at; and its JSON."""

from __future__ import annotations

import re
import threading
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, send_file
from werkzeug.exceptions import NotFound

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.errors import CounterscanError, StoreError
from scanner.records import Printing
from scanner.store_present import FROM_PERSON, PresentAnswer
from webui.page import Page, Services
from webui.review_view import ReviewView
from webui.security import Refused
from webui.view import Json

PAGE_OF_ITEMS = 12
MAX_ITEMS = 100
MAX_SKIPPED = 500
MAX_TYPED = 100
MAX_SUGGESTIONS = 30
_DIGEST = re.compile(r"[0-9a-f]{64}")
_YEAR_S = 365 * 24 * 3600
_ID = "int(max=9223372036854775807)"


def make(services: Services) -> Blueprint:
    """Return the Review page's routes."""
    review = Blueprint("review", __name__)
    references = services.references

    def shown() -> ReviewView:
        return ReviewView(services.view.store(), references, services.data_dir)

    def with_html(items: list[Json]) -> list[Json]:
        return [{**item, "html": _html(item)} for item in items]

    @review.get("/review")
    def page() -> str:
        threading.Thread(target=references.warm, name="names", daemon=True).start()
        batch_id = _batch_asked()
        try:
            start = shown().queue(PAGE_OF_ITEMS, batch_id, ())
            batch = services.view.store().batch(batch_id) if batch_id else None
            problem = ""
        except StoreError as error:
            start = {"waiting": 0, "waiting_in_all": 0, "at_stake": "", "undoable": [], "items": []}
            batch, problem = None, str(error)
        start["items"] = with_html(start["items"])
        return render_template("review.html", start=start, batch=batch, problem=problem)

    @review.get("/api/review")
    def twin() -> Response:
        limit = min(MAX_ITEMS, request.args.get("limit", PAGE_OF_ITEMS, int))
        skipped = [int(word) for word in re.findall(r"\d{1,18}", request.args.get("skip", ""))]
        told = shown().queue(max(0, limit), _batch_asked(), skipped[:MAX_SKIPPED])
        if request.args.get("html"):
            told["items"] = with_html(told["items"])
        return jsonify(told)

    @review.post(f"/api/review/<{_ID}:scan_id>")
    def name(scan_id: int) -> Response:
        store = services.view.store()
        now = _answer_of(store.present_answers([scan_id]), scan_id)
        fields = _fields()
        if now.source == FROM_PERSON and not fields.get("again"):
            said = now.name or "no card of the catalog"
            raise Refused(HTTPStatus.CONFLICT, f"Somebody has just named this card: {said}.")
        printing = _printing_asked(services, now, fields.get("printing"))
        store.add_correction(
            scan_id,
            printing,
            _one_of(fields, "finish", FINISHES, now.finish),
            _one_of(fields, "language", LANGUAGES, ""),
            _one_of(fields, "condition", CONDITIONS, ""),
        )
        return jsonify(scan=scan_id, name=printing.name if printing else "")

    @review.post(f"/api/review/<{_ID}:scan_id>/undo")
    def undo(scan_id: int) -> Response:
        store = services.view.store()
        _answer_of(store.present_answers([scan_id]), scan_id)
        if store.undo_correction(scan_id) is None:
            raise Refused(HTTPStatus.CONFLICT, "There is nothing to undo: nobody named this card.")
        return jsonify(items=with_html(shown().items([scan_id])))

    @review.get("/api/catalog/search")
    def search() -> Response:
        typed = request.args.get("q", "")[:MAX_TYPED]
        limit = min(MAX_SUGGESTIONS, request.args.get("limit", 20, int))
        game = request.args.get("game", "")[:MAX_TYPED]
        return jsonify(q=typed, found=shown().suggestions(typed, max(1, limit), game))

    @review.get("/catalog/<pack_id>/<digest>.jpg")
    def picture(pack_id: str, digest: str) -> Response:
        path = references.picture_file(pack_id, digest) if _DIGEST.fullmatch(digest) else None
        if path is None or not path.is_file():
            raise NotFound
        answer = send_file(path, mimetype="image/jpeg", max_age=_YEAR_S)
        answer.headers["Cache-Control"] = f"private, max-age={_YEAR_S}, immutable"
        return answer

    @review.errorhandler(StoreError)
    def log_unreadable(error: StoreError) -> tuple[Response, int]:
        return jsonify(error=str(error)), HTTPStatus.SERVICE_UNAVAILABLE

    @review.errorhandler(CounterscanError)
    def catalog_unreadable(error: CounterscanError) -> tuple[Response, int]:
        return jsonify(error=str(error)), HTTPStatus.SERVICE_UNAVAILABLE

    return review


def _html(item: Json) -> str:
    words = {"finishes": FINISHES, "languages": LANGUAGES, "conditions": CONDITIONS}
    return render_template("_review_card.html", scan=item, **words)


def _batch_asked() -> int | None:
    word = request.args.get("batch", "")
    return int(word) if re.fullmatch(r"\d{1,18}", word) else None


def _answer_of(answers: dict[int, PresentAnswer], scan_id: int) -> PresentAnswer:
    if scan_id not in answers:
        raise Refused(HTTPStatus.GONE, f"There is no scan {scan_id}: reload the page.")
    return answers[scan_id]


def _fields() -> dict[str, Any]:
    try:
        fields = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets, one in another
        fields = None
    if not isinstance(fields, dict) or "printing" not in fields:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            "Send a JSON object with printing: {game, card_id}, or null for a card that is not in "
            "the catalog.",
        )
    return fields


def _printing_asked(services: Services, now: PresentAnswer, asked: Any) -> Printing | None:
    """The printing that the page names: of a pack in use, or else one of the scan's candidates."""
    if asked is None:
        return None
    words = asked if isinstance(asked, dict) else {}
    game, card_id = str(words.get("game", "")), str(words.get("card_id", ""))
    found = services.references.printing(game, card_id)
    if found is not None:
        return found
    for entry in now.candidates:
        if card_id and entry.get("printing") == card_id:
            rest = (str(entry.get(key, "")) for key in ("name", "set", "number", "variant"))
            return Printing(card_id, game or now.game, *rest)
    raise Refused(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This printing is not in the catalog in use: search for the card and choose it again.",
    )


def _one_of(fields: dict[str, Any], key: str, table: dict[str, str], otherwise: str) -> str:
    word = fields.get(key, otherwise)
    if isinstance(word, str) and word in table:
        return word
    if word == otherwise or word in ("", None):
        return otherwise
    raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, f"{key} is one of {', '.join(table)}.")


PAGE = Page("Review", "/review", "review", make)
