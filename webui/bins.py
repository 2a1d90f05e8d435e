"""The Bins page and its twin: how many cards lie in each bin, and that a person emptied one.

Where a bin has a sensor the machine notices by itself; where it has none, a person says so here.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from scanner.config_machine import MOST_BINS
from scanner.errors import StoreError
from scanner.http.describe import read_body
from webui.describe import describe
from webui.gate import note
from webui.live_answers import CommandSent
from webui.page import Page, Services


class BinAnswer(TypedDict):
    """One bin that holds cards."""

    bin: int
    cards: int


class BinsAnswer(TypedDict):
    """The bins that hold cards, in their order."""

    bins: list[BinAnswer]


class EmptiedAsked(BaseModel):
    """Which bin was emptied."""

    bin: int = Field(ge=1, le=MOST_BINS, description="The bin's number, from 1.")


def make(services: Services) -> Blueprint:
    """Return the page's routes."""
    bins = Blueprint("bins", __name__)
    view = services.view

    def filled() -> list[BinAnswer]:
        contents = view.store().bin_contents()
        return [{"bin": number, "cards": cards} for number, cards in contents.items()]

    @bins.get("/bins")
    def page() -> str:
        try:
            return render_template("bins.html", bins=filled())
        except StoreError as error:
            return render_template("bins.html", bins=[], log_error=str(error))

    @bins.get("/api/bins")
    @describe("How many cards lie in each bin", answer=BinsAnswer)
    def twin() -> Response:
        return jsonify(bins=filled())

    @bins.post("/api/bins/emptied")
    @describe("A person has emptied a bin", body=EmptiedAsked, answer=CommandSent, status=202)
    def emptied() -> tuple[Response, int]:
        number = read_body(EmptiedAsked).bin
        row = view.store().add_command("bin_emptied", {"bin": number})
        note(f"bin {number} emptied")
        return jsonify(id=row.id, kind=row.kind), HTTPStatus.ACCEPTED

    return bins


PAGE = Page("Bins", "/bins", "bins", make)
