"""The Alerts page: what a price or a scanned card has set off, acknowledged once; and the rules."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from scanner.alerts import AlertRule, HeldRule, read_alert, write_alert
from scanner.errors import ConditionError, CounterscanError, RuleChangedError
from scanner.http.answers import Refused
from scanner.http.describe import read_body, read_query
from scanner.shop_alerts import (
    alert_named,
    alert_of_all,
    kept_rule,
    must_be,
    remove_alert,
    save_alert,
)
from scanner.store_alerts import ALERT
from webui.alert_changes import changed_since
from webui.card_alerts_answers import (
    AlertInWords,
    AlertRuleDescribed,
    AlertRuleSent,
    AlertsAsked,
    AlertShown,
    AlertsTwin,
    ClosedTold,
    CloseSent,
    RuleToRemove,
)
from webui.card_alerts_view import AlertsView, editor_words
from webui.describe import describe
from webui.gate import note, visitor
from webui.inventory_view import StockDesk
from webui.page import Page, Services
from webui.rules_answers import Named
from webui.security import refusal
from webui.words import sentence

MAX_RULE_BYTES = 128 * 1024
_GONE = "This alert is there no more: somebody has removed or renamed it. Look under Alerts."
_NEW: dict[str, Any] = {"name": "New alert", "cause": "above", "amount": "20.00 EUR"}


def make(services: Services) -> Blueprint:
    """Return the Alerts page's routes."""
    alerts = Blueprint("alerts", __name__)
    desk = StockDesk(services)

    def shown() -> AlertsView:
        return AlertsView(services.view.store(), desk.stock(), services.references)

    @alerts.get("/alerts")
    def page() -> str:
        told, problem = None, ""
        # Taken before the rules are read: what comes in between is shown twice rather than never.
        start = {"newest": services.view.newest_scan_id(), "kept": services.view.rules_mark()}
        try:
            told = _twin(shown())
        except CounterscanError as error:
            problem = sentence(str(error))
        return render_template("alerts.html", told=told, problem=problem, start=start)

    @alerts.get("/alerts/edit")
    def editor() -> str:
        store, name = services.view.store(), request.args.get("name", "")[:60]
        currency = services.currency()
        key = request.args.get("key", "")[:32]
        newest, version = services.view.newest_scan_id(), kept_rule(store, name, key).version
        if (key or name) and not version:
            raise Refused(HTTPStatus.GONE, _GONE)
        if key:
            rule = alert_of_all(store, key)
        elif name:
            rule = alert_named(store, name)
        else:
            rule = read_alert({**_NEW, "amount": f"20 {currency}"} | _card_asked())
        lists = [{"name": each} for each in store.card_lists()]
        start = {"rule": write_alert(rule), "was_called": name, "key": key, "version": version,
                 "newest": newest, "currency": currency, "lists": lists,
                 "is_paired": shown().is_paired(), **editor_words()}  # fmt: skip
        return render_template("alert_edit.html", start=start, name=name or key)

    @alerts.get("/api/alerts")
    @describe(
        "Open alerts with where the cards lie, past ones, and the rules", query=AlertsAsked,
        answer=AlertsTwin, follows_log=True,
    )  # fmt: skip
    def twin() -> Response:
        told = _twin(shown())
        if read_query(AlertsAsked).html:
            told["html"] = _html(told["open"])
        return jsonify(told)

    @alerts.post("/api/alerts/close")
    @describe("Acknowledge alerts, for every device of the shop", body=CloseSent, answer=ClosedTold)
    def close() -> Response:
        keys = read_body(CloseSent).keys
        closed = services.view.store().close_alerts(keys, visitor().name)
        note(f"{closed} alerts")
        return jsonify(closed=closed)

    @alerts.post("/api/alerts/rules")
    @describe(
        "Keep an alert rule", body=AlertRuleDescribed, answer=Named, role="manager", status=201,
        refusals=(409, 422), max_body_bytes=MAX_RULE_BYTES,
    )  # fmt: skip
    def keep() -> tuple[Response, int]:
        asked = read_body(AlertRuleSent)
        rule, store = _read(asked.rule), services.view.store()
        must_be(store, asked.was_called, asked.key, asked.based_on)
        was = None
        if asked.key:
            was = HeldRule(alert_of_all(store, asked.key), asked.key)
        elif asked.was_called and store.rule_set(ALERT, asked.was_called) is not None:
            was = HeldRule(alert_named(store, asked.was_called))
        save_alert(
            store, rule, was=was, for_all=asked.for_all, by=visitor().name, based_on=asked.based_on
        )
        note(f"{rule.name}, for all scanners" if asked.for_all else rule.name)
        return jsonify(name=rule.name), HTTPStatus.CREATED

    @alerts.post("/api/alerts/rules/words")
    @describe(
        "An alert rule in plain English, nothing is kept", body=AlertRuleDescribed,
        answer=AlertInWords, refusals=(422,), is_noted=False, max_body_bytes=MAX_RULE_BYTES,
    )  # fmt: skip
    def words() -> Response:
        asked = read_body(AlertRuleSent)
        rule = _read(asked.rule)
        changed = None
        if asked.based_on:
            kept = kept_rule(services.view.store(), asked.was_called, asked.key)
            changed = changed_since(kept, rule, asked.for_all, asked.based_on)
        return jsonify(name=rule.name, words=rule.words, changed=changed)

    @alerts.post("/api/alerts/rules/remove")
    @describe(
        "Take an alert rule away", body=RuleToRemove, answer=Named, role="manager",
        refusals=(409, 422),
    )  # fmt: skip
    def remove() -> Response:
        asked, store = read_body(RuleToRemove), services.view.store()
        name = alert_of_all(store, asked.key).name if asked.key else asked.name
        remove_alert(store, name, asked.key, visitor().name, asked.based_on)
        note(f"{name}, for all scanners" if asked.key else name)
        return jsonify(name=name)

    @alerts.errorhandler(RuleChangedError)
    def changed_meanwhile(error: RuleChangedError) -> Response:
        return refusal(Refused(HTTPStatus.CONFLICT, str(error)))

    @alerts.errorhandler(ConditionError)
    def wrong_rule(error: ConditionError) -> Response:
        return refusal(Refused(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(str(error))))

    @alerts.errorhandler(CounterscanError)
    def unreadable(error: CounterscanError) -> Response:
        return refusal(Refused(HTTPStatus.SERVICE_UNAVAILABLE, sentence(str(error))))

    return alerts


def _twin(view: AlertsView) -> AlertsTwin:
    return {
        "count": view.count(),
        "open": view.open(),
        "past": view.past(),
        "rules": view.rules(),
        "rules_problem": view.rules_problem(),
    }


def _html(alerts: list[AlertShown]) -> str:
    return render_template("_alert_rows.html", alerts=alerts)


def _card_asked() -> dict[str, Any]:
    """A rule about the one printing that somebody came from."""
    name, number = (request.args.get(key, "")[:100].strip() for key in ("card", "number"))
    parts = [{"field": "name", "op": "is", "value": name}] if name else []
    if name and number:
        parts.append({"field": "number", "op": "is", "value": number})
    return {"name": f"Price of {name}"[:60], "cards": {"all": parts}} if parts else {}


def _read(value: Any) -> AlertRule:
    try:
        return read_alert(value)
    except RecursionError:
        raise Refused(HTTPStatus.BAD_REQUEST, "This is nested too deeply.") from None


PAGE = Page("Alerts", "/alerts", "alerts", make)
