"""Archives of packs and models, taken in parts; `release_routes` announces what is whole."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, request
from pydantic import Field
from typing_extensions import TypedDict

from scanner.errors import AlreadyRunningError, ModelError, PackDiskError, PackError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from sync.cloud.api.asked import Asked
from sync.cloud.api.describe import describe
from sync.cloud.api.gate import visitor
from sync.cloud.publishing import OlderReleaseError
from sync.cloud.uploads import (
    PART_BYTES,
    Upload,
    UploadConflictError,
    Uploads,
    UploadTooLargeError,
)
from sync.protocol_fleet import MOST_RELEASE_BYTES

_STATUSES: dict[type[Exception], HTTPStatus] = {
    PackError: HTTPStatus.BAD_REQUEST,
    ModelError: HTTPStatus.BAD_REQUEST,
    OlderReleaseError: HTTPStatus.CONFLICT,
    UploadConflictError: HTTPStatus.CONFLICT,
    AlreadyRunningError: HTTPStatus.CONFLICT,
    UploadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    PackDiskError: HTTPStatus.INSUFFICIENT_STORAGE,
}


class NewUpload(Asked):
    """An archive that is to come: a plain tar of a signed pack, or of signed models."""

    size_bytes: int = Field(ge=1, le=MOST_RELEASE_BYTES)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class PartAsked(Asked):
    """Where in the archive the part begins."""

    offset: int = Field(ge=0, le=MOST_RELEASE_BYTES, description="First byte of this part.")


class UploadShown(TypedDict):
    """An upload: go on from `received_bytes`, with at most `part_bytes` in each part."""

    id: str
    size_bytes: int
    sha256: str
    received_bytes: int
    part_bytes: int
    begun_by: str
    begun_at: datetime
    ends_at: datetime


class UploadList(TypedDict):
    """Every upload that is under way, oldest first."""

    uploads: list[UploadShown]


def make(uploads: Uploads) -> Blueprint:
    """Return the routes."""
    door = Blueprint("uploads", __name__)
    refuse_in_words(door)

    def known(upload_id: str) -> Upload:
        found = uploads.find(upload_id)
        if found is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such upload; begin a new one.")
        return found

    @door.get("/api/v1/uploads")
    @describe("Uploads that are under way", answer=UploadList, role="owner")
    def listed() -> Response:
        return jsonify(uploads=list(map(_shown, uploads.all())))

    @door.post("/api/v1/uploads")
    @describe("Begin to upload an archive, or go on with it", body=NewUpload, answer=UploadShown,
              status=201, role="owner", refusals=(409, 413, 507),
              noted=("size_bytes", "sha256"))  # fmt: skip
    def begin() -> tuple[Response, int]:
        asked = read_body(NewUpload)
        upload = uploads.begin(asked.size_bytes, asked.sha256, visitor().name)
        return jsonify(_shown(upload)), HTTPStatus.CREATED

    @door.get("/api/v1/uploads/<upload_id>")
    @describe("How much of an upload is here", answer=UploadShown, role="owner", refusals=(404,))
    def one(upload_id: str) -> Response:
        return jsonify(_shown(known(upload_id)))

    # A part is no change that anybody could notice: beginning and publishing are noted.
    @door.put("/api/v1/uploads/<upload_id>")
    @describe("Send the next part of an archive", query=PartAsked, body=bytes, answer=UploadShown,
              role="owner", refusals=(404, 409, 413, 507), body_type="application/octet-stream",
              max_body_bytes=PART_BYTES, is_noted=False)  # fmt: skip
    def part(upload_id: str) -> Response:
        upload, asked = known(upload_id), read_query(PartAsked)
        uploads.add(upload, asked.offset, request.get_data(cache=False))
        return jsonify(_shown(known(upload_id)))

    @door.delete("/api/v1/uploads/<upload_id>")
    @describe("End an upload; what is here of it goes", status=204, role="owner",
              refusals=(404, 409))  # fmt: skip
    def end(upload_id: str) -> Response:
        uploads.drop(known(upload_id))
        return Response(status=HTTPStatus.NO_CONTENT)

    return door


def refuse_in_words(door: Blueprint) -> None:
    """Answer what an upload or a publication may raise with a sentence and its status."""

    def refuse(status: HTTPStatus, error: Exception) -> tuple[Response, int]:
        return jsonify(error=str(error)), status

    for kind, status in _STATUSES.items():
        door.register_error_handler(kind, partial(refuse, status))


def _shown(upload: Upload) -> UploadShown:
    return {
        "id": upload.id, "size_bytes": upload.size_bytes, "sha256": upload.sha256,
        "received_bytes": upload.received_bytes, "part_bytes": PART_BYTES,
        "begun_by": upload.begun_by, "begun_at": upload.begun_at, "ends_at": upload.ends_at,
    }  # fmt: skip
