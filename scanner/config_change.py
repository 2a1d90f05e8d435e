"""Every setting with where it comes from, and the changes that a manager makes on the page.

The page writes its own file in the data folder and leaves the person's `counterscan.toml` alone. A
change is tried with all sources together before it is written, in one piece: a wrong value, or a
power cut, leaves what was there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from scanner.catalog.disk import write_atomic
from scanner.config import Settings, as_toml, checked, gathered_settings, setting_paths, value_at
from scanner.config_sources import Gathered, Keys
from scanner.errors import ConfigError
from scanner.store_faults import explained

Layer = Literal["default", "file", "page", "environment", "command line"]
Kind = Literal["text", "number", "yes or no", "choice", "list"]

FIXED = {("data_dir",)}
"""What can't be set on the page: its own file lies there."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is in force. `origin` names file and line, variable or option."""

    keys: Keys
    description: str
    value: Any
    default: Any
    kind: Kind
    layer: Layer
    origin: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None

    @property
    def name(self) -> str:
        """The setting's name as it stands in the documentation, such as `web.port`."""
        return ".".join(self.keys)

    @property
    def may_change(self) -> bool:
        """Whether the page can change it: what was given at the start wins over the page."""
        return self.keys not in FIXED and self.layer not in ("environment", "command line")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a process's settings come from: the file it was told, and its command line."""

    path: Path | None = None
    overrides: Mapping[str, object] = field(default_factory=dict)

    def load(self) -> Settings:
        """Return the settings that a process started now would have."""
        return checked(gathered_settings(self.path, self.overrides))

    def listed(self) -> list[Setting]:
        """Return every setting, those without a section first.

        Raises:
            ConfigError: a source holds a wrong setting; the message says which and where.
        """
        gathered = gathered_settings(self.path, self.overrides)
        settings, default = checked(gathered), Settings()
        fields = _field_schemas()
        return [
            _setting(keys, description, settings, default, gathered, fields[keys])
            for keys, description in sorted(
                setting_paths().items(), key=lambda item: len(item[0]) > 1
            )
        ]

    def change(self, changes: Mapping[Keys, object]) -> None:
        """Write changes to the page's file; a None takes the page's word back.

        Raises:
            ConfigError: a value does not fit, or the setting can't be changed here.
            StoreError: the file can't be written.
        """
        known = {setting.keys: setting for setting in self.listed()}
        gathered = gathered_settings(self.path, self.overrides)
        file = gathered.page_file
        assert file is not None
        table = _flat(tomllib.loads(file.read_text("utf-8"))) if file.exists() else {}
        for keys, value in changes.items():
            name = ".".join(keys)
            if keys not in known:
                raise ConfigError(f"There is no setting {name}.")
            if not known[keys].may_change:
                raise ConfigError(
                    f"{name} can't be changed here: it is set by {known[keys].origin}."
                )
            table.pop(keys, None)
            if value is not None:
                table[keys] = value
        try:
            new = checked(gathered_settings(self.path, self.overrides, _written(table)))
        except ConfigError as error:
            # Where it would stand in a file that is not written helps nobody.
            sentence = str(error).partition(": ")[2] if str(file) in str(error) else str(error)
            raise ConfigError(sentence) from None
        # As it was understood: 8081 rather than "8081", a list rather than words with commas.
        table |= {keys: value_at(new, keys) for keys in changes if keys in table}
        text = _written(table)
        with explained(file.parent):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, text.encode())


def _setting(
    keys: Keys,
    description: str,
    settings: Settings,
    default: Settings,
    gathered: Gathered,
    schema: Mapping[str, Any],
) -> Setting:
    value = value_at(settings, keys)
    kinds: dict[str, Kind] = {"boolean": "yes or no", "array": "list"}
    kinds |= {"integer": "number", "number": "number"}
    kind: Kind = "choice" if "enum" in schema else kinds.get(schema.get("type", ""), "text")
    origin = gathered.origin(keys)
    return Setting(
        keys,
        description,
        _plain(value),
        _plain(value_at(default, keys)),
        kind,
        _layer(origin, gathered),
        origin,
        tuple(map(str, schema.get("enum", ()))),
        schema.get("minimum", schema.get("exclusiveMinimum")),
        schema.get("maximum", schema.get("exclusiveMaximum")),
    )


def _layer(origin: str, gathered: Gathered) -> Layer:
    if origin in ("default", "command line"):
        return "default" if origin == "default" else "command line"
    if origin.startswith("environment "):
        return "environment"
    return "page" if origin.startswith(f"{gathered.page_file}, line") else "file"


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _field_schemas() -> dict[Keys, Mapping[str, Any]]:
    whole = Settings.model_json_schema()
    found: dict[Keys, Mapping[str, Any]] = {}
    for name, schema in whole["properties"].items():
        section = whole["$defs"].get(schema.get("$ref", "").rpartition("/")[2])
        if section is None:
            found[(name,)] = schema
        else:
            found |= {(name, key): inner for key, inner in section["properties"].items()}
    return found


def _flat(table: Mapping[str, Any], above: Keys = ()) -> dict[Keys, object]:
    found: dict[Keys, object] = {}
    for key, value in table.items():
        here = (*above, key)
        found |= _flat(value, here) if isinstance(value, dict) else {here: value}
    return found


def _written(table: Mapping[Keys, object]) -> str:
    lines = ["# Written by the Settings page. It wins over counterscan.toml."]
    section: Keys = ()
    for keys in sorted(table, key=lambda keys: (len(keys) > 1, keys)):
        if keys[:-1] != section:
            section = keys[:-1]
            lines += ["", f"[{'.'.join(section)}]"]
        value = table[keys]
        lines.append(f"{keys[-1]} = {as_toml(tuple(value) if isinstance(value, list) else value)}")
    return "\n".join(lines) + "\n"
