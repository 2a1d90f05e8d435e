"""The settings of the machine's parts: feeder, lights, sorter, signals. See `scanner.config`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MOST_BINS = 16


class Section(BaseModel):
    """One table of the settings: frozen, and a key that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FeederSettings(Section):
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
    early_look: bool = Field(
        True, description="Look at a card at once, and after settling only if that was not enough."
    )
    stage_next: bool = Field(
        True,
        description="Bring the next card to the entry while one is recognised and let go; needs a "
        "pick roller that does not touch the card under the camera.",
    )
    door_pin: int = Field(-1, ge=-1, le=53, description="Pin of the cover's switch; -1: none.")
    emergency_pin: int = Field(-1, ge=-1, le=53, description="Pin of the emergency stop; -1: none.")
    hopper_sensor_pin: int = Field(
        -1, ge=-1, le=53, description="Pin of the sensor that sees cards in the hopper; -1: none."
    )
    thickness_sensor_pin: int = Field(
        -1, ge=-1, le=53, description="Pin of the sensor that feels two cards at once; -1: none."
    )
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


class LightSettings(Section):
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


class SorterSettings(Section):
    """Where cards go after the camera. Pins are BCM numbers, bins count from 1."""

    driver: Literal["none", "servo", "stepper"] = Field(
        "none", description="What turns the diverter: none (one bin), servo or stepper."
    )
    bins: int = Field(4, ge=2, le=MOST_BINS, description="Bins under the diverter, 2 to 16.")
    servo_pin: int = Field(12, ge=0, le=53, description="Pin of the servo: 12, 13, 18 or 19.")
    bin_angles_deg: tuple[float, ...] = Field(
        (),
        description="Angle of the servo for each bin, in degrees; empty spreads the bins evenly.",
    )
    ms_per_degree: float = Field(
        2.0, gt=0, le=50, description="Time that the servo needs for one degree, in milliseconds."
    )
    step_pin: int = Field(20, ge=0, le=53, description="Pin of the stepper driver's STEP input.")
    direction_pin: int = Field(
        21, ge=0, le=53, description="Pin of the stepper driver's DIR input."
    )
    enable_pin: int = Field(
        -1, ge=-1, le=53, description="Pin of the stepper driver's EN input (low: on); -1: none."
    )
    home_pin: int = Field(16, ge=0, le=53, description="Pin of the stepper's switch at bin 1.")
    steps_per_bin: int = Field(50, ge=1, le=10000, description="Steps from one bin to the next.")
    steps_per_s: int = Field(1000, ge=10, le=20000, description="Speed of the stepper, in steps.")
    bin_full_pins: tuple[int, ...] = Field(
        (),
        description="Pin of each bin's sensor, bin 1 first; one pin: a sensor on the chute; "
        "empty: none.",
    )
    lead_ms: int = Field(
        60, ge=0, le=1000,
        description="Time a card needs from the camera to the diverter, in milliseconds.",
    )  # fmt: skip
    clear_ms: int = Field(
        150, ge=0, le=5000,
        description="Time a card needs from the exit barrier into its bin, in milliseconds.",
    )  # fmt: skip
    accepted_bin: int = Field(1, ge=1, le=MOST_BINS, description="Bin of accepted cards.")
    review_bin: int = Field(2, ge=1, le=MOST_BINS, description="Bin of cards to be reviewed.")
    unknown_bin: int = Field(2, ge=1, le=MOST_BINS, description="Bin of unknown cards.")

    @field_validator("bin_angles_deg", "bin_full_pins", mode="before")
    @classmethod
    def _commas_separate(cls, value: object) -> object:
        """Let the environment, which has no lists, write `5,6,13`."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _fits_the_bins(self) -> Self:
        for name, allowed in (("bin_angles_deg", {0}), ("bin_full_pins", {0, 1})):
            given = len(getattr(self, name))
            if given not in allowed | {self.bins}:
                raise ValueError(f"sorter.{name} has {given} entries for {self.bins} bins")
        if max(self.accepted_bin, self.review_bin, self.unknown_bin) > self.bins:
            raise ValueError(f"a bin above {self.bins} is named, but sorter.bins is {self.bins}")
        if any(not 0 <= pin <= 53 for pin in self.bin_full_pins):
            raise ValueError("sorter.bin_full_pins are BCM numbers from 0 to 53")
        if any(not -90 <= angle <= 90 for angle in self.bin_angles_deg):
            raise ValueError("sorter.bin_angles_deg are degrees from -90 to 90")
        return self

    @property
    def is_there(self) -> bool:
        """Whether this machine has a diverter."""
        return self.driver != "none"


class SignalSettings(Section):
    """Lamp, buzzer, button and foot pedal. Pins are BCM numbers; -1: none."""

    red_pin: int = Field(-1, ge=-1, le=53, description="Pin of the lamp's red; -1: no lamp.")
    green_pin: int = Field(-1, ge=-1, le=53, description="Pin of the lamp's green.")
    blue_pin: int = Field(-1, ge=-1, le=53, description="Pin of the lamp's blue.")
    buzzer_pin: int = Field(-1, ge=-1, le=53, description="Pin of the buzzer; -1: none.")
    button_pin: int = Field(-1, ge=-1, le=53, description="Pin of the start/stop button; -1: none.")
    pedal_pin: int = Field(-1, ge=-1, le=53, description="Pin of the foot pedal; -1: none.")
    beep: bool = Field(True, description="Whether the buzzer sounds at each card scanned by hand.")

    @model_validator(mode="after")
    def _the_whole_lamp(self) -> Self:
        if len({pin >= 0 for pin in (self.red_pin, self.green_pin, self.blue_pin)}) > 1:
            raise ValueError("set all three pins of the signals' lamp or none")
        return self

    @property
    def are_there(self) -> bool:
        """Whether this machine has any of them."""
        return any(value >= 0 for name, value in self if name.endswith("_pin"))


def pins_used_twice(
    feeder: FeederSettings, lights: LightSettings, sorter: SorterSettings, signals: SignalSettings
) -> str:
    """Name the first pin that two parts in use share, as a sentence; empty when none do."""
    used: dict[int, str] = {}
    for name, pin in _pins_in_use(feeder, lights, sorter, signals):
        if pin >= 0 and used.setdefault(pin, name) != name:
            return f"pin {pin} is both {used[pin]} and {name}"
    return ""


def _pins_in_use(
    feeder: FeederSettings, lights: LightSettings, sorter: SorterSettings, signals: SignalSettings
) -> list[tuple[str, int]]:
    sections: list[tuple[str, Section]] = [("lights", lights), ("signals", signals)]
    if feeder.driver != "handsfree":
        sections.append(("feeder", feeder))
    found = [
        (f"{section}.{name}", value)
        for section, settings in sections
        for name, value in settings
        if name.endswith("_pin")
    ]
    if sorter.driver == "servo":
        found.append(("sorter.servo_pin", sorter.servo_pin))
    if sorter.driver == "stepper":
        names = ("step_pin", "direction_pin", "enable_pin", "home_pin")
        found += [(f"sorter.{name}", getattr(sorter, name)) for name in names]
    if sorter.is_there:
        found += [(f"sorter.bin_full_pins[{i}]", p) for i, p in enumerate(sorter.bin_full_pins)]
    return found
