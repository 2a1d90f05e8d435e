"""Where settings come from, and where a wrong one stands: file and line, variable, or option."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import ErrorDetails

from scanner.errors import ConfigError

Keys = tuple[str, ...]

PREFIX = "COUNTERSCAN_"
CLOUD_PREFIX = "COUNTERSCAN_CLOUD_"
"""The variables of the cloud's own settings, which are not the device's."""

FILE_VARIABLE = "COUNTERSCAN_CONFIG"
PAGE_FILE = "settings.toml"
"""What a manager sets on the Settings page, in the data folder; it wins over the settings file."""

_WISHES = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": 'a text in quotes: "…"',
    "path_type": 'a text in quotes: "…"',
    "tuple_type": 'a list: ["…"]',
    "model_type": "a table of settings, not one value",
}

_HEADER = re.compile(r"^\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"""^\s*([A-Za-z0-9_."'-]+)\s*=""")


@dataclass
class Gathered:
    """The values from all sources merged, and where each of them comes from."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Keys, str] = field(default_factory=dict)
    file: Path | None = None
    page_file: Path | None = None

    def put(self, keys: Keys, value: object, origin: str) -> None:
        """Set one value; tables are merged key by key, so that a source may give only some."""
        if isinstance(value, Mapping):
            for key, inner in value.items():
                self.put((*keys, str(key)), inner, origin)
            if value:
                return
        table = self.values
        for key in keys[:-1]:
            inner = table.setdefault(key, {})
            if not isinstance(inner, dict):
                inner = table[key] = {}
            table = inner
        table[keys[-1]] = value
        self.origins[keys] = origin

    def origin(self, keys: Keys) -> str:
        """Return where the value at `keys`, or the nearest one above or below it, comes from."""
        for end in range(len(keys), 0, -1):
            if (found := self.origins.get(keys[:end])) is not None:
                return found
        for known, origin in self.origins.items():
            if known[: len(keys)] == keys:
                return origin
        return "default"


def gather(
    path: Path | None,
    overrides: Mapping[str, object],
    known: Collection[Keys],
    default_dir: Path,
    page_text: str | None = None,
) -> Gathered:
    """Merge the file, the page's own file, the environment and `overrides`.

    The page's file lies in the data folder, `default_dir` where nothing names one. `page_text`
    stands in for what the page's file holds.

    Raises:
        ConfigError: one of them can't be read, or sets what it may not.
    """
    gathered = Gathered()
    gathered.file = path if path is not None else _find_file()
    if gathered.file is not None:
        _add_file(gathered, gathered.file)
    gathered.page_file = _data_dir(gathered, overrides, default_dir) / PAGE_FILE
    _add_page_file(gathered, gathered.page_file, page_text)
    _add_environment(gathered, known)
    for name, value in overrides.items():
        if value is not None:
            gathered.put(tuple(name.split("__")), value, "command line")
    return gathered


def line_of(text: str, keys: Keys) -> int | None:
    """Return the line, counted from 1, on which a TOML text sets `keys` or the table around it."""
    best: tuple[int, int] | None = None
    section: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = here = _split(header[1])
        elif assignment := _ASSIGNMENT.match(line):
            here = section + _split(assignment[1])
        else:
            continue
        if keys[: len(here)] == here and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None


def problem_of(error: ErrorDetails, gathered: Gathered, known: Collection[Keys]) -> ConfigError:
    """Turn the first complaint of Pydantic into one sentence with the place and a way out."""
    keys = tuple(str(part) for part in error["loc"])
    where = gathered.origin(keys)
    name = ".".join(keys)
    if error["type"] == "extra_forbidden":
        return ConfigError(f"{where}: there is no setting {name}{_did_you_mean(keys, known)}.")
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if error["type"] == "value_error":
        return ConfigError(f"{where}: {message}.")
    if error["type"] == "model_type":
        return ConfigError(f"{where}: [{name}] is a table of settings, not one value.")
    return ConfigError(f"{where}: {name} is {error['input']!r} but must be {message}.")


def wish_of(error: ErrorDetails) -> str:
    """What a wrong value must be, in words, and never the value: it may be a secret."""
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] in ("value_error", "missing"):
        return message if error["type"] == "value_error" else "it is missing"
    return f"must be {_WISHES.get(error['type']) or message.removeprefix('Input should be ')}"


def _find_file() -> Path | None:
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named)
    home = os.environ.get("XDG_CONFIG_HOME")
    user = (Path(home) if home else Path("~/.config").expanduser()) / "counterscan"
    for folder in (user, Path("/etc/counterscan")):
        if (folder / "counterscan.toml").is_file():
            return folder / "counterscan.toml"
    return None


def _data_dir(gathered: Gathered, overrides: Mapping[str, object], default_dir: Path) -> Path:
    """The data folder, before the page's file in it is read; that one can't move the folder."""
    given = overrides.get("data_dir") or os.environ.get(f"{PREFIX}DATA_DIR")
    if given:
        return Path(str(given)).expanduser()
    written = gathered.values.get("data_dir")
    if isinstance(written, str) and gathered.file is not None:
        return gathered.file.parent / Path(written).expanduser()
    return default_dir


def _add_page_file(gathered: Gathered, file: Path, text: str | None) -> None:
    if text is None:
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return  # there is none, or no data folder, of which the command itself will speak
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"{file}: the page's settings can't be read: remove it.") from None
    table = parsed_toml(file, text)
    if "data_dir" in table:
        raise ConfigError(f"{file}: data_dir can't be set here: this file lies in that folder.")
    _add_table(gathered, file, text, (), table)


def _add_file(gathered: Gathered, file: Path) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such settings file.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(f"{file}: the settings can't be read: {reason}.") from None
    _add_table(gathered, file, text, (), parsed_toml(file, text))


def parsed_toml(file: Path, text: str) -> dict[str, Any]:
    """Read TOML. Raises ConfigError with the file and the line."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"^(.*) \(at (?:line (\d+), column \d+|end of document)\)$", str(error))
        message = found[1] if found else str(error)
        number = (found and found[2]) or str(len(text.splitlines()))
        raise ConfigError(f"{file}, line {number}: this is not TOML: {message}.") from None


def _add_table(
    gathered: Gathered, file: Path, text: str, keys: Keys, table: Mapping[str, object]
) -> None:
    for key, value in table.items():
        here = (*keys, key)
        if isinstance(value, Mapping) and value:
            _add_table(gathered, file, text, here, value)
        else:
            gathered.put(here, value, f"{file}, line {line_of(text, here) or 1}")


def _add_environment(gathered: Gathered, known: Collection[Keys]) -> None:
    variables = {PREFIX + "_".join(keys).upper(): keys for keys in known}
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or name == FILE_VARIABLE:
            continue
        if name.startswith(CLOUD_PREFIX):
            continue
        if name not in variables:
            near = difflib.get_close_matches(name, variables, 1)
            hint = f"; did you mean {near[0]}?" if near else ", see docs/CONFIG.md."
            raise ConfigError(f"environment: there is no variable {name}{hint}")
        gathered.put(variables[name], os.environ[name], f"environment {name}")


def _did_you_mean(keys: Keys, known: Collection[Keys]) -> str:
    names = {".".join(path) for path in known} | {path[0] for path in known}
    near = difflib.get_close_matches(".".join(keys), names, 1)
    return f" (did you mean {near[0]}?)" if near else " (docs/CONFIG.md lists them all)"


def _split(dotted: str) -> Keys:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
