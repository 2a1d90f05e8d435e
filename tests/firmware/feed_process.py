"""A feed process for the power-cut test, forked anew for each line on stdin.

Importing everything takes a second and forking none, so fifty restarts stay quick. Each child opens
the log, connects to the mechanism that lives in the test's process, and works until it is killed or
the batch has ended. Usage: feed_process.py DATA_DIR SOCKET BINS
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from pathlib import Path

from firmware.clock import MonotonicClock
from firmware.feeder_gpio import GpioFeeder
from firmware.feeder_pins import FeederPins
from firmware.loop import FeedLoop
from firmware.machine import Machine
from firmware.phases import Limits, Phase
from firmware.simulated.server import RemoteMechanism
from firmware.sorter import Gate
from firmware.sorter_pins import ServoPins, even_angles_deg
from firmware.sorter_servo_gpio import ServoSorter
from scanner.records import Identification
from scanner.routing import BinsByDecision, Routing
from scanner.store import Store

BINS = int(sys.argv[3])

spec = importlib.util.spec_from_file_location("painted", Path(__file__).parent / "painted.py")
assert spec is not None
assert spec.loader is not None
painted = importlib.util.module_from_spec(spec)
spec.loader.exec_module(painted)


class ByNumber(BinsByDecision):
    """Cards go by their number to bins 1, 2, 3, 4 and again from 1."""

    def route(self, answer: Identification, full_bins: frozenset[int]) -> Routing:
        assert answer.printing is not None
        number = int(answer.printing.card_id.removeprefix("card-"))
        return Routing(number % BINS + 1, "by number", f"Its number is {number}.")


def feed(data_dir: Path, socket: Path) -> None:
    """Go on with the open batch, or begin one; return when it has ended."""
    store = Store.open(data_dir, role="feed")
    pins = FeederPins()
    servo = ServoPins(12, even_angles_deg(BINS))
    remote = RemoteMechanism(socket, pins, on_lost=lambda: os._exit(3), sorter=servo)
    # It gives the diverter more time than it needs: a busy computer tells the mechanism late.
    sorter = ServoSorter(servo, s_per_degree=0.002, factory=remote.pins.factory)
    clock = MonotonicClock()
    feeder = GpioFeeder(pins, factory=remote.pins.factory, name="simulated")
    machine = Machine(
        store=store,
        recognizer=painted.PaintedRecognizer(),
        camera=painted.PaintedCamera(remote.card_in_view),
        feeder=feeder,
        limits=Limits(
            settle_s=0.002,
            feed_timeout_s=60.0,
            jam_timeout_s=60.0,
            early_look=True,
            stage_next=True,
        ),
        clock=clock,
        gate=Gate(sorter, clock, lead_s=0.0, clear_s=0.15),
        router=ByNumber(),
    )
    loop = FeedLoop(machine)
    machine.on_phase = lambda phase: loop.end() if phase is Phase.FINISHED else None
    if store.latest_batch() is None:
        page = Store.open(data_dir, role="web")
        page.add_command("start")
    machine.on_scan = lambda scan, _ms: print(f"scan {scan.sequence}", flush=True)
    loop.run()
    store.close()


def main() -> None:
    """Fork a feed process per line and say how each ended."""
    data_dir, socket = Path(sys.argv[1]), Path(sys.argv[2])
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                feed(data_dir, socket)
                code = 0
            except Exception:  # noqa: BLE001 - a forked child must not run its parent's code on
                traceback.print_exc()
            finally:
                os._exit(code)
        print(f"pid {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


if __name__ == "__main__":
    main()
