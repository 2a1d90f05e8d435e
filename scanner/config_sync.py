"""The settings of the exchange with the cloud. See `scanner.config`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from scanner.config_machine import Section

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

    def file(self, data_dir: Path) -> Path:
        """Where the pairing is: as set, else in the data folder, else in the system's."""
        if self.pairing_file:
            return data_dir / Path(self.pairing_file).expanduser()
        own = data_dir / NAME
        return own if own.exists() or not (SYSTEM / NAME).exists() else SYSTEM / NAME
