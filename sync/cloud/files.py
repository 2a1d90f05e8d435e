"""Serves the archives of packs and models: with ranges and validators, and nothing else.

An archive's name is its SHA-256, which only devices of the cloud are told: whoever knows it may
fetch it, within the API's limits for strangers.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from scanner.http.answers import Refused
from sync.cloud.api.describe import describe

PREFIX = "/files"
_NAME = re.compile(r"[0-9a-f]{64}\.tar")
_FOR_EVER_S = 365 * 24 * 3600


def make(folder: Path) -> Blueprint:
    """Return the routes; `folder` is `Releases.files`."""
    files = Blueprint("files", __name__)

    @files.get(f"{PREFIX}/<name>")
    @describe(
        "The archive of a pack or of models; ranges and validators are honoured",
        role="anyone", media_type="application/x-tar", refusals=(404,),
    )  # fmt: skip
    def fetch(name: str) -> Response:
        if not _NAME.fullmatch(name):
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such file.")
        answer = send_from_directory(
            folder.absolute(), name, mimetype="application/x-tar", conditional=True,
            etag=name.removesuffix(".tar"), max_age=_FOR_EVER_S,
        )  # fmt: skip
        answer.headers["Accept-Ranges"] = "bytes"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return files
