"""Alert rules: those for all scanners read, made, changed and removed; the devices' own read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify
from pydantic import Field
from sqlalchemy import Connection, select
from typing_extensions import TypedDict

from scanner.alerts import AlertRule, read_alert, write_alert
from scanner.errors import ConditionError
from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.shared_rules import LAST_VERSION, MOST_SHARED_RULES, SharedRule, changed, made
from scanner.tables import utc_now
from sync.cloud.api.asked import Asked
from sync.cloud.api.describe import describe
from sync.cloud.api.gate import visitor
from sync.cloud.rule_store import every_rule, keep_rules
from sync.cloud.store import CloudStore
from sync.cloud.tables import hold
from sync.cloud.tables_alerts import ALERT_RULES


class NewRule(Asked):
    """A rule for all scanners."""

    rule: dict[str, Any]


class NewRuleDescribed(NewRule):
    """A rule for all scanners, in full."""

    rule: AlertRule  # type: ignore[assignment]


class ChangedRule(NewRule):
    """What a rule says from now on."""

    version: int = Field(0, ge=0, le=LAST_VERSION)


class ChangedRuleDescribed(NewRuleDescribed):
    """What a rule says from now on. `version`, unless 0, is the one that this is made on."""

    version: int = Field(0, ge=0, le=LAST_VERSION)


class RuleShown(TypedDict):
    """A rule, in plain English and as it is kept; `problem` says why it can't be read."""

    name: str
    words: str
    on: bool
    problem: str
    rule: dict[str, Any]


class SharedRuleShown(RuleShown):
    """A rule for all scanners. `device` is where it was changed last, "" in the cloud."""

    key: str
    version: int
    changed_at: datetime
    changed_by: str
    device: str


class OwnRules(TypedDict):
    """The rules that hold on one device only; they are changed on its page."""

    device: str
    rules: list[RuleShown]


class RuleList(TypedDict):
    """Every alert rule: those for all scanners, and what each device has beside them."""

    rules: list[SharedRuleShown]
    devices: list[OwnRules]


def make(store: CloudStore) -> Blueprint:
    """Return the routes."""
    door = Blueprint("rules", __name__)

    @door.get("/api/v1/rules")
    @describe("The alert rules for all scanners, and those of each device", answer=RuleList)
    def listed() -> Response:
        with store.log.read() as session:
            connection = session.connection()
            every = every_rule(connection).values()
            own = connection.execute(
                select(ALERT_RULES.c.device, ALERT_RULES.c.rules).order_by(ALERT_RULES.c.device)
            ).all()
        held = [_shared(rule, rule.content) for rule in every if rule.content is not None]
        return jsonify(
            rules=sorted(held, key=lambda shown: shown["name"].casefold()),
            devices=[
                {"device": row.device, "rules": [_shown(content) for content in row.rules]}
                for row in own
            ],
        )

    @door.post("/api/v1/rules")
    @describe("Make an alert rule for all scanners", body=NewRuleDescribed,
              answer=SharedRuleShown, status=201, role="manager", refusals=(409,))  # fmt: skip
    def add() -> tuple[Response, int]:
        rule = _read(read_body(NewRule).rule)
        with store.log.write() as session:
            held = _held(session.connection(), rule.name)
            if len(held) >= MOST_SHARED_RULES:
                raise Refused(
                    HTTPStatus.CONFLICT, f"There are {MOST_SHARED_RULES} rules; remove one first."
                )
            new = _made(rule)
            keep_rules(session.connection(), [new])
        return jsonify(_shared(new, new.content or {})), HTTPStatus.CREATED

    @door.put("/api/v1/rules/<key>")
    @describe("Change an alert rule for all scanners", body=ChangedRuleDescribed,
              answer=SharedRuleShown, role="manager", refusals=(404, 409))  # fmt: skip
    def change(key: str) -> Response:
        asked = read_body(ChangedRule)
        rule = _read(asked.rule)
        with store.log.write() as session:
            before = _one(_held(session.connection(), rule.name, key), key)
            if asked.version not in (0, before.version):
                raise Refused(
                    HTTPStatus.CONFLICT,
                    f"Somebody has changed this rule meanwhile: it has version {before.version}.",
                )
            now = _changed(before, rule)
            keep_rules(session.connection(), [now])
        return jsonify(_shared(now, now.content or {}))

    @door.delete("/api/v1/rules/<key>")
    @describe("Remove an alert rule from all scanners, for good", status=204, role="manager",
              refusals=(404,))  # fmt: skip
    def remove(key: str) -> Response:
        with store.log.write() as session:
            before = _one(_held(session.connection(), "", key), key)
            keep_rules(session.connection(), [_changed(before, None)])
        return Response(status=HTTPStatus.NO_CONTENT)

    return door


def _held(connection: Connection, name: str, key: str = "") -> dict[str, SharedRule]:
    """The rules that hold, while nobody else writes any; refused where the name is another's."""
    hold(connection, "shared rules")
    held = {each.key: each for each in every_rule(connection).values() if not each.is_removed}
    if any(each.key != key and (each.content or {}).get("name") == name for each in held.values()):
        raise Refused(HTTPStatus.CONFLICT, f"There is a rule called {name!r} already.")
    return held


def _one(held: Mapping[str, SharedRule], key: str) -> SharedRule:
    if key not in held:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such rule for all scanners.")
    return held[key]


def _read(value: dict[str, Any]) -> AlertRule:
    try:
        return read_alert(value)
    except (ConditionError, RecursionError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None


def _made(rule: AlertRule) -> SharedRule:
    try:
        return made(rule, visitor().name, utc_now())
    except ConditionError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None


def _changed(before: SharedRule, rule: AlertRule | None) -> SharedRule:
    try:
        return changed(before, rule, visitor().name, utc_now())
    except ConditionError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None


def _shown(content: Mapping[str, Any]) -> RuleShown:
    try:
        rule = read_alert(content)
    except ConditionError as error:
        name = str(content.get("name", ""))
        return {
            "name": name, "words": "", "on": False, "problem": str(error), "rule": dict(content)
        }  # fmt: skip
    return {
        "name": rule.name, "words": rule.words, "on": rule.on, "problem": "",
        "rule": write_alert(rule),
    }  # fmt: skip


def _shared(rule: SharedRule, content: Mapping[str, Any]) -> SharedRuleShown:
    return {
        **_shown(content), "key": rule.key, "version": rule.version,
        "changed_at": rule.changed_at, "changed_by": rule.by, "device": rule.device,
    }  # fmt: skip
