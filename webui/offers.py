"""The Offer page: what the shop would pay for a batch, printable; what it pays; and the JSON."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template
from werkzeug.exceptions import NotFound

from scanner.card_words import CONDITIONS, FINISHES
from scanner.errors import ConditionError, CounterscanError, StoreError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.inventory_catalog import LibraryFacts
from scanner.offers import read_offer_rules, write_offer_rules
from scanner.prices import Money, read_money
from scanner.records import Decision, Finish, Printing
from scanner.shop_offers import save_offer_rules
from scanner.store import Store
from scanner.store_offers import PRICE, UNDONE
from scanner.tables import Batch
from webui.describe import describe
from webui.gate import note
from webui.offer_answers import (
    CardsSent,
    Done,
    OfferAsked,
    OfferRulesDescribed,
    OfferRulesSent,
    OfferRulesTold,
    OfferTold,
    OutcomeSent,
    WordSent,
)
from webui.offer_view import OUTCOMES, OfferView, lines_in_words
from webui.page import Services
from webui.rules_view import vocabulary
from webui.security import refusal
from webui.view import Json
from webui.words import sentence

MAX_RULES_BYTES = 256 * 1024
LATEST_BATCHES = 30
_ID = "int(max=9223372036854775807)"


def make(services: Services) -> Blueprint:
    """Return the Offer page's routes."""
    offers = Blueprint("offers", __name__)
    facts = LibraryFacts(services.data_dir)

    def shown() -> OfferView:
        currency = services.sources.load().decision.currency
        return OfferView(services.view.store(), facts, currency)

    def batch_asked(batch_id: int) -> Batch | None:
        store = services.view.store()
        if not batch_id:
            return next(iter(store.latest_batches(1)), None)
        batch = store.batch(batch_id)
        if batch is None:
            raise NotFound
        return batch

    def part(told: Json) -> str:
        return render_template("_offer.html", offer=told, outcomes=OUTCOMES)

    @offers.get("/offer")
    @offers.get(f"/offer/<{_ID}:batch_id>")
    def page(batch_id: int = 0) -> str:
        told, batches, problem = None, [], ""
        try:
            told = shown().told(batch_asked(batch_id))
            batches = services.view.store().latest_batches(LATEST_BATCHES)
        except CounterscanError as error:
            problem = sentence(str(error))
        html = part(told) if told else ""
        return render_template(
            "offer.html",
            offer=told,
            html=html,
            batches=batches,
            problem=problem,
            finishes=[(key, word) for key, word in FINISHES.items() if key != Finish.UNKNOWN],
            conditions=CONDITIONS.items(),
            today=f"{datetime.now().astimezone():%d %B %Y}",
        )

    @offers.get("/api/offer")
    @describe("What the shop would pay for a batch", query=OfferAsked, answer=OfferTold)
    def twin() -> Response:
        asked = read_query(OfferAsked)
        told = shown().told(batch_asked(asked.batch))
        return jsonify(**told, **({"html": part(told)} if asked.html else {}))

    @offers.post(f"/api/offer/<{_ID}:batch_id>/words")
    @describe(
        "Set by hand what is paid for cards", body=WordSent, answer=Done, refusals=(404, 409, 422)
    )
    def word(batch_id: int) -> Response:
        asked, store = read_body(WordSent), services.view.store()
        _must_be_open(services, batch_asked(batch_id), batch_id)
        currency = shown().currency
        cash, credit = (
            (_amount(asked.cash, currency), _amount(asked.credit, currency))
            if asked.kind == PRICE
            else (None, None)
        )
        _must_be_of(store, asked.scans, batch_id)
        for scan_id in dict.fromkeys(asked.scans):
            store.add_offer_word(scan_id, asked.kind, cash, credit)
        note(f"{asked.kind} {cash or ''} for {len(asked.scans)} cards of batch {batch_id}")
        return jsonify(batch=batch_id)

    @offers.post(f"/api/offer/<{_ID}:batch_id>/cards")
    @describe(
        "Say finish and condition of cards of an offer", body=CardsSent, answer=Done,
        refusals=(404, 409, 422),
    )  # fmt: skip
    def cards(batch_id: int) -> Response:
        asked, store = read_body(CardsSent), services.view.store()
        _must_be_open(services, batch_asked(batch_id), batch_id)
        _must_be_of(store, asked.scans, batch_id)
        for scan_id, now in store.present_answers(dict.fromkeys(asked.scans)).items():
            if now.decision != Decision.ACCEPTED:
                raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Say first which card this is.")
            printing = Printing(
                now.card_id, now.game, now.name, now.set_name, now.number, now.variant
            )
            finish = asked.finish or Finish.UNKNOWN.value
            store.add_correction(scan_id, printing, finish, now.language, asked.condition)
        note(f"{asked.finish} {asked.condition} for {len(asked.scans)} cards of batch {batch_id}")
        return jsonify(batch=batch_id)

    @offers.post(f"/api/offer/<{_ID}:batch_id>/outcome")
    @describe("Say how an offer ended", body=OutcomeSent, answer=Done, refusals=(404, 409, 422))
    def outcome(batch_id: int) -> Response:
        asked, store = read_body(OutcomeSent), services.view.store()
        batch = batch_asked(batch_id)
        if asked.outcome != UNDONE:
            _must_be_open(services, batch, batch_id)
        told = shown().told(batch)
        cash, credit = (
            Money(told[key], told["currency"]) for key in ("cash_minor", "credit_minor")
        )
        store.end_offer(batch_id, asked.outcome, cash, credit, told["lines"])
        note(f"{asked.outcome}, {told['name']}: {cash} in cash or {credit} in credit")
        return jsonify(batch=batch_id)

    @offers.get("/rules/buying")
    def editor() -> str:
        view = shown()
        start = {
            "rules": write_offer_rules(view.rules()),
            "bins": 1,
            "currency": view.currency,
            "lists": [{"name": name} for name in services.view.store().card_lists()],
            **vocabulary(),
        }
        return render_template("rules_edit.html", start=start, name="", kind="buying")

    @offers.get("/api/offer/rules")
    @describe("What the shop pays", answer=OfferRulesTold)
    def rules() -> Response:
        found = shown().rules()
        return jsonify(rules=write_offer_rules(found), lines=lines_in_words(found))

    @offers.post("/api/offer/rules")
    @describe(
        "Keep what the shop pays", body=OfferRulesDescribed, answer=OfferRulesTold, role="manager",
        refusals=(422,), max_body_bytes=MAX_RULES_BYTES,
    )  # fmt: skip
    def keep() -> Response:
        read = read_offer_rules(read_body(OfferRulesSent).rules)
        save_offer_rules(services.view.store(), read)
        note(f"{len(read.rules)} rules")
        return jsonify(rules=write_offer_rules(read), lines=lines_in_words(read))

    @offers.post("/api/offer/rules/words")
    @describe(
        "Buying rules in plain English, nothing is kept", body=OfferRulesDescribed,
        answer=OfferRulesTold, refusals=(422,), is_noted=False, max_body_bytes=MAX_RULES_BYTES,
    )  # fmt: skip
    def words() -> Response:
        read = read_offer_rules(read_body(OfferRulesSent).rules)
        return jsonify(rules=write_offer_rules(read), lines=lines_in_words(read))

    @offers.errorhandler(ConditionError)
    def wrong_rules(error: ConditionError) -> Response:
        return refusal(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(str(error))))

    @offers.errorhandler(StoreError)
    def unreadable(error: StoreError) -> Response:
        return refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, sentence(str(error))))

    return offers


def _must_be_open(services: Services, batch: Batch | None, batch_id: int) -> None:
    if batch is None or not batch_id:
        raise NotFound
    if services.view.store().ended_offer(batch_id) is not None:
        raise Refused(HTTPStatus.CONFLICT, "This offer has ended. Open it again to change it.")


def _must_be_of(store: Store, scans: list[int], batch_id: int) -> None:
    if not set(scans) <= set(store.scan_ids_of_batch(batch_id)):
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "A card is not of this batch: reload.")


def _amount(text: str, currency: str) -> Money:
    try:
        amount = read_money(text)
    except ValueError as error:
        raise ConditionError(str(error)) from None
    if amount.currency != currency:
        raise ConditionError(f"The shop counts in {currency}; write {text!r} in {currency}.")
    return amount
