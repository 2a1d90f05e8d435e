"""The mechanism in a process of its own, as cardboard is: killing the feed moves no card.

One line of JSON per message over a Unix socket. The feed sends `{"motor": "pick", "on": true}`,
`{"diverter": 2.0}` and `{"ask": "card"}`; the server sends `{"beams": {"entry": false, …}}` and
`{"full": [3]}` on each change and once at the start, and answers `{"card": 17}`. The feed answers
each beam with `{"seen": 3}`, the count of beams so far, once its driver has dealt with it: cards
wait for that, so that on a slow computer none flies past a motor that was to stop. When the feed's
connection ends, both motors stop: that is what the pull-downs at the motor stage do.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from firmware.feeder_pins import FeederPins
from firmware.simulated.mechanism import Beams, Mechanism
from firmware.simulated.wiring import MechanismThread, SimulatedPins
from firmware.sorter_pins import SorterPins
from scanner.errors import FeederError

ANSWER_TIMEOUT_S = 5.0


class MechanismServer:
    """Serves one feed process at a time; `mechanism` may be looked at under `moving.lock`."""

    def __init__(self, path: Path, mechanism: Mechanism, speed: float = 1.0):
        self.mechanism = mechanism
        self.moving = MechanismThread(mechanism, speed, ready=self._await_driver)
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(1)
        self._peer: socket.socket | None = None
        self._told = 0
        self._seen_all = threading.Event()
        self._seen_all.set()
        self._thread = threading.Thread(target=self._serve, name="mechanism-server", daemon=True)
        mechanism.on_beams = self._send_beams
        mechanism.diverter.on_full = self._send_full

    def start(self) -> None:
        """Begin to serve."""
        self.moving.start()
        self._thread.start()

    def close(self) -> None:
        """End: the feed is cut off and the socket's file removed."""
        # Closing alone does not wake a thread that waits in accept or read; shutting down does.
        for end in (self._socket, self._peer):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=2.0)
        self.path.unlink(missing_ok=True)
        self.moving.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        with self.moving.lock:
            self._peer, self._told = peer, 0
            self._send_full(self.mechanism.diverter.full)
            self._send_beams(self.mechanism.beams)
        try:
            with peer.makefile("r", encoding="utf-8") as lines:
                for line in lines:
                    self._obey(json.loads(line))
        except OSError:
            return
        finally:
            with self.moving.lock:
                self._peer = None
                self._seen_all.set()
                self.mechanism.pick_on = self.mechanism.eject_on = False

    def _obey(self, message: dict[str, object]) -> None:
        with self.moving.lock:
            match message:
                case {"motor": "pick", "on": bool(on)}:
                    self.mechanism.pick_on = on
                case {"motor": "eject", "on": bool(on)}:
                    self.mechanism.eject_on = on
                case {"diverter": float(place)}:
                    self.mechanism.diverter.target = place
                case {"seen": int(count)}:
                    if count == self._told:
                        self._seen_all.set()
                case {"ask": "card"}:
                    self._send({"card": self.mechanism.card_in_view})
        self.moving.motor_changed()

    def _send_beams(self, beams: Beams) -> None:
        if self._peer is None:
            return
        self._told += 1
        self._seen_all.clear()
        self._send({"beams": asdict(beams)})

    def _await_driver(self) -> None:
        self._seen_all.wait(ANSWER_TIMEOUT_S)

    def _send_full(self, full: frozenset[int]) -> None:
        self._send({"full": sorted(full)})

    def _send(self, message: dict[str, object]) -> None:
        if self._peer is None:
            return
        try:
            self._peer.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            # The feed process is gone; its reader thread notices the same and stops the motors.
            self._peer = None
            self._seen_all.set()


class RemoteMechanism:
    """The feed process's end: mock pins that are wired to a mechanism elsewhere."""

    def __init__(
        self,
        path: Path,
        pins: FeederPins,
        on_lost: Callable[[], None],
        sorter: SorterPins | None = None,
    ):
        """Connect and wait for the beams. Raises FeederError when nobody serves."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._on_lost = on_lost
        self._answers: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._closed = False
        self._sending = threading.Lock()
        self.pins = SimulatedPins(
            pins, self._send_motor, sorter=sorter, on_diverter=self._send_diverter
        )
        try:
            self._socket.connect(str(path))
        except OSError as error:
            raise FeederError(f"No simulated machine answers at {path} ({error}).") from error
        self._thread = threading.Thread(target=self._listen, name="mechanism-wire", daemon=True)
        self._thread.start()
        if not self._ready.wait(ANSWER_TIMEOUT_S):
            raise FeederError(f"The simulated machine at {path} does not answer.")

    def card_in_view(self) -> int | None:
        """Ask which card lies under the camera; for the simulated camera alone."""
        self._send({"ask": "card"})
        try:
            return self._answers.get(timeout=ANSWER_TIMEOUT_S)
        except queue.Empty:
            raise FeederError("The simulated machine does not answer.") from None

    def close(self) -> None:
        """Disconnect; the machine stops its motors."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(timeout=2.0)

    def _send_motor(self, name: str, on: bool) -> None:
        self._send({"motor": name, "on": on})

    def _send_diverter(self, place: float) -> None:
        self._send({"diverter": place})

    def _send(self, message: dict[str, object]) -> None:
        try:
            with self._sending:
                self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            if not self._closed:
                raise FeederError("The simulated machine is gone.") from error

    def _listen(self) -> None:
        with (
            contextlib.suppress(OSError),
            self._socket.makefile("r", encoding="utf-8") as lines,
        ):
            seen = 0
            for line in lines:
                message = json.loads(line)
                if "beams" in message:
                    self.pins.show(Beams(**message["beams"]))
                    seen += 1
                    self._send({"seen": seen})
                    self._ready.set()
                elif "full" in message:
                    self.pins.show_full(frozenset(message["full"]))
                else:
                    self._answers.put(message["card"])
        if not self._closed:
            self._on_lost()
