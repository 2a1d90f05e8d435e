"""The settings of the exchange with the cloud. See `scanner.config`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from scanner.config_machine import Section

RemoteKind = Literal["start", "pause", "update", "send_logs"]

NAME = "sync.toml"
SYSTEM = Path("/etc/counterscan")


class SyncSettings(Section):
    """The exchange with a cloud. Address and password are in a file of their own."""

    pairing_file: str = Field(
        "",
        description="File that pairs this device with a cloud; empty: sync.toml in the data "
        "folder, else /etc/counterscan/sync.toml.",
    )
    home_assistant: bool = Field(
        False, description="Whether a Home Assistant on the same broker is told of this device."
    )

    channel: str = Field(
        "stable", pattern=r"^[A-Za-z0-9_-]{1,40}$",
        description="Which packs and models of the cloud this device follows.",
    )  # fmt: skip
    auto_update: bool = Field(
        True, description="Whether they are fetched and used by themselves; false waits for a "
        "manager on the page Health, or for the cloud's command.",
    )  # fmt: skip
    allow_remote: tuple[RemoteKind, ...] = Field(
        (), description="What the cloud may ask of this device: start, pause, update, send_logs."
    )

    @field_validator("allow_remote", mode="before")
    @classmethod
    def _commas_separate(cls, value: object) -> object:
        """Let the environment, which has no lists, write `pause,update`."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    def file(self, data_dir: Path) -> Path:
        """Where the pairing is: as set, else in the data folder, else in the system's."""
        if self.pairing_file:
            return data_dir / Path(self.pairing_file).expanduser()
        own = data_dir / NAME
        return own if own.exists() or not (SYSTEM / NAME).exists() else SYSTEM / NAME
