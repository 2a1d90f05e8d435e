"""The Rules page's plan for many sets, and the shop's lists of cards."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, render_template

from scanner.errors import ConditionError, UsageError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.sorting.plan import Plan, plan_apart, plan_in_order, plan_json
from scanner.sorting.rules import write_rules
from scanner.sorting.shop_rules import SORT
from webui.describe import describe
from webui.gate import note
from webui.page import Services
from webui.rules_answers import ListAsked, ListSent, ListsTold, Named, PlanSent, PlanTold
from webui.rules_view import RulesView
from webui.security import refusal
from webui.words import sentence

MAX_LIST_BYTES = 2 * 1024 * 1024
MAX_ENTRY = 120
MAX_LISTS = 100


def add_plan(rules: Blueprint, services: Services, shown: Callable[[], RulesView]) -> None:
    """Add the routes of the plan and of the lists to the Rules page's."""

    @rules.get("/rules/plan")
    def plan_page() -> str:
        view = shown()
        return render_template(
            "rules_plan.html", start={"bins": view.bins, "batches": view.batches()}
        )

    @rules.post("/api/rules/plan")
    @describe(
        "Plan how to sort many sets with few bins", body=PlanSent, answer=PlanTold,
        refusals=(422,), is_noted=False,
    )  # fmt: skip
    def plan() -> Response:
        return jsonify(plan_json(_plan(read_body(PlanSent), shown())))

    @rules.post("/api/rules/plan/<int(min=1, max=500):number>/use")
    @describe(
        "Put the rules of one pass of a plan in force", body=PlanSent, answer=Named,
        refusals=(422,),
    )  # fmt: skip
    def use_pass(number: int) -> Response:
        made = _plan(read_body(PlanSent), shown())
        if number > len(made.passes):
            raise ConditionError(f"The plan has {len(made.passes)} passes, not {number}.")
        of_pass = made.rules(number)
        store = services.view.store()
        store.add_rule_set(SORT, of_pass.name, write_rules(of_pass))
        store.choose_rules(SORT, of_pass.name)
        note(of_pass.name)
        return jsonify(name=of_pass.name)

    @rules.get("/api/rules/lists")
    @describe("The shop's lists of cards", query=ListAsked, answer=ListsTold)
    def lists() -> Response:
        name = read_query(ListAsked).name
        found = services.view.store().card_lists()
        return jsonify(
            lists=[
                {"name": each, "entries": entries}
                for each, entries in found.items()
                if name in ("", each)
            ]
        )

    @rules.post("/api/rules/lists")
    @describe(
        "Keep a list of cards", body=ListSent, answer=Named, role="manager", refusals=(422,),
        max_body_bytes=MAX_LIST_BYTES,
    )  # fmt: skip
    def keep_list() -> Response:
        asked = read_body(ListSent)
        name = " ".join(asked.name.split())
        entries = list(dict.fromkeys(" ".join(entry.split()) for entry in asked.entries))
        long = next((e for e in entries if len(e) > MAX_ENTRY or not e.isprintable()), None)
        if not name or not name.isprintable() or long is not None:
            where = "The name" if long is None else f"“{long[:30]}…”"
            raise ConditionError(f"{where} is no line of plain text of up to {MAX_ENTRY} letters.")
        store = services.view.store()
        known = store.card_lists()
        if name not in known and len(known) >= MAX_LISTS:
            raise ConditionError(f"There are {MAX_LISTS} lists; remove one first.")
        store.set_card_list(name, [entry for entry in entries if entry], removed=asked.removed)
        note(name)
        return jsonify(name=name)

    @rules.errorhandler(UsageError)
    def no_plan(error: UsageError) -> Response:
        return refusal(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(str(error))))


def _plan(asked: PlanSent, view: RulesView) -> Plan:
    counts = view.sets(asked.batch) if asked.batch else {}
    sets = list(dict.fromkeys(" ".join(name.split()) for name in asked.sets)) or list(counts)
    sets = [name for name in sets if name]
    if not sets:
        raise ConditionError("Name the sets, or choose a batch that holds identified cards.")
    if any(len(name) > MAX_ENTRY or not name.isprintable() for name in sets):
        raise ConditionError(f"A set's name has up to {MAX_ENTRY} letters in one line.")
    if asked.goal == "apart":
        return plan_apart(sets, asked.bins, counts)
    return plan_in_order(sets, asked.bins, counts, asked.feeds_from)
