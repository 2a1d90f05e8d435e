"""The Rules page: the shop's sort rules, tried on past batches, planned and kept; and its JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from scanner.errors import ConditionError, CounterscanError, StoreError
from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.inventory_catalog import LibraryFacts
from scanner.sorting.presets import make_preset
from scanner.sorting.rules import RuleSet, read_rules, write_rules
from scanner.sorting.shop_rules import SORT, rules_named, save_rules
from scanner.sorting.trial import trial_json, try_rules
from webui.describe import describe
from webui.gate import note
from webui.page import Page, Services
from webui.rules_answers import (
    Named,
    NameSent,
    PresetSent,
    RulesDescribed,
    RulesInWords,
    RulesSent,
    RulesTwin,
    TrialTold,
    TryDescribed,
    TrySent,
)
from webui.rules_plan import add_plan
from webui.rules_view import RulesView, lines_of, vocabulary
from webui.security import refusal
from webui.view import Json
from webui.words import sentence

MAX_RULES_BYTES = 512 * 1024


def make(services: Services) -> Blueprint:
    """Return the Rules page's routes."""
    rules = Blueprint("rules", __name__)
    facts = LibraryFacts(services.data_dir)

    def shown() -> RulesView:
        return RulesView(services.view.store(), facts, services.sources.load())

    @rules.get("/rules")
    def page() -> str:
        try:
            start, problem = shown().listing(), ""
        except StoreError as error:
            start, problem = None, str(error)
        return render_template("rules.html", start=start, problem=problem)

    @rules.get("/rules/edit")
    def editor() -> str:
        view = shown()
        name = request.args.get("name", "")[:60]
        found = write_rules(rules_named(services.view.store(), name)) if name else _empty(view.bins)
        start = view.listing() | {"rules": found, "was_called": name, **vocabulary()}
        return render_template("rules_edit.html", start=start, name=name, kind="sort")

    @rules.get("/api/rules")
    @describe("The shop's sort rules", answer=RulesTwin)
    def twin() -> Response:
        return jsonify(shown().listing())

    @rules.post("/api/rules")
    @describe(
        "Keep sort rules", body=RulesDescribed, answer=Named, role="manager", status=201,
        refusals=(422,), max_body_bytes=MAX_RULES_BYTES,
    )  # fmt: skip
    def keep() -> tuple[Response, int]:
        asked = read_body(RulesSent)
        kept = _read(asked.rules)
        save_rules(services.view.store(), kept, was_called=asked.was_called)
        note(kept.name)
        return jsonify(name=kept.name), HTTPStatus.CREATED

    @rules.post("/api/rules/words")
    @describe(
        "Sort rules in plain English, nothing is kept", body=RulesDescribed, answer=RulesInWords,
        refusals=(422,), is_noted=False, max_body_bytes=MAX_RULES_BYTES,
    )  # fmt: skip
    def words() -> Response:
        read = _read(read_body(RulesSent).rules)
        return jsonify(name=read.name, lines=lines_of(read))

    @rules.post("/api/rules/preset")
    @describe(
        "Keep a preset as sort rules", body=PresetSent, answer=Named, role="manager", status=201,
        refusals=(422,),
    )  # fmt: skip
    def preset() -> tuple[Response, int]:
        asked, view = read_body(PresetSent), shown()
        made = make_preset(asked.key, asked.bins or view.bins, view.currency)
        taken = {row.name for row in services.view.store().rule_sets(SORT)}
        names = (made.name, *(f"{made.name} {number}" for number in range(2, 1000)))
        name = next(name for name in names if name not in taken)
        save_rules(services.view.store(), made.model_copy(update={"name": name}))
        note(name)
        return jsonify(name=name), HTTPStatus.CREATED

    @rules.post("/api/rules/use")
    @describe(
        "Put sort rules in force from the next batch on", body=NameSent, answer=Named,
        refusals=(422,),
    )  # fmt: skip
    def use() -> Response:
        name = read_body(NameSent).name
        if name:
            rules_named(services.view.store(), name)
        services.view.store().choose_rules(SORT, name)
        note(name or "none")
        return jsonify(name=name)

    @rules.post("/api/rules/remove")
    @describe(
        "Take sort rules off the list", body=NameSent, answer=Named, role="manager",
        refusals=(422,),
    )  # fmt: skip
    def remove() -> Response:
        name = read_body(NameSent).name
        rules_named(services.view.store(), name)
        services.view.store().remove_rule_set(SORT, name)
        note(name)
        return jsonify(name=name)

    @rules.post("/api/rules/try")
    @describe(
        "Say where the cards of a past batch would go", body=TryDescribed, answer=TrialTold,
        refusals=(422,), is_noted=False, max_body_bytes=MAX_RULES_BYTES,
    )  # fmt: skip
    def tried() -> Response:
        asked, view = read_body(TrySent), shown()
        to_try = (
            rules_named(services.view.store(), asked.name)
            if asked.rules is None
            else _read(asked.rules)
        )
        told = trial_json(try_rules(view.cards(asked.batch), to_try, view.bins))
        told["lines"] = told["lines"][: asked.shown]
        return jsonify(name=to_try.name, **told)

    add_plan(rules, services, shown)

    @rules.errorhandler(ConditionError)
    def wrong_rules(error: ConditionError) -> Response:
        return refusal(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(str(error))))

    @rules.errorhandler(CounterscanError)
    def unreadable(error: CounterscanError) -> Response:
        return refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, sentence(str(error))))

    return rules


def _read(value: Any) -> RuleSet:
    try:
        return read_rules(value)
    except RecursionError:
        raise Refused(HTTPStatus.BAD_REQUEST, "This is nested too deeply.") from None


def _empty(bins: int) -> Json:
    return write_rules(
        read_rules({"name": "New rules", "unidentified_bin": bins, "rest_bin": bins})
    )


PAGE = Page("Rules", "/rules", "rules", make, also=("/offer",))
