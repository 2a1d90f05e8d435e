"""How each part is measured: the feeder moves cards, the camera looks, the diverter turns."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from firmware.calibrate_measures import (
    advice,
    jam_timeout_s,
    measure_placement,
    settle_s,
)
from firmware.clock import Inbox, MonotonicClock
from firmware.drivers import Drivers
from firmware.events import CardLeft, CardSeated, Event, HopperRanOut, TwoCards
from firmware.faults import what_to_do
from firmware.lights import capture_lit
from firmware.phases import Phase, State
from firmware.sorter import Sorter
from scanner.config_machine import SorterSettings
from scanner.errors import FeederError, SorterError
from scanner.locate import Locator
from scanner.records import View

TRAVEL_TIMEOUT_S = 10.0
WATCH_S = 0.8
SETTLE_SPARE_S = 0.03
STEP_DEG = 2.0
STILL_BELOW_S = 0.6

Figures = dict[str, Any]


def measure_feeder(drivers: Drivers, cards: int) -> tuple[Figures, list[str], Figures]:
    """Bring and let go some cards; the last one stays for the camera.

    Returns figures, what to do, and fitting settings. Raises FeederError when no card moves.
    """
    inbox, clock = Inbox(), MonotonicClock()
    feeder = drivers.feeder
    feeder.listen(inbox.put)
    ways_in, ways_out, rests = [], [], []
    for number in range(cards):
        ways_in.append(_move(feeder.feed, feeder.permit, CardSeated, inbox, clock))
        frames = []
        began_s = clock.now_s()
        while clock.now_s() - began_s < WATCH_S:
            at_s = clock.now_s()
            frames.append((at_s, drivers.camera.capture().picture))
        rests.append(settle_s(frames))
        if number < cards - 1:
            ways_out.append(_move(feeder.eject, None, CardLeft, inbox, clock))
    to_mend = []
    if max(rests) > STILL_BELOW_S:
        to_mend.append(
            "The card does not come to rest: check that the stop holds it and nothing shakes."
        )
    figures = {
        "way in": f"{1000 * max(ways_in):.0f} ms",
        "way out": f"{1000 * max(ways_out, default=0.0):.0f} ms",
        "rest": f"{1000 * max(rests):.0f} ms",
    }
    fitting = {
        "jam_timeout_s": jam_timeout_s([*ways_in, *ways_out]),
        "settle_s": round(max(rests) + SETTLE_SPARE_S, 2),
    }
    return figures, to_mend, fitting


def measure_camera(drivers: Drivers) -> tuple[Figures, list[str]]:
    """Look at the card that lies under the camera. Raises CameraError."""
    frame, _ = capture_lit(drivers.camera, drivers.lights)
    located = Locator.load().locate(frame.picture)
    if located.view not in (View.CARD, View.BACK) or not located.corners_px:
        seen = "several cards" if located.view is View.SEVERAL else "no card"
        return {"view": seen}, [
            f"The camera sees {seen}: lay exactly one card under it, and check light and focus."
        ]
    placed = measure_placement(frame.picture, located.corners_px[0])
    figures = {
        "card": f"{placed.height_share:.0%} of the height",
        "off center": f"{placed.off_x:+.0%} {placed.off_y:+.0%}",
        "tilt": f"{placed.tilt:.1%}",
        "turn": f"{placed.turn_deg:+.1f}°",
    }
    return figures, advice(placed)


def measure_sorter(
    sorter: Sorter, settings: SorterSettings, ask: Callable[[str], str] | None
) -> tuple[Figures, list[str], Figures]:
    """Turn the diverter to every bin and back; `ask` whether it points there, and correct it.

    Returns figures, what to do, and fitting settings.
    """
    to_mend = []
    longest_s = 0.0
    angles_deg = list(getattr(sorter, "angles_deg", ()))
    for number in [*range(1, sorter.bins + 1), 1]:
        try:
            longest_s = max(longest_s, _turn(sorter, number))
        except SorterError as error:
            to_mend.append(str(error))
            break
        if ask is not None and number <= len(angles_deg):
            _correct(sorter, number, angles_deg, ask)
    figures = {"bins": sorter.bins, "longest way": f"{1000 * longest_s:.0f} ms"}
    if settings.driver != "servo" or not angles_deg or ask is None:
        return figures, to_mend, {}
    return figures, to_mend, {"bin_angles_deg": [round(angle, 1) for angle in angles_deg]}


def _move(
    begin: Callable[[], None],
    permit: Callable[[], None] | None,
    until: type[Event],
    inbox: Inbox,
    clock: MonotonicClock,
) -> float:
    """Seconds from the motor's start to the event. Raises FeederError with what to do."""
    began_s = clock.now_s()
    begin()
    if permit is not None:
        permit()
    while clock.now_s() - began_s < TRAVEL_TIMEOUT_S:
        event = clock.wait(inbox, 0.1)
        if isinstance(event, until):
            return clock.now_s() - began_s
        if isinstance(event, TwoCards):
            raise FeederError(what_to_do(Phase.DOUBLE_FEED, State()))
        if isinstance(event, HopperRanOut):
            break
    raise FeederError(
        "No card came or went: lay cards in the hopper, close the cover, release the emergency "
        "stop, and see with counterscan doctor what the sensors say."
    )


def _turn(sorter: Sorter, number: int) -> float:
    sorter.aim(number)
    way_s = sorter.remaining_s()
    while sorter.remaining_s() > 0:
        time.sleep(min(0.02, max(0.001, sorter.remaining_s())))
    return way_s


def _correct(
    sorter: Sorter, number: int, angles_deg: list[float], ask: Callable[[str], str]
) -> None:
    """Let a person turn the chute until it points at the bin."""
    while True:
        said = ask(f"Does the chute point at bin {number}? Enter: yes; + or - to turn it: ")
        if said not in ("+", "-"):
            return
        angle_deg = angles_deg[number - 1] + (STEP_DEG if said == "+" else -STEP_DEG)
        angles_deg[number - 1] = min(90.0, max(-90.0, angle_deg))
        sorter.set_angle(number, angles_deg[number - 1])  # type: ignore[attr-defined]
        _turn(sorter, number)
