"""The settings: frozen, with defaults, from a TOML file, the environment and the command line.

What comes later wins: default, file, Settings page, environment, command line. A key that nobody
knows is an error that names the file and the line. docs/CONFIG.md describes every setting.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from scanner.config_machine import (
    FeederSettings,
    LightSettings,
    Section,
    SignalSettings,
    SorterSettings,
    pins_used_twice,
)
from scanner.config_sources import Gathered, gather, problem_of
from scanner.config_sync import SyncSettings
from scanner.price_sources import USUAL_SOURCES, SourceOrder


def default_data_dir() -> Path:
    """Return `$XDG_DATA_HOME/counterscan`, by default `~/.local/share/counterscan`."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path("~/.local/share").expanduser()) / "counterscan"


def _commas_separate(value: object) -> object:
    """Let the environment, which has no lists, write `demo,harbour`."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_commas_separate)]


class WebSettings(Section):
    """Where the page is served."""

    host: str = Field("0.0.0.0", min_length=1, description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    login: bool = Field(
        True, description="Whether people sign in; false lets the whole network do everything."
    )


class CameraSettings(Section):
    """Which camera looks at the card."""

    driver: Literal["simulated", "picamera2", "usb", "replay"] = Field(
        "simulated", description="Where frames come from: simulated, picamera2, usb or replay."
    )
    width_px: int = Field(1536, ge=320, le=8192, description="Width of a frame, in pixels.")
    height_px: int = Field(864, ge=240, le=8192, description="Height of a frame, in pixels.")
    path: str = Field("", description="Folder or video that the replay driver shows.")
    device: int = Field(0, ge=0, description="Number of the USB camera: N in /dev/videoN.")

    @model_validator(mode="after")
    def _replay_needs_a_path(self) -> Self:
        if self.driver == "replay" and not self.path:
            raise ValueError("the replay driver needs camera.path, a folder or a video")
        return self


class CropSettings(Section):
    """How long the pictures of scanned cards stay on the disk. The log's rows always stay."""

    keep_days: int = Field(30, ge=1, description="Days after which a crop is removed.")
    keep_megabytes: int = Field(
        2000, ge=1, description="Space for all crops, in megabytes; the oldest go first."
    )
    jpeg_quality: int = Field(85, ge=30, le=100, description="JPEG quality of a crop.")


class CatalogSettings(Section):
    """Which reference packs are searched."""

    packs: Names = Field(
        (), description="Names of the packs in use; empty means every game's current pack."
    )


class PriceSettings(Section):
    """Whose prices count."""

    sources: Names = Field(
        USUAL_SOURCES, description="Price sources in the shop's order: the first that knows a "
        "printing's finish counts. Others come last; asking prices (ebay) only where named.",
    )  # fmt: skip

    @property
    def order(self) -> SourceOrder:
        """The order as prices are chosen by it."""
        return SourceOrder(self.sources)


class UploadSettings(Section):
    """Pictures that come in without a camera."""

    folder: str = Field(
        "", description="Folder that is watched for pictures, such as a scanner's; empty: none. "
        "A relative one lies in the data folder.",
    )  # fmt: skip


class RecognitionSettings(Section):
    """How the recognition runs."""

    threads: int = Field(1, ge=1, le=16, description="Threads that the embedder may use.")


class DecisionSettings(Section):
    """What may pass without a person."""

    error_rate: float = Field(
        0.001, ge=0.00001, le=0.05,
        description="Share of wrong names allowed among the accepted cards: 0.001 is 1 in 1,000.",
    )  # fmt: skip
    price_gap: int = Field(
        500, ge=0,
        description="A card goes to review when the prices of what it may be differ by more "
        "than this, in cents of the currency; 0: never.",
    )  # fmt: skip
    currency: str = Field(
        "EUR", pattern="^[A-Z]{3}$", description="Currency of price_gap: EUR, USD, GBP and so on."
    )


class Settings(Section):
    """Everything that a person may set. Frozen: a change needs a restart of the process."""

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the log, the crops and the packs.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least message shown: debug, info, warning or error."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Log lines for people (text), or one JSON object a line (json)."
    )
    web: WebSettings = WebSettings()
    camera: CameraSettings = CameraSettings()
    feeder: FeederSettings = FeederSettings()
    lights: LightSettings = LightSettings()
    sorter: SorterSettings = SorterSettings()
    signals: SignalSettings = SignalSettings()
    crops: CropSettings = CropSettings()
    catalog: CatalogSettings = CatalogSettings()
    uploads: UploadSettings = UploadSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    decision: DecisionSettings = DecisionSettings()
    prices: PriceSettings = PriceSettings()
    sync: SyncSettings = SyncSettings()

    @model_validator(mode="after")
    def _every_part_has_its_own_pins(self) -> Self:
        twice = pins_used_twice(self.feeder, self.lights, self.sorter, self.signals)
        if twice:
            raise ValueError(f"{twice}; give one of them another number")
        return self


def setting_paths() -> dict[tuple[str, ...], str]:
    """Return the path of every setting, such as `("web", "port")`, with its description."""
    found: dict[tuple[str, ...], str] = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            for key, inner in field.annotation.model_fields.items():
                found[(name, key)] = inner.description or ""
        else:
            found[(name,)] = field.description or ""
    return found


def load_settings(path: Path | None = None, **overrides: Any) -> Settings:
    """Return the settings in force.

    `path` names the TOML file; without it `$COUNTERSCAN_CONFIG`, the user's and the system's file
    are looked for, and none of them need exist. `overrides` win over everything; a nested key is
    written `web__port=8080`, and None means "not given".

    Raises `ConfigError` on an unknown key or a wrong value, with where it stands.
    """
    return checked(gathered_settings(path, overrides))


def explain_settings(path: Path | None = None, **overrides: Any) -> str:
    """Return the settings in force as TOML, each with a comment that says where it comes from."""
    gathered = gathered_settings(path, overrides)
    settings = checked(gathered)
    lines: list[str] = []
    section = ""
    for keys in sorted(setting_paths(), key=len):
        if len(keys) == 2 and keys[0] != section:
            section = keys[0]
            lines += ["", f"[{section}]"]
        lines.append(f"{keys[-1]} = {as_toml(value_at(settings, keys))}  # {gathered.origin(keys)}")
    return "\n".join(lines)


def value_at(settings: Settings, keys: tuple[str, ...]) -> object:
    """Return one setting's value by its path."""
    value: object = settings
    for key in keys:
        value = getattr(value, key)
    return value


def gathered_settings(
    path: Path | None, overrides: Mapping[str, object], page_text: str | None = None
) -> Gathered:
    """Return the values of all sources and where each comes from, as `load_settings` reads them.

    `page_text` stands in for what the Settings page's file holds.
    """
    return gather(path, overrides, setting_paths(), default_data_dir(), page_text)


def checked(gathered: Gathered) -> Settings:
    """Return the settings that the sources make; raise `ConfigError` on a wrong one."""
    try:
        settings = Settings.model_validate(gathered.values)
    except ValidationError as error:
        raise problem_of(error.errors()[0], gathered, setting_paths()) from None
    folder = settings.data_dir.expanduser()
    if gathered.file is not None and gathered.origin(("data_dir",)).startswith(str(gathered.file)):
        folder = gathered.file.parent / folder
    return settings.model_copy(update={"data_dir": folder.absolute()})


def as_toml(value: object) -> str:
    """Return one value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    # JSON's escapes are TOML's; it alone forbids the delete character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
