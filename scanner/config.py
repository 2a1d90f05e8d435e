"""The settings: frozen, with defaults, from a TOML file, the environment and the command line.

What comes later wins: default, file, environment, command line. A key that nobody knows is an
error that names the file and the line. docs/CONFIG.md describes every setting.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scanner.config_sources import Gathered, gather, problem_of


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def default_data_dir() -> Path:
    """Return `$XDG_DATA_HOME/counterscan`, by default `~/.local/share/counterscan`."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path("~/.local/share").expanduser()) / "counterscan"


class WebSettings(_Section):
    """Where the page is served."""

    host: str = Field("0.0.0.0", min_length=1, description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")


class CameraSettings(_Section):
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


class FeederSettings(_Section):
    """How cards come under the camera. Pins are BCM numbers."""

    driver: Literal["simulated", "gpio", "handsfree"] = Field(
        "simulated", description="What moves the cards: simulated, gpio or handsfree (a hand)."
    )
    motor_pin: int = Field(17, ge=0, le=53, description="Pin of the motor that picks a card.")
    eject_motor_pin: int = Field(23, ge=0, le=53, description="Pin of the motor that ejects it.")
    entry_sensor_pin: int = Field(27, ge=0, le=53, description="Pin of the entry light barrier.")
    seat_sensor_pin: int = Field(
        24, ge=0, le=53, description="Pin of the light barrier under the camera."
    )
    exit_sensor_pin: int = Field(22, ge=0, le=53, description="Pin of the exit light barrier.")
    door_pin: int = Field(-1, ge=-1, le=53, description="Pin of the cover's switch; -1: none.")
    emergency_pin: int = Field(-1, ge=-1, le=53, description="Pin of the emergency stop; -1: none.")
    jam_timeout_s: float = Field(
        4.0, gt=0, le=60, description="A card that travels longer than this is jammed, in seconds."
    )
    settle_s: float = Field(
        0.15, ge=0, le=10, description="Rest after a card is seated before its picture, in seconds."
    )

    @model_validator(mode="after")
    def _one_pin_each(self) -> Self:
        pins = [value for name, value in self if name.endswith("_pin") and value >= 0]
        if len(set(pins)) < len(pins):
            raise ValueError("every pin of the feeder must have its own number")
        return self


class LightSettings(_Section):
    """Two lamps, left and right of the card. With both pins set, each card is seen under both."""

    left_pin: int = Field(-1, ge=-1, le=53, description="Pin of the left lamp; -1: none.")
    right_pin: int = Field(-1, ge=-1, le=53, description="Pin of the right lamp; -1: none.")
    settle_ms: int = Field(
        20, ge=0, le=1000, description="Wait after a lamp is switched on, in milliseconds."
    )

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.left_pin < 0) != (self.right_pin < 0):
            raise ValueError("set both pins of the lights or neither")
        if self.left_pin >= 0 and self.left_pin == self.right_pin:
            raise ValueError("the two lights must have a pin each")
        return self

    @property
    def are_there(self) -> bool:
        """Whether this machine has lights."""
        return self.left_pin >= 0


class CropSettings(_Section):
    """How long the pictures of scanned cards stay on the disk. The log's rows always stay."""

    keep_days: int = Field(30, ge=1, description="Days after which a crop is removed.")
    keep_megabytes: int = Field(
        2000, ge=1, description="Space for all crops, in megabytes; the oldest go first."
    )
    jpeg_quality: int = Field(85, ge=30, le=100, description="JPEG quality of a crop.")


class CatalogSettings(_Section):
    """Which reference packs are searched."""

    packs: tuple[str, ...] = Field(
        (), description="Names of the packs in use; empty means every game's current pack."
    )

    @field_validator("packs", mode="before")
    @classmethod
    def _commas_separate(cls, value: object) -> object:
        """Let the environment, which has no lists, write `demo,harbour`."""
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value


class RecognitionSettings(_Section):
    """How the recognition runs."""

    threads: int = Field(1, ge=1, le=16, description="Threads that the embedder may use.")


class DecisionSettings(_Section):
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


class Settings(_Section):
    """Everything that a person may set. Frozen: a change needs a restart of the process."""

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Folder of the log, the crops and the packs.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least message shown: debug, info, warning or error."
    )
    web: WebSettings = WebSettings()
    camera: CameraSettings = CameraSettings()
    feeder: FeederSettings = FeederSettings()
    lights: LightSettings = LightSettings()
    crops: CropSettings = CropSettings()
    catalog: CatalogSettings = CatalogSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    decision: DecisionSettings = DecisionSettings()

    @model_validator(mode="after")
    def _lights_have_their_own_pins(self) -> Self:
        feeder = {value for name, value in self.feeder if name.endswith("_pin") and value >= 0}
        if self.feeder.driver != "handsfree" and feeder & {
            self.lights.left_pin,
            self.lights.right_pin,
        }:
            raise ValueError("a pin of the lights is one of the feeder's; give it another number")
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
    return _checked(gather(path, overrides, setting_paths()))


def explain_settings(path: Path | None = None, **overrides: Any) -> str:
    """Return the settings in force as TOML, each with a comment that says where it comes from."""
    gathered = gather(path, overrides, setting_paths())
    settings = _checked(gathered)
    lines: list[str] = []
    section = ""
    for keys in sorted(setting_paths(), key=len):
        if len(keys) == 2 and keys[0] != section:
            section = keys[0]
            lines += ["", f"[{section}]"]
        value = getattr(settings, keys[0])
        if len(keys) == 2:
            value = getattr(value, keys[1])
        lines.append(f"{keys[-1]} = {_as_toml(value)}  # {gathered.origin(keys)}")
    return "\n".join(lines)


def _checked(gathered: Gathered) -> Settings:
    try:
        settings = Settings.model_validate(gathered.values)
    except ValidationError as error:
        raise problem_of(error.errors()[0], gathered, setting_paths()) from None
    folder = settings.data_dir.expanduser()
    if gathered.file is not None and gathered.origin(("data_dir",)).startswith(str(gathered.file)):
        folder = gathered.file.parent / folder
    return settings.model_copy(update={"data_dir": folder.absolute()})


def _as_toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(item) for item in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
