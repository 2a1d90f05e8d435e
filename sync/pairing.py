"""Who this end is to the broker: a small TOML file that holds its secret.

broker = "mqtts://cloud.example:8883"
user = "counter-1"
password = "…"
ca_file = "cloud-ca.pem"     # only where the system does not trust the broker's certificate
cert_file = "device.pem"     # a client certificate, in place of or beside the password
key_file = "device.key"
trusted_keys = ["…"]         # whose packs and models this device takes from the network
"""

from __future__ import annotations

import difflib
import hmac
import stat
from pathlib import Path
from typing import ClassVar, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scanner.config_sources import line_of, parsed_toml, wish_of
from scanner.errors import ConfigError
from scanner.signing import read_public

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class Pairing(BaseModel):
    """The contents of the file, checked. Relative paths are relative to the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of_cloud: ClassVar[bool] = False
    """Whether this end is the cloud itself, whose credentials lie elsewhere."""

    broker: str
    user: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")
    password: str = Field("", repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    trusted_keys: tuple[str, ...] = ()

    @field_validator("broker")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in _PORTS or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(
                "must be mqtts://HOST[:PORT], or mqtt://HOST[:PORT] without encryption"
            )
        return value

    @field_validator("trusted_keys")
    @classmethod
    def _are_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            read_public(key)
        return value

    @model_validator(mode="after")
    def _has_credentials(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if not self.password and self.cert_file is None:
            raise ValueError("a password or a client certificate is needed")
        return self

    def private(self, name: str) -> str:
        """A name with an ending that nobody can tell who has not this pairing's secret.

        A broker lets everybody who has a password of their own use any client id and any share
        name; who knew ours could end our connections and swallow our messages.
        """
        key = self.password.encode()
        if not key and self.key_file is not None:
            key = self.key_file.read_bytes() if self.key_file.exists() else b""
        return f"{name}-{hmac.digest(key, name.encode(), 'sha256').hex()[:20]}"

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return urlsplit(self.broker).scheme == "mqtts"

    @property
    def host(self) -> str:
        """The broker's host."""
        return urlsplit(self.broker).hostname or ""

    @property
    def port(self) -> int:
        """The broker's port."""
        parts = urlsplit(self.broker)
        return parts.port or _PORTS[parts.scheme]


_NAMES = tuple(Pairing.model_fields)


def read_pairing(file: Path) -> Pairing:
    """Read the file.

    Raises:
        ConfigError: it is missing, wrong, or readable by others; the message says what to do.
    """
    try:
        text = file.read_text(encoding="utf-8")
        mode = stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: this device is not paired with a cloud: counterscan sync enrol URL CODE "
            "pairs it (docs/SYNC.md)."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the pairing can't be read: {error}.") from None
    if mode & 0o007:
        raise ConfigError(f"{file}: everybody can read the password in it: chmod 640 {file}.")
    try:
        pairing = Pairing.model_validate(parsed_toml(file, text))
    except ValidationError as error:
        raise _explained(error, file, text) from None
    found = {name: getattr(pairing, name) for name in ("ca_file", "cert_file", "key_file")}
    return pairing.model_copy(
        update={name: file.parent / path for name, path in found.items() if path is not None}
    )


def _explained(error: ValidationError, file: Path, text: str) -> ConfigError:
    """The first complaint, with file and line; never the value, which may be the password."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    line = line_of(text, (name,)) if name else None
    where = f"{file}, line {line}" if line else str(file)
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, Pairing.model_fields, 1)
        hint = f"; did you mean {near[0]}?" if near else f": there is {', '.join(_NAMES)}."
        return ConfigError(f"{where}: a pairing has no {name}{hint}")
    wish = "may have letters, digits, - and _ only" if name == "user" else wish_of(first)
    return ConfigError(f"{where}: {name}: {wish}." if name else f"{where}: {wish}.")
