"""The cloud's settings for its API and for telling people: see `sync.cloud.config`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from scanner.config_machine import Section
from scanner.signing import read_public
from sync.protocol_fleet import MOST_RELEASE_BYTES


class HttpSettings(Section):
    """Where the cloud's API is served. TLS is a reverse proxy's work: docs/CLOUD-API.md."""

    serve: bool = Field(
        False, description="Whether `cloud serve` serves the API too; `cloud api` always does."
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8090, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    behind: str = Field(
        "", description="Address of a reverse proxy whose X-Forwarded-For is believed; empty: none."
    )
    token_keys: str = Field(
        "",
        description="File of the keys that sign people's tokens, shared by all API processes; "
        "empty: token_keys in the data folder.",
    )
    metrics_open: bool = Field(
        False, description="Whether /metrics needs no key; keep it from the outside then."
    )
    currency: str = Field(
        "EUR", pattern="^[A-Z]{3}$", description="Currency where a request names none."
    )
    cost_per_1000: float = Field(
        0.0, ge=0, le=1_000_000,
        description="What a thousand requests to this API cost the shop, in `cost_currency`.",
    )  # fmt: skip
    cost_per_mb: float = Field(
        0.0, ge=0, le=1_000_000, description="And what a million bytes of its answers cost."
    )
    cost_currency: str = Field(
        "EUR", pattern="^[A-Z]{3}$", description="The currency of these costs."
    )
    rate_days: int = Field(
        7, ge=1, le=3650,
        description="Days after which a currency's rate is too old to convert by.",
    )  # fmt: skip

    def cost_micro(self, requests: int, sent_bytes: int) -> int:
        """What so much cost, in millionths of `cost_currency`."""
        return round(1000 * requests * self.cost_per_1000 + sent_bytes * self.cost_per_mb)


class FilesSettings(Section):
    """Packs and models for the devices. The API serves the files below /files."""

    url: str = Field(
        "", pattern="^(https?://.+)?$",
        description="Address that devices reach them under: https://cloud.example/files.",
    )  # fmt: skip
    keys: tuple[str, ...] = Field(
        (),
        description="Public keys that devices are told to trust when a code lets them in, and "
        "that what is published over the API must be signed with.",
    )
    upload_mb: int = Field(
        2048, ge=0, le=MOST_RELEASE_BYTES // 10**6,
        description="Largest pack or set of models that the API takes, in MB; 0: none.",
    )  # fmt: skip

    @field_validator("keys", mode="before")
    @classmethod
    def _commas_separate(cls, value: object) -> object:
        """Let the environment, which has no lists, name several."""
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("keys")
    @classmethod
    def _are_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            read_public(key)
        return value


class MosquittoSettings(Section):
    """The broker's files, where this machine keeps them: for devices that are let in by a code."""

    address: str = Field(
        "", description="The broker as devices reach it; empty: as the cloud does."
    )
    password_file: str = Field("", description="Mosquitto's password file; empty: kept by hand.")
    acl_file: str = Field("", description="Mosquitto's access list; empty: kept by hand.")
    pid_file: str = Field("", description="Mosquitto's pid_file: it gets SIGHUP after a change.")
    reload: str = Field(
        "", description="Command in place of that, such as `systemctl reload mosquitto`."
    )


class MailSettings(Section):
    """The mail server that alerts are sent through."""

    host: str = Field("", description="Its name; empty: no mail is sent.")
    port: int = Field(587, ge=1, le=65535, description="Its port: 587, 465 or 25.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls (port 465) or none (a server on this machine)."
    )
    user: str = Field("", description="User there; empty: without signing in.")
    password: str = Field("", repr=False, description="Password of that user.")
    sender: str = Field("", description="Address that mail is sent from.")


class WebhookSettings(Section):
    """Webhooks: alerts sent to addresses that a manager names."""

    private_addresses: bool = Field(
        False,
        description="Whether webhooks may go to addresses of the own network, and without TLS.",
    )
    secret_key: str = Field(
        "",
        description="File of the key that webhooks' secrets are made of; empty: webhook_key in the "
        "data folder.",
    )
