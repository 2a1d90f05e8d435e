"""Packs and models that the cloud announces, as the Health page shows them; a manager takes one.

The exchange with the cloud does it: the page adds a command, and reads how far that has come.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from scanner.catalog.library import Library
from scanner.catalog.manifest import read_manifest
from scanner.errors import CounterscanError
from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.models_library import ModelLibrary
from scanner.store import Store
from scanner.store_updates import MODELS, PACKS, UpdateKind
from scanner.tables_updates import UPDATE, UpdateAnnounced, UpdateEvent
from webui.describe import describe
from webui.gate import note
from webui.live_answers import CommandSent
from webui.page import Services

_WORDS = {
    UpdateKind.WAITING: "Waits",
    UpdateKind.FETCHING: "Being fetched",
    UpdateKind.TRYING: "Being tried",
    UpdateKind.IN_USE: "In use",
    UpdateKind.REFUSED: "Not taken",
    UpdateKind.FAILED: "Failed, is tried again",
    UpdateKind.ROLLED_BACK: "Taken back",
    UpdateKind.WITHDRAWN: "Announced",
}
_ASKED = "asked"
_BUSY = frozenset({_ASKED, UpdateKind.FETCHING.value, UpdateKind.TRYING.value})


class UpdateAnswer(TypedDict):
    """What the cloud announces for `target`, and how that stands here.

    `state` is announced, asked, waiting, fetching, trying, in_use, refused, failed or rolled_back;
    `cards` are 0 where nobody told. `may_take` says that taking it, or trying again, is for a
    person to say.
    """

    target: str
    title: str
    version: str
    version_in_use: str
    size_bytes: int
    fetched_bytes: int
    cards: int
    cards_in_use: int
    about: str
    built_at: str
    is_rollback: bool
    state: str
    word: str
    text: str
    may_take: bool


class UpdatesAnswer(TypedDict):
    """All that is announced."""

    updates: list[UpdateAnswer]


class Take(BaseModel):
    """Which announced version to take."""

    target: str = Field(max_length=300)
    version: str = Field(max_length=300)


def make(services: Services) -> Blueprint:
    """Return the routes."""
    updates = Blueprint("updates", __name__)
    view = services.view

    @updates.get("/api/updates")
    @describe("What packs and models the cloud announces", answer=UpdatesAnswer)
    def twin() -> Response:
        return jsonify(updates=listed(view.store()))

    @updates.post("/api/updates/take")
    @describe(
        "Take an announced update",
        body=Take,
        answer=CommandSent,
        status=202,
        role="manager",
        refusals=(409,),
    )
    def take() -> tuple[Response, int]:
        asked = read_body(Take)
        found = next((one for one in listed(view.store()) if one["target"] == asked.target), None)
        if found is None or found["version"] != asked.version:
            raise Refused(
                HTTPStatus.CONFLICT, "The cloud announces another version by now: look again."
            )
        if not found["may_take"]:
            raise Refused(HTTPStatus.CONFLICT, found["text"] or f"{found['word']}.")
        argument = {"target": asked.target, "version": asked.version}
        row = view.store().add_command(UPDATE, argument)
        note(f"{found['title']}, version {asked.version}")
        return jsonify(id=row.id, kind=row.kind), HTTPStatus.ACCEPTED

    return updates


def listed(store: Store) -> list[UpdateAnswer]:
    """Return all that is announced, what a person takes or took first. Raises StoreError."""
    events = {event.target: event for event in store.update_events()}
    asked = {
        (command.argument.get("target"), command.argument.get("version"))
        for command in store.exchange_orders()
        if command.kind == UPDATE
    }
    found = [
        _answer(store, row, events.get(row.target), (row.target, row.version) in asked)
        for row in store.announced()
    ]
    return sorted(found, key=lambda one: not (one["may_take"] or one["state"] in _BUSY))


def _answer(
    store: Store, row: UpdateAnnounced, event: UpdateEvent | None, is_asked: bool
) -> UpdateAnswer:
    in_use, cards_in_use = _in_use(store, row.target)
    state, word, text = "announced", "Announced", ""
    if in_use == row.version:
        state, word = UpdateKind.IN_USE.value, _WORDS[UpdateKind.IN_USE]
    elif event is not None and event.version == row.version:
        kind = UpdateKind(event.kind)
        if kind not in (UpdateKind.IN_USE, UpdateKind.WITHDRAWN):
            state, word, text = kind.value, _WORDS[kind], event.detail
    if is_asked and state not in (*_BUSY, UpdateKind.IN_USE, UpdateKind.FAILED):
        state, word = _ASKED, "Asked for"
        text = "It begins as soon as the exchange with the cloud has seen it."
    is_fetching = state == UpdateKind.FETCHING
    return {
        "target": row.target,
        "title": "Recognition models" if row.target == MODELS else row.target.removeprefix(PACKS),
        "version": row.version,
        "version_in_use": in_use,
        "size_bytes": row.size_bytes,
        "fetched_bytes": min(row.fetched_bytes, row.size_bytes) if is_fetching else 0,
        "cards": row.cards,
        "cards_in_use": cards_in_use,
        "about": row.about,
        "built_at": row.built_at.isoformat(timespec="seconds"),
        "is_rollback": row.is_rollback,
        "state": state,
        "word": word,
        "text": text,
        "may_take": row.may_take and state not in (*_BUSY, UpdateKind.IN_USE),
    }


def _in_use(store: Store, target: str) -> tuple[str, int]:
    """The version in use and its cards; "" and 0 where there is none, or it can't be read."""
    try:
        if target == MODELS:
            return ModelLibrary(store.data_dir).current() or "", 0
        game, library = target.removeprefix(PACKS), Library(store.data_dir)
        version = library.current(game)
        if version is None:
            return "", 0
        return version, read_manifest(library.path(f"{game}@{version}")).cards
    except CounterscanError:
        return "", 0
