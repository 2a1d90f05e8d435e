"""The Review page: one key or one tap for each card that a person must look at; and its JSON."""

from __future__ import annotations

import re
import threading
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template, request, send_file
from werkzeug.exceptions import NotFound

from scanner.card_words import CONDITIONS, FINISHES, LANGUAGES
from scanner.errors import PackError, StoreError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.records import Printing
from scanner.store_present import FROM_PERSON, PresentAnswer
from webui.describe import describe
from webui.gate import note
from webui.page import Page, Services
from webui.review_answers import (
    Named,
    Naming,
    PrintingAsked,
    QueueAsked,
    ReviewTwin,
    SearchAsked,
    SetsOfGames,
    Suggestions,
    Undone,
)
from webui.review_view import ReviewView
from webui.view import Json

PAGE_OF_ITEMS = 12
MAX_SKIPPED = 500
MAX_TYPED = 100
_DIGEST = re.compile(r"[0-9a-f]{64}")
_YEAR_S = 365 * 24 * 3600
_ID = "int(max=9223372036854775807)"


def make(services: Services) -> Blueprint:
    """Return the Review page's routes."""
    review = Blueprint("review", __name__)
    references = services.references

    def shown() -> ReviewView:
        return ReviewView(services.view.store(), references, services.data_dir, services.currency())

    def with_html(items: list[Json]) -> list[Json]:
        return [{**item, "html": _html(item)} for item in items]

    @review.get("/review")
    def page() -> str:
        threading.Thread(target=references.warm, name="names", daemon=True).start()
        batch_id = _number("batch")
        start: Json = {"waiting": 0, "at_stake": "", "undoable": [], "items": []}
        batch, problem = None, ""
        try:
            start = shown().queue(PAGE_OF_ITEMS, batch_id, ())
            start["items"] = _with_one_first(shown(), start["items"], _number("scan"))
            batch = services.view.store().batch(batch_id) if batch_id else None
        except StoreError as error:
            problem = str(error)
        start["items"] = with_html(start["items"])
        return render_template("review.html", start=start, batch=batch, problem=problem)

    @review.get("/api/review")
    @describe(
        "The cards that wait for a person", query=QueueAsked, answer=ReviewTwin, follows_log=True
    )
    def twin() -> Response:
        asked = read_query(QueueAsked)
        skipped = [int(word) for word in re.findall(r"\d{1,18}", asked.skip)]
        told = shown().queue(asked.limit, asked.batch, skipped[:MAX_SKIPPED])
        if asked.html:
            told["items"] = with_html(told["items"])
        return jsonify(told)

    @review.post(f"/api/review/<{_ID}:scan_id>")
    @describe("Name the card of a scan", body=Naming, answer=Named, refusals=(409, 410, 422))
    def name(scan_id: int) -> Response:
        store = services.view.store()
        now = _answer_of(store.present_answers([scan_id]), scan_id)
        asked = read_body(Naming)
        if now.source == FROM_PERSON and not asked.again:
            said = now.name or "no card of the catalog"
            raise Refused(HTTPStatus.CONFLICT, f"Somebody has just named this card: {said}.")
        printing = _printing_asked(services, now, asked.printing)
        finish = asked.finish or now.finish
        store.add_correction(scan_id, printing, finish, asked.language, asked.condition)
        named = printing.name if printing else ""
        note(f"scan {scan_id}: {named or 'not in the catalog'}")
        return jsonify(scan=scan_id, name=named)

    @review.post(f"/api/review/<{_ID}:scan_id>/undo")
    @describe("Take back what was last said of a scan", answer=Undone, refusals=(409, 410))
    def undo(scan_id: int) -> Response:
        store = services.view.store()
        _answer_of(store.present_answers([scan_id]), scan_id)
        if store.undo_correction(scan_id) is None:
            raise Refused(HTTPStatus.CONFLICT, "There is nothing to undo: nobody named this card.")
        note(f"scan {scan_id}")
        return jsonify(items=with_html(shown().items([scan_id])))

    @review.get("/api/catalog/search")
    @describe("Search the whole catalog while typing", query=SearchAsked, answer=Suggestions)
    def search() -> Response:
        asked = read_query(SearchAsked)
        typed = asked.q[:MAX_TYPED]
        return jsonify(q=typed, found=shown().suggestions(typed, asked.limit, asked.game))

    @review.get("/api/catalog/sets")
    @describe("The games and sets of the catalog", answer=SetsOfGames)
    def sets() -> Response:
        return jsonify(games={game: references.sets(game) for game in references.games()})

    @review.get("/catalog/<pack_id>/<digest>.jpg")
    def picture(pack_id: str, digest: str) -> Response:
        path = references.picture_file(pack_id, digest) if _DIGEST.fullmatch(digest) else None
        if path is None or not path.is_file():
            raise NotFound
        answer = send_file(path, mimetype="image/jpeg", max_age=_YEAR_S)
        answer.headers["Cache-Control"] = f"private, max-age={_YEAR_S}, immutable"
        return answer

    @review.errorhandler(PackError)
    def catalog_unreadable(error: PackError) -> tuple[Response, int]:
        return jsonify(error=str(error)), HTTPStatus.SERVICE_UNAVAILABLE

    return review


def _html(item: Json) -> str:
    words = {"finishes": FINISHES, "languages": LANGUAGES, "conditions": CONDITIONS}
    return render_template("_review_card.html", scan=item, **words)


def _number(name: str) -> int | None:
    word = request.args.get(name, "")
    return int(word) if re.fullmatch(r"[0-9]{1,18}", word) else None


def _with_one_first(shown: ReviewView, items: list[Json], scan_id: int | None) -> list[Json]:
    """The queue behind a scan that somebody came for, whether it waits or not."""
    if scan_id is None:
        return items
    wanted = [{**item, "again": True} for item in shown.items([scan_id])]
    return wanted + [item for item in items if item["id"] != scan_id]


def _answer_of(answers: dict[int, PresentAnswer], scan_id: int) -> PresentAnswer:
    if scan_id not in answers:
        raise Refused(HTTPStatus.GONE, f"There is no scan {scan_id}: reload the page.")
    return answers[scan_id]


def _printing_asked(
    services: Services, now: PresentAnswer, asked: PrintingAsked | None
) -> Printing | None:
    """The printing that the page names: of a pack in use, or else one of the scan's candidates."""
    if asked is None:
        return None
    found = services.references.printing(asked.game, asked.card_id)
    if found is not None:
        return found
    for entry in now.candidates:
        if entry.get("printing") == asked.card_id:
            rest = (str(entry.get(key, "")) for key in ("name", "set", "number", "variant"))
            return Printing(asked.card_id, asked.game or now.game, *rest)
    raise Refused(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "This printing is not in the catalog in use: search for the card and choose it again.",
    )


PAGE = Page("Review", "/review", "review", make)
