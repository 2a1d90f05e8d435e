"""Uploads: several pictures at once, each with its own result; the page and its JSON."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.exceptions import NotFound

from scanner.batches import plan_of
from scanner.card_words import CONDITIONS, LANGUAGES
from scanner.errors import StoreError, UploadError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.http.limits import client_of
from scanner.tables_uploads import Upload
from scanner.uploads import MAX_PICTURE_BYTES, MAX_PICTURES
from webui.describe import describe
from webui.gate import note, visitor
from webui.page import Services
from webui.upload_answers import (
    PictureAsked,
    PicturesAsked,
    PicturesTaken,
    UploadAsked,
    UploadsTwin,
    UploadTwin,
)
from webui.upload_intake import Intake, Taken
from webui.upload_metrics import upload_metrics
from webui.upload_view import UploadView

LIST_LENGTH = 20
_FORM_BYTES = 1_000_000
_ID = "int(max=9223372036854775807)"


def make(services: Services) -> Blueprint:
    """Return the routes of uploads."""
    uploads = Blueprint("uploads", __name__)
    shown = UploadView(services.view)
    services.meters.add(upload_metrics(services.view.store))

    def one(upload_id: int) -> Upload:
        upload = services.view.store().upload(upload_id)
        if upload is None:
            raise NotFound
        return upload

    @uploads.get("/batches/upload")
    def page() -> str:
        problem, known = "", []
        try:
            known = shown.uploads(services.view.store().latest_uploads(LIST_LENGTH))
        except StoreError as error:
            problem = str(error)
        return render_template(
            "uploads.html",
            uploads=known,
            problem=problem,
            folder=services.folder.folder,
            folder_trouble=services.folder.trouble,
            games=services.references.games(),
            conditions=CONDITIONS,
            languages=LANGUAGES,
            limits={"bytes": MAX_PICTURE_BYTES, "pictures": MAX_PICTURES},
        )

    @uploads.get("/api/uploads")
    @describe("The newest uploads", answer=UploadsTwin)
    def twin() -> Response:
        store = services.view.store()
        stats = store.upload_stats()
        return jsonify(
            uploads=shown.uploads(store.latest_uploads(LIST_LENGTH)),
            feed_silent=not services.view.files.read().fresh,
            hit_rate=round(stats.cached / stats.read, 4) if stats.read else 0.0,
        )

    @uploads.post("/api/uploads")
    @describe("Begin an upload", body=UploadAsked, answer=UploadTwin, status=201)
    def begin() -> tuple[Response, int]:
        asked = read_body(UploadAsked)
        source = "api" if visitor().how == "key" else "page"
        upload = services.intake.begin(asked.name, source, _client(), plan_of(asked.argument()))
        note(upload.name)
        return jsonify(shown.upload(upload, 0, 1)), HTTPStatus.CREATED

    @uploads.get(f"/api/uploads/<{_ID}:upload_id>")
    @describe("One upload", query=PicturesAsked, answer=UploadTwin, refusals=(404,))
    def one_twin(upload_id: int) -> Response:
        asked = read_query(PicturesAsked)
        return jsonify(shown.upload(one(upload_id), asked.after, asked.limit))

    @uploads.post(f"/api/uploads/<{_ID}:upload_id>/pictures")
    @describe(
        "Send a picture as the body, or up to 20 as a form's files",
        query=PictureAsked,
        answer=PicturesTaken,
        status=201,
        refusals=(404, 413, 422, 429, 507),
        is_noted=False,
        max_body_bytes=MAX_PICTURE_BYTES + _FORM_BYTES,
    )
    def take(upload_id: int) -> tuple[Response, int]:
        upload, asked = one(upload_id), read_query(PictureAsked)
        try:
            with services.intake.place():
                taken = _take_all(services.intake, upload, asked)
        except UploadError as error:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, str(error), 1) from None
        pictures = [shown.taken(one) for one in taken]
        if len(taken) == 1 and taken[0].picture.problem:
            sentence = f"{taken[0].picture.name} {taken[0].picture.problem}."
            return jsonify(error=sentence, pictures=pictures), HTTPStatus.UNPROCESSABLE_ENTITY
        return jsonify(pictures=pictures), HTTPStatus.CREATED

    @uploads.post(f"/api/uploads/<{_ID}:upload_id>/stop")
    @describe("Read nothing more of an upload", answer=UploadTwin, refusals=(404,))
    def stop(upload_id: int) -> Response:
        upload = one(upload_id)
        services.view.store().stop_upload(upload_id)
        note(upload.name)
        return jsonify(shown.upload(upload, 0, 1))

    return uploads


def _client() -> str:
    """Who takes turns with whom: a person's name, or a key's; without login, an address."""
    who = visitor()
    return who.name if who.token_id else f"{who.name} {client_of(request.remote_addr or '')}"


def _take_all(intake: Intake, upload: Upload, asked: PictureAsked) -> list[Taken]:
    """Take the request's pictures in, one after another."""
    request.max_form_memory_size = _FORM_BYTES  # what is parsed at one time; files go to the disk
    files = [file for files in request.files.listvalues() for file in files]
    if not files:
        return [intake.take(upload, asked.name, request.get_data(cache=False), again=asked.again)]
    return [
        intake.take(upload, file.filename or "", file.read(), again=asked.again) for file in files
    ]
