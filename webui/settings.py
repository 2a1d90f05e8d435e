"""The Settings page: what is in force, where it comes from, and changing it. For managers."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, jsonify, render_template
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from scanner.config import Settings
from scanner.config_change import Setting
from scanner.errors import ConfigError
from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.supervisor import is_kept_alive
from webui.describe import describe
from webui.gate import note
from webui.page import Page, Services
from webui.restart import add_restart

_LABELS = {"data_dir": "Data folder", "ms_per_degree": "Milliseconds per degree"}
_TITLES = {
    "": "General",
    "web": "This page",
    "camera": "Camera",
    "feeder": "Feeder",
    "lights": "Lights",
    "sorter": "Sorter",
    "signals": "Lamp, buzzer and buttons",
    "crops": "Pictures of scans",
    "catalog": "Catalog",
    "recognition": "Recognition",
    "decision": "What may pass",
    "prices": "Prices",
    "sync": "Cloud",
}
_UNITS = {"px": "px", "s": "s", "ms": "ms", "deg": "°", "megabytes": "MB", "days": "days"}
_LAYERS = {
    "default": "as delivered",
    "page": "set here",
    "file": "settings file",
    "environment": "environment",
    "command line": "command line",
}

SettingValue = bool | float | int | str | list[Any]


class SettingAnswer(TypedDict):
    """One setting in force. `minimum` and `maximum` are null where there is no bound."""

    name: str
    description: str
    value: SettingValue
    default: SettingValue
    kind: str
    layer: str
    origin: str
    choices: list[str]
    minimum: float | None
    maximum: float | None
    may_change: bool


class SettingsAnswer(TypedDict):
    """Every setting; `waits_for_restart` names those that count from the next start."""

    settings: list[SettingAnswer]
    waits_for_restart: list[str]


class Changes(BaseModel):
    """New values by the settings' names; null takes back what was set on the page."""

    changes: dict[str, SettingValue | None] = Field(min_length=1, max_length=200)


def make(services: Services) -> Blueprint:
    """Return the Settings page's routes."""
    settings = Blueprint("settings", __name__)
    try:
        at_start = {entry.name: entry.value for entry in services.sources.listed()}
    except ConfigError:
        at_start = {}  # the page says what is wrong when it is opened

    def listed() -> list[Setting]:
        try:
            return services.sources.listed()
        except ConfigError as error:
            raise Refused(HTTPStatus.CONFLICT, str(error)) from None

    @settings.get("/settings")
    @describe("The Settings page", role="manager")
    def page() -> str:
        found = listed()
        waits = _waiting(found, at_start)
        return render_template(
            "settings.html",
            sections=_sections(found),
            waits=waits,
            may_restart=is_kept_alive(),
            layers=_LAYERS,
        )

    @settings.get("/api/settings")
    @describe(
        "The settings in force and where each comes from",
        answer=SettingsAnswer,
        role="manager",
        refusals=(409,),
    )
    def twin() -> Response:
        return jsonify(_answer(listed(), at_start))

    @settings.patch("/api/settings")
    @describe(
        "Change settings",
        body=Changes,
        answer=SettingsAnswer,
        role="manager",
        refusals=(409,),
    )
    def change() -> Response:
        changes = read_body(Changes).changes
        try:
            services.sources.change({tuple(name.split(".")): new for name, new in changes.items()})
        except ConfigError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, str(error)) from None
        note(
            ", ".join(
                f"{name} back to the default" if new is None else f"{name} = {new}"
                for name, new in changes.items()
            )
        )
        return jsonify(_answer(listed(), at_start))

    add_restart(settings, services)
    return settings


def label_of(key: str) -> tuple[str, str]:
    """Return the words and the unit of a setting's key: `keep_days` is ("Keep", "days")."""
    if key in _LABELS:
        return _LABELS[key], ""
    words = key.split("_")
    unit = _UNITS.get(words[-1], "") if len(words) > 1 else ""
    kept = words[:-1] if unit else words
    return " ".join(kept).capitalize(), unit


def _sections(found: Sequence[Setting]) -> list[dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {}
    for setting in found:
        key = setting.keys[0] if len(setting.keys) > 1 else ""
        section = sections.setdefault(
            key, {"key": key or "general", "title": _title(key), "about": _about(key), "rows": []}
        )
        label, unit = label_of(setting.keys[-1])
        section["rows"].append({"setting": setting, "label": label, "unit": unit})
    return list(sections.values())


def _title(key: str) -> str:
    return _TITLES.get(key) or key.replace("_", " ").capitalize()


def _about(key: str) -> str:
    annotation = Settings.model_fields[key].annotation if key else None
    return " ".join((annotation.__doc__ or "").split()) if annotation else ""


def _waiting(found: Sequence[Setting], at_start: dict[str, Any]) -> list[str]:
    return [entry.name for entry in found if at_start.get(entry.name) != entry.value]


def _answer(found: Sequence[Setting], at_start: dict[str, Any]) -> SettingsAnswer:
    return {
        "settings": [
            {
                "name": entry.name,
                "description": entry.description,
                "value": entry.value,
                "default": entry.default,
                "kind": entry.kind,
                "layer": entry.layer,
                "origin": entry.origin,
                "choices": list(entry.choices),
                "minimum": entry.minimum,
                "maximum": entry.maximum,
                "may_change": entry.may_change,
            }
            for entry in found
        ],
        "waits_for_restart": _waiting(found, at_start),
    }


PAGE = Page("Settings", "/settings", "settings", make, role="manager")
