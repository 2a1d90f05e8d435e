"""The Batches pages: the list, one batch with its pictures and counts; and their JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template
from werkzeug.exceptions import NotFound

from scanner.batches import plan_of
from scanner.card_words import CONDITIONS, LANGUAGES
from scanner.errors import StoreError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.tables import Batch
from webui.batch_answers import (
    BatchChanged,
    BatchesAsked,
    BatchesTwin,
    BatchTwin,
    Counting,
    GalleryAsked,
    GalleryTwin,
)
from webui.batch_view import BatchView
from webui.describe import describe
from webui.gate import note
from webui.page import Page, Services
from webui.view import Json

LIST_LENGTH = 20
GALLERY_LENGTH = 60
_ID = "int(max=9223372036854775807)"
_KNOWN_BATCHES = 200


def make(services: Services) -> Blueprint:
    """Return the Batches pages' routes."""
    batches = Blueprint("batches", __name__)
    shown = BatchView(services.view, services.currency)

    def one(batch_id: int) -> Batch:
        batch = services.view.store().batch(batch_id)
        if batch is None:
            raise NotFound
        return batch

    def twin_of(batch: Batch) -> Json:
        [fields] = shown.batches([batch])
        counted = fields["counted"]
        if counted is None:
            return {"batch": fields, "reconciled": None}
        found = services.view.store().reconcile_batch(batch.id or 0, counted)
        return {"batch": fields, "reconciled": {**asdict(found), "difference": found.difference}}

    def gallery_of(batch_id: int, asked: GalleryAsked) -> Json:
        scans = shown.gallery(batch_id, asked.before, asked.limit, asked.decision)
        told: Json = {
            "scans": scans,
            "next": scans[-1]["sequence"] if len(scans) == asked.limit else 0,
        }
        if asked.html:
            told["html"] = render_template("_gallery.html", scans=scans)
        return told

    @batches.get("/batches")
    def page() -> str:
        start: Json = {"batches": [], "next": 0}
        problem, suggestions = "", _suggestions([])
        try:
            start = shown.page(LIST_LENGTH)
            suggestions = _suggestions(services.view.store().latest_batches(_KNOWN_BATCHES))
        except StoreError as error:
            problem = str(error)
        return render_template(
            "batches.html",
            start=start,
            problem=problem,
            games={game: services.references.sets(game) for game in services.references.games()},
            conditions=CONDITIONS,
            languages=LANGUAGES,
            rules_in_force=services.view.rules_in_force(),
            **suggestions,
        )

    @batches.get("/api/batches")
    @describe("The batches, newest first", query=BatchesAsked, answer=BatchesTwin, follows_log=True)
    def twin() -> Response:
        asked = read_query(BatchesAsked)
        before = {"before": asked.before} if asked.before else {}
        told = shown.page(asked.limit, typed=asked.q, **before)
        if asked.html:
            told["html"] = render_template("_batch_rows.html", batches=told["batches"])
        return jsonify(told)

    @batches.get(f"/batches/<{_ID}:batch_id>")
    def one_page(batch_id: int) -> str:
        return render_template(
            "batch.html",
            **twin_of(one(batch_id)),
            gallery=gallery_of(batch_id, GalleryAsked(limit=GALLERY_LENGTH)),
            conditions=CONDITIONS,
            languages=LANGUAGES,
            known=_suggestions(services.view.store().latest_batches(_KNOWN_BATCHES)),
        )

    @batches.get(f"/api/batches/<{_ID}:batch_id>")
    @describe("One batch", answer=BatchTwin, refusals=(404,))
    def one_twin(batch_id: int) -> Response:
        return jsonify(twin_of(one(batch_id)))

    @batches.put(f"/api/batches/<{_ID}:batch_id>")
    @describe(
        "Change a batch's name, its place and what holds for its cards",
        body=BatchChanged,
        answer=BatchTwin,
        refusals=(404,),
    )
    def change(batch_id: int) -> Response:
        one(batch_id)
        asked = read_body(BatchChanged)
        name = " ".join(asked.name.split())
        if not name or not name.isprintable():
            raise Refused(HTTPStatus.BAD_REQUEST, "Give the batch a name of 1 to 80 letters.")
        services.view.store().change_batch(batch_id, name, plan_of(asked.model_dump()))
        note(f"batch {batch_id} is {name}")
        return jsonify(twin_of(one(batch_id)))

    @batches.get(f"/api/batches/<{_ID}:batch_id>/scans")
    @describe("The scans of a batch", query=GalleryAsked, answer=GalleryTwin, refusals=(404,))
    def scans(batch_id: int) -> Response:
        asked = read_query(GalleryAsked)
        return jsonify(gallery_of(one(batch_id).id or 0, asked))

    @batches.post(f"/api/batches/<{_ID}:batch_id>/count")
    @describe("Note a count by hand", body=Counting, answer=BatchTwin, status=201, refusals=(404,))
    def count(batch_id: int) -> tuple[Response, int]:
        batch, asked = one(batch_id), read_body(Counting)
        services.view.store().add_hand_count(batch_id, asked.cards)
        note(f"{batch.name}: {asked.cards}")
        return jsonify(twin_of(batch)), HTTPStatus.CREATED

    return batches


def _suggestions(known: list[Batch]) -> Json:
    """What the form for a new batch offers: the words of earlier batches, the last one's first."""
    last = known[0] if known else None
    return {
        "stores": list(dict.fromkeys(batch.store for batch in known if batch.store)),
        "locations": list(dict.fromkeys(batch.location for batch in known if batch.location)),
        "last": last,
        "suggested_name": f"{datetime.now().astimezone():%d %b} · batch "
        f"{(last.id or 0) + 1 if last else 1}",
    }


PAGE = Page("Batches", "/batches", "batches", make)
