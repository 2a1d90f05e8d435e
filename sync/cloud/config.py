"""The cloud's settings: one file, `cloud.toml`, and the environment; secrets also from other files.

A module with settings of its own declares a `Section` and adds one field to `CloudConfig`. Any
setting `name` that is a text may be given as `name_file`, the path of a file that holds it, and
each also as the variable COUNTERSCAN_CLOUD_NAME (COUNTERSCAN_CLOUD_SECTION_NAME), which wins.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from scanner.config_machine import Section
from scanner.config_sources import CLOUD_PREFIX as PREFIX
from scanner.config_sources import line_of, parsed_toml, wish_of
from scanner.errors import ConfigError
from sync.cloud.config_api import (
    FilesSettings,
    HttpSettings,
    MailSettings,
    MosquittoSettings,
    WebhookSettings,
)
from sync.cloud.sources.settings import SourcesSettings
from sync.pairing import Pairing

NAME = "cloud.toml"
SYSTEM = Path("/etc/counterscan")
_DRIVER = "postgresql+psycopg"
_BROKER_KEYS = ("broker", "user", "password", "ca_file", "cert_file", "key_file")


class CloudPairing(Pairing):
    """The cloud's own way to the broker, as `cloud.toml` has it."""

    of_cloud: ClassVar[bool] = True


class CloudConfig(Section):
    """The settings, checked. Relative paths are relative to the file."""

    broker: str = Field("", description="mqtts://HOST[:PORT], or mqtt:// without encryption.")
    user: str = Field("cloud", description="The cloud's own user at the broker.")
    password: str = Field("", repr=False, description="Its password.")
    ca_file: Path | None = Field(None, description="Authority of the broker's certificate.")
    cert_file: Path | None = Field(None, description="The cloud's own certificate.")
    key_file: Path | None = Field(None, description="The key of that certificate.")
    database: str = Field(
        "", repr=False,
        description="postgresql+psycopg://USER:PASSWORD@HOST/NAME; empty: cloud.db, a SQLite file.",
    )  # fmt: skip
    redis: str = Field(
        "", repr=False,
        description="redis://HOST:PORT/0: jobs run in `cloud worker`; empty: in `cloud serve`.",
    )  # fmt: skip
    http: HttpSettings = HttpSettings()
    mosquitto: MosquittoSettings = MosquittoSettings()
    mail: MailSettings = MailSettings()
    webhooks: WebhookSettings = WebhookSettings()
    sources: SourcesSettings = SourcesSettings()
    files: FilesSettings = FilesSettings()

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError(f"must be {_DRIVER}://USER:PASSWORD@HOST/NAME") from None
        if url.drivername in ("postgres", "postgresql"):
            url = url.set(drivername=_DRIVER)
        if url.drivername != _DRIVER or not url.database:
            raise ValueError(
                f"must be {_DRIVER}://USER:PASSWORD@HOST/NAME, or be left out for SQLite"
            )
        return url.render_as_string(hide_password=False)

    @field_validator("redis")
    @classmethod
    def _is_a_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be redis://HOST:PORT/0, rediss:// or unix://")
        return value

    @model_validator(mode="after")
    def _has_a_broker_that_can_be_reached(self) -> Self:
        if self.broker:
            try:
                self.pairing()
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                where = "".join(f"{part}: " for part in first["loc"])
                raise ValueError(where + first["msg"].removeprefix("Value error, ")) from None
        return self

    def pairing(self) -> Pairing:
        """The broker and the credentials there. Raises ConfigError where none is set."""
        if not self.broker:
            raise ConfigError(
                f"The cloud's broker is not set: put broker, user and password into {NAME} in the "
                "data folder (docs/SYNC.md)."
            )
        return CloudPairing.model_validate({key: getattr(self, key) for key in _BROKER_KEYS})


def read_cloud_config(
    data_dir: Path, file: Path | None = None, environment: Mapping[str, str] | None = None
) -> CloudConfig:
    """Read the settings: from `file`, else `cloud.toml` in the data folder, else in /etc.

    None of the files need exist unless it is named: then there is SQLite, and no broker.

    Raises:
        ConfigError: a setting is wrong or unknown, or a file with secrets is open to everybody.
    """
    found = file or next(
        (folder / NAME for folder in (data_dir, SYSTEM) if (folder / NAME).exists()), None
    )
    text = "" if found is None else _read_private(found)
    values = {} if found is None else parsed_toml(found, text)
    _add_environment(values, os.environ if environment is None else environment)
    folder = data_dir if found is None else found.parent
    _read_files(values, CloudConfig, folder)
    try:
        config = CloudConfig.model_validate(values)
    except ValidationError as error:
        raise _explained(error, found, text) from None
    paths = ((name, getattr(config, name)) for name in ("ca_file", "cert_file", "key_file"))
    return config.model_copy(
        update={name: folder / path for name, path in paths if path is not None}
    )


def setting_paths(model: type[BaseModel] = CloudConfig) -> Iterator[tuple[str, ...]]:
    """The path of every setting, such as `("http", "port")`."""
    for name, info in model.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from ((name, *rest) for rest in setting_paths(info.annotation))
        else:
            yield (name,)


def _read_private(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file (docs/SYNC.md).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: it can't be read: {error}.") from None
    if mode & 0o007:
        raise ConfigError(f"{file}: everybody can read the secrets in it: chmod 640 {file}.")
    return text


def _add_environment(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    variables: dict[str, tuple[str, ...]] = {}
    for path in setting_paths():
        for keys in (path, (*path[:-1], f"{path[-1]}_file")):
            variables.setdefault(PREFIX + "_".join(keys).upper(), keys)
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        if name not in variables:
            near = difflib.get_close_matches(name, variables, 1)
            hint = f"; did you mean {near[0]}?" if near else "."
            raise ConfigError(f"environment: there is no variable {name}{hint}")
        table = values
        for key in variables[name][:-1]:
            inner = table.setdefault(key, {})
            if not isinstance(inner, dict):
                raise ConfigError(f"{NAME}: [{key}] is a table of settings, not one value.")
            table = inner
        key = variables[name][-1]
        table.pop(f"{key}_file", None)
        table.pop(key.removesuffix("_file"), None)
        table[key] = environment[name]


def _read_files(values: dict[str, Any], model: type[BaseModel], folder: Path) -> None:
    """Put what `name_file` points at in the place of `name`."""
    for name, info in model.model_fields.items():
        inner, annotation = values.get(name), info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if isinstance(inner, dict):
                _read_files(inner, annotation, folder)
            continue
        named = values.get(f"{name}_file")
        if annotation is not str or f"{name}_file" in model.model_fields or named is None:
            continue
        if name in values:
            raise ConfigError(f"{NAME}: give {name} or {name}_file, not both.")
        path = folder / Path(str(values.pop(f"{name}_file"))).expanduser()
        values[name] = _read_private(path).strip()


def _explained(error: ValidationError, file: Path | None, text: str) -> ConfigError:
    """The first complaint, with the place; never the value, which may be a secret."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    keys = tuple(map(str, first["loc"]))
    line = line_of(text, keys) if keys else None
    where = f"{file or NAME}, line {line}" if line else str(file or NAME)
    name = ".".join(keys)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, [".".join(path) for path in setting_paths()], 1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        return ConfigError(f"{where}: there is no setting {name}{hint}.")
    message = wish_of(first)
    return ConfigError(f"{where}: {name}: {message}." if name else f"{where}: {message}.")
