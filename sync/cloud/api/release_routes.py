"""What is announced to devices: listed, published from an upload, gone back to, withdrawn."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from pydantic import Field
from typing_extensions import TypedDict

from scanner.http.answers import Refused
from scanner.http.describe import read_body
from sync.cloud import fleet_store
from sync.cloud.api.asked import Asked
from sync.cloud.api.audit import noting
from sync.cloud.api.describe import describe
from sync.cloud.api.upload_routes import refuse_in_words
from sync.cloud.config import CloudConfig
from sync.cloud.publishing import publish_archive, standing_of
from sync.cloud.release_names import MODELS, PACKS
from sync.cloud.releases import Releases, Standing
from sync.cloud.store import CloudStore
from sync.cloud.uploads import Uploads
from sync.protocol_fleet import Holdings, Release
from sync.protocol_words import LONGEST

REFUSALS = (404, 409, 507)


class Channel(Asked):
    """A target, `pack/GAME` or `models`, on a channel."""

    target: str = Field(max_length=80)
    channel: str = Field("stable", max_length=40)


class GoingBack(Channel):
    """What to go back to; the version before the present one where none is named."""

    version: str = Field("", max_length=200)


class Publishing(Asked):
    """A finished upload that is to be announced."""

    upload: str = Field(max_length=64)
    channel: str = Field("stable", max_length=40)
    rollback: bool = Field(False, description="Whether devices go back to it from a newer one.")
    about: str = Field("", max_length=LONGEST, description="What is new in it, for people.")


class ReleaseShown(TypedDict):
    """A signed pack, or models. `is_kept` says whether the archive is still there to go back to."""

    version: str
    created_at: datetime
    model_id: str
    size_bytes: int
    sha256: str
    url: str
    rollback: bool
    about: str
    is_kept: bool


class Announced(TypedDict):
    """How a target stands on a channel; `release` is null where it was withdrawn.

    `former` were announced before, newest first; `devices` are the versions in use by device.
    """

    target: str
    channel: str
    changed_at: datetime
    release: ReleaseShown | None
    former: list[ReleaseShown]
    devices: dict[str, str]


class ReleaseList(TypedDict):
    """Everything that is, or was, announced."""

    releases: list[Announced]


def make(store: CloudStore, config: CloudConfig, releases: Releases, uploads: Uploads) -> Blueprint:
    """Return the routes."""
    door = Blueprint("releases", __name__)
    refuse_in_words(door)
    keys = config.files.keys

    def shown(standing: Standing | None) -> Announced:
        assert standing is not None
        return _announced(standing, releases, fleet_store.holdings(store))

    @door.get("/api/v1/releases")
    @describe("What is announced to devices, what was before, and which device uses which version",
              answer=ReleaseList)  # fmt: skip
    def listed() -> Response:
        holdings = fleet_store.holdings(store)
        found = [_announced(each, releases, holdings) for each in releases.standing()]
        return jsonify(releases=found)

    @door.post("/api/v1/releases")
    @describe("Announce a finished upload, once its signature and every file are checked",
              body=Publishing, answer=Announced, status=201, role="owner",
              refusals=REFUSALS, noted=("upload", "channel", "rollback"))  # fmt: skip
    def publish() -> tuple[Response, int]:
        asked = read_body(Publishing)
        upload = uploads.find(asked.upload)
        if upload is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such upload any more: upload it anew.")
        with uploads.taken(upload) as (archive, unpacked):
            release = publish_archive(
                releases,
                archive,
                unpacked,
                asked.channel,
                keys,
                rollback=asked.rollback,
                about=asked.about,
            )
        noting(target=target_of(release), version=release.version)
        made = standing_of(releases, target_of(release), asked.channel)
        return jsonify(shown(made)), HTTPStatus.CREATED

    @door.post("/api/v1/releases/rollback")
    @describe("Have devices go back to what was announced before", body=GoingBack,
              answer=Announced, role="owner", refusals=REFUSALS,
              noted=("target", "channel", "version"))  # fmt: skip
    def go_back() -> Response:
        asked = read_body(GoingBack)
        noting(target=asked.target)
        former = _former(releases, asked)
        archive = releases.archive_of(former)
        assert archive is not None
        with uploads.room() as unpacked:
            publish_archive(
                releases, archive, unpacked, asked.channel, keys, rollback=True, about=former.about
            )
        noting(version=former.version)
        return jsonify(shown(standing_of(releases, asked.target, asked.channel)))

    @door.post("/api/v1/releases/withdraw")
    @describe("Announce something no longer; devices keep what they have", body=Channel,
              answer=Announced, role="owner", refusals=REFUSALS,
              noted=("target", "channel"))  # fmt: skip
    def withdraw() -> Response:
        asked = read_body(Channel)
        noting(target=asked.target)
        _require(releases, asked)
        releases.withdraw(asked.target, asked.channel)
        return jsonify(shown(standing_of(releases, asked.target, asked.channel)))

    return door


def target_of(release: Release) -> str:
    """What a release is of: `pack/GAME`, or `models`."""
    game = getattr(release, "game", None)
    return MODELS if game is None else f"{PACKS}{game}"


def _require(releases: Releases, asked: Channel) -> Standing:
    found = standing_of(releases, asked.target, asked.channel)
    if found is None:
        raise Refused(
            HTTPStatus.NOT_FOUND,
            f"Nothing of {asked.target!r} was announced on the channel {asked.channel!r}; "
            "GET /api/v1/releases lists what was.",
        )
    return found


def _former(releases: Releases, asked: GoingBack) -> Release:
    former = _require(releases, asked).former
    wanted = [each for each in former if asked.version in ("", each.version)]
    kept = [each for each in wanted if releases.archive_of(each) is not None]
    if asked.version and not wanted:
        raise Refused(
            HTTPStatus.NOT_FOUND, f"{asked.version!r} was not announced before the present one."
        )
    if not kept:
        raise Refused(
            HTTPStatus.CONFLICT,
            "The cloud no longer has it: upload it, and publish it with “rollback”: true.",
        )
    return kept[0]


def _announced(standing: Standing, releases: Releases, holdings: dict[str, Holdings]) -> Announced:
    def shown(release: Release) -> ReleaseShown:
        return {
            "version": release.version, "created_at": release.created_at,
            "model_id": release.model_id, "size_bytes": release.size_bytes,
            "sha256": release.sha256, "url": release.url, "rollback": release.rollback,
            "about": release.about, "is_kept": releases.archive_of(release) is not None,
        }  # fmt: skip

    used = {
        device: held.models if standing.target == MODELS
        else held.packs.get(standing.target.removeprefix(PACKS), "")
        for device, held in sorted(holdings.items())
    }  # fmt: skip
    return {
        "target": standing.target,
        "channel": standing.channel,
        "changed_at": standing.changed_at,
        "release": None if standing.release is None else shown(standing.release),
        "former": list(map(shown, standing.former)),
        "devices": {device: version for device, version in used.items() if version},
    }
