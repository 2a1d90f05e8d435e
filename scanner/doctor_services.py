"""What the doctor asks systemd: whether the services that `make install` laid run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from scanner.config import Settings
from scanner.doctor_checks import Check, Status

_BOOTED = Path("/run/systemd/system")  # there exactly where systemd runs (sd_booted(3))
_UNITS = ("counterscan-feed", "counterscan-web", "counterscan-sync")
_MAY_WAIT = "counterscan-sync.service"  # until somebody pairs the device
_ASKED = "Id,LoadState,ActiveState,ConditionResult,ExecMainStatus"


def check_services(_settings: Settings) -> Check:
    """Whether each service runs, where there are any."""
    systemctl = shutil.which("systemctl")
    if systemctl is None or not _BOOTED.is_dir():
        return judged("")
    words = [systemctl, "show", f"--property={_ASKED}", *(f"{unit}.service" for unit in _UNITS)]
    try:
        said = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Check("services", Status.NOTE, f"systemd does not answer: {error}")
    return judged(said)


def judged(said: str) -> Check:
    """Turn what `systemctl show` says of the units, a paragraph each, into a finding."""
    units = [
        dict(line.split("=", 1) for line in paragraph.splitlines() if "=" in line)
        for paragraph in said.split("\n\n")
    ]
    laid = {unit["Id"].removesuffix(".service"): unit for unit in units if _is_laid(unit)}
    if not laid:
        return Check("services", Status.GOOD, "none: `counterscan run` starts all, by hand")
    states = {name: _state(unit) for name, unit in laid.items()}
    found = ", ".join(f"{name} {state}" for name, (state, _) in states.items())
    worst = next((name for name, (_, status) in states.items() if status is Status.BAD), None)
    if worst is not None:
        remedy = f"why: journalctl -n 20 -u {worst}; then: sudo systemctl restart {worst}"
        return Check("services", Status.BAD, found, remedy)
    stopped = [name for name, (_, status) in states.items() if status is Status.NOTE]
    if stopped:
        return Check(
            "services", Status.NOTE, found, f"start: sudo systemctl start {' '.join(stopped)}"
        )
    return Check("services", Status.GOOD, found)


def _is_laid(unit: dict[str, str]) -> bool:
    return unit.get("LoadState") == "loaded" and "Id" in unit


def _state(unit: dict[str, str]) -> tuple[str, Status]:
    """A word for one unit, and how bad it is."""
    match unit.get("ActiveState"):
        case "active" | "reloading":
            return "runs", Status.GOOD
        case "failed":
            return f"failed (exit {unit.get('ExecMainStatus', '?')})", Status.BAD
        case "activating" | "deactivating":
            # A service of these is up at once: one that is seen between two starts keeps ending.
            return "starts again and again", Status.BAD
        case _ if unit["Id"] == _MAY_WAIT and unit.get("ConditionResult") == "no":
            return "waits for its pairing", Status.GOOD
        case _:
            return "is stopped", Status.NOTE
