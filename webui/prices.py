"""The Prices page: search a printing, its history, what moved most, the watchlist; and its JSON."""

from __future__ import annotations

import threading
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template
from werkzeug.exceptions import NotFound

from scanner.errors import ConditionError, CounterscanError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.watchlist import watch, watched
from webui.describe import describe
from webui.gate import note
from webui.inventory_view import StockDesk
from webui.page import Page, Services
from webui.prices_answers import (
    PricesAsked,
    PricesTwin,
    PrintingPrices,
    RangeAsked,
    Span,
    WatchSent,
    WatchTold,
)
from webui.prices_view import Moves, PricesView, series
from webui.security import refusal
from webui.words import sentence


def make(services: Services) -> Blueprint:
    """Return the Prices page's routes."""
    prices = Blueprint("prices", __name__)
    desk, kept = StockDesk(services), Moves()

    def shown() -> PricesView:
        return PricesView(services.view.store(), services.references, services.currency())

    def lists(span: Span) -> PricesTwin:
        view, store = shown(), services.view.store()
        moves = kept.of(store, view.currency, span)
        return {
            "currency": view.currency,
            "span": span,
            "newest_price": store.newest_price_id(),
            "up": view.movers(moves, up=True),
            "down": view.movers(moves, up=False),
            "watchlist": view.watchlist(),
        }

    def of_printing(game: str, card_id: str) -> tuple[PrintingPrices, PricesView]:
        view, store = shown(), services.view.store()
        told = view.told((game, card_id))
        printing = view.printing(game, card_id)
        if not told and printing["name"] == card_id:
            raise NotFound
        answer: PrintingPrices = {
            "printing": printing,
            "is_watched": card_id in watched(store),
            "in_stock": len(desk.stock().copies_of([(game, card_id)])[game, card_id]),
            "quotes": view.quotes((game, card_id), told),
            "history": series(told),
        }
        return answer, view

    @prices.get("/prices")
    def page() -> str:
        threading.Thread(target=services.references.warm, name="names", daemon=True).start()
        told, problem = None, ""
        try:
            told = lists(read_query(PricesAsked).span)
        except CounterscanError as error:
            problem = sentence(str(error))
        start = {"newest": services.view.newest_scan_id(), "price": told and told["newest_price"]}
        return render_template("prices.html", told=told, problem=problem, start=start)

    @prices.get("/prices/<game>/<card_id>")
    def printing_page(game: str, card_id: str) -> str:
        wanted = read_query(RangeAsked).range
        told, view = of_printing(game, card_id)
        charts = view.charts(view.told((game, card_id)), wanted)
        start = {"newest": services.view.newest_scan_id(), "card_id": card_id}
        return render_template(
            "prices_card.html", told=told, charts=charts, range=wanted, start=start
        )

    @prices.get("/api/prices")
    @describe(
        "The prices that moved most among what was scanned, and the watchlist", query=PricesAsked,
        answer=PricesTwin, follows_log=True,
    )  # fmt: skip
    def twin() -> Response:
        asked = read_query(PricesAsked)
        told = lists(asked.span)
        if asked.html:
            told["html"] = render_template("_price_lists.html", told=told)
        return jsonify(told)

    @prices.get("/api/prices/<game>/<card_id>")
    @describe("All that is known of one printing's prices", answer=PrintingPrices, refusals=(404,))
    def printing_twin(game: str, card_id: str) -> Response:
        return jsonify(of_printing(game, card_id)[0])

    @prices.post("/api/prices/watch")
    @describe(
        "Put a printing on the watchlist, or take it off", body=WatchSent, answer=WatchTold,
        refusals=(422,),
    )  # fmt: skip
    def keep_watch() -> Response:
        asked = read_body(WatchSent)
        watch(services.view.store(), asked.card_id, on=asked.on)
        note(f"{asked.card_id} {'on' if asked.on else 'off'}")
        return jsonify(on=asked.on)

    @prices.errorhandler(ConditionError)
    def too_many(error: ConditionError) -> Response:
        return refusal(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(str(error))))

    @prices.errorhandler(CounterscanError)
    def unreadable(error: CounterscanError) -> Response:
        return refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, sentence(str(error))))

    return prices


PAGE = Page("Prices", "/prices", "prices", make)
