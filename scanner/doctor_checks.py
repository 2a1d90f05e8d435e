"""What the doctor looks at in the software: Python, libraries, model, data folder, packs, port."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile

from scanner.config import Settings
from scanner.errors import CounterscanError, PackError
from scanner.pairing_code import published_code

_LIBRARIES = {
    "numpy": "numpy",
    "cv2": "opencv-python-headless",
    "ai_edge_litert": "ai-edge-litert",
    "sqlmodel": "sqlmodel",
    "flask": "flask",
    "waitress": "waitress",
    "gpiozero": "gpiozero",
}
_MEGABYTE = 1_000_000
_FREE_NEEDED_MB = 200
_FREE_WISHED_MB = 2_000


class Status(StrEnum):
    """`note` is worth knowing and stops nothing; with `bad` the machine can't scan."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found and, unless it is good, what to do."""

    name: str
    status: Status
    found: str
    remedy: str = ""


def check_pairing(settings: Settings) -> Check:
    """Show the code that the page waits for."""
    code = published_code(settings.data_dir)
    if not code:
        return Check("page code", Status.GOOD, "the page waits for none")
    found = f"the page waits for its first manager: the code is {code[:3]} {code[3:]}"
    return Check("page code", Status.NOTE, found, "open the page in a browser and type it")


def check_python(_settings: Settings) -> Check:
    """Tell which Python runs on which processor."""
    found = f"{platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores"
    if sys.version_info[:2] > (3, 13):
        return Check("python", Status.NOTE, found, "not tried with this Python; 3.11 or 3.13 are")
    return Check("python", Status.GOOD, found)


def check_libraries(_settings: Settings) -> Check:
    """Tell whether every library is there; without one of them a process would not start."""
    missing = [
        wheel for name, wheel in _LIBRARIES.items() if importlib.util.find_spec(name) is None
    ]
    if missing:
        return Check("libraries", Status.BAD, f"missing: {', '.join(missing)}", "run make setup")
    return Check("libraries", Status.GOOD, f"all {len(_LIBRARIES)} are installed")


def check_model(settings: Settings) -> Check:
    """Load the embedder as the feed loop does; without it the perceptual hash takes over."""
    try:
        # Loaded here alone: the doctor must be able to speak where the runtime can't be imported.
        embedder = importlib.import_module("scanner.embed").Embedder.load(_models(settings))
    except (CounterscanError, ImportError) as error:
        return Check(
            "model",
            Status.NOTE,
            f"NO MODEL, cards are told by perceptual hash alone: {error}",
            "restore models/ from the release, and run make setup",
        )
    return Check("model", Status.GOOD, f"{embedder.model_id}, run by {embedder.runtime}")


def check_locator(settings: Settings) -> Check:
    """Load the locator as the feed loop does; without its net plain contours take over."""
    try:
        locator = importlib.import_module("scanner.locate").Locator.load(_models(settings))
    except ImportError as error:
        return Check("locator", Status.BAD, f"can't be loaded: {error}", "run make setup")
    if locator.kind != "net":
        return Check(
            "locator",
            Status.NOTE,
            f"NO NET, cards are found by plain contours: {locator.reason}",
            "restore models/ from the release, and run make setup",
        )
    return Check("locator", Status.GOOD, "finds cards by its net")


def _models(settings: Settings) -> Path | None:
    found: Path | None = importlib.import_module("scanner.models_library").models_in_use(
        settings.data_dir
    )
    return found


def check_data_folder(settings: Settings) -> Check:
    """Write to the data folder, or to the nearest folder above it that exists."""
    folder = settings.data_dir
    place = _nearest_existing(folder)
    try:
        with TemporaryFile(dir=place) as probe:
            probe.write(b"counterscan")
    except OSError as error:
        return Check(
            "data folder",
            Status.BAD,
            f"{folder} can't be written to: {error.strerror}",
            f"run: sudo chown -R {_user()} {place}, or choose another folder with --data",
        )
    made = "" if place == folder else " (made by the first run)"
    return Check("data folder", Status.GOOD, f"{folder}{made}")


def check_disk(settings: Settings) -> Check:
    """Tell how much room is left for the log and the crops."""
    free_mb = shutil.disk_usage(_nearest_existing(settings.data_dir)).free // _MEGABYTE
    found = f"{free_mb:,} MB free"
    if free_mb < _FREE_NEEDED_MB:
        return Check("disk", Status.BAD, found, f"free at least {_FREE_NEEDED_MB} MB")
    if free_mb < _FREE_WISHED_MB:
        return Check("disk", Status.NOTE, found, "lower crops.keep_megabytes or free some space")
    return Check("disk", Status.GOOD, found)


def check_log(settings: Settings) -> Check:
    """Open the log as a reader would."""
    if not (settings.data_dir / "counterscan.db").exists():
        return Check("log", Status.GOOD, "none yet; the first run makes it")
    try:
        with importlib.import_module("scanner.store").Store.open(
            settings.data_dir, role="reader", wait_s=0
        ) as store:
            latest = store.latest_scans(1)
    except CounterscanError as error:
        return Check("log", Status.BAD, str(error), "start counterscan feed: it mends the log")
    return Check("log", Status.GOOD, f"last scan: {latest[0].id}" if latest else "no scan yet")


def check_packs(settings: Settings) -> Check:
    """Open the packs in use with the model in use, as the feed loop does."""
    try:
        model = importlib.import_module("scanner.catalog.model")
        opening = importlib.import_module("scanner.catalog.opening")
        with ExitStack() as opened:
            embedder = model.load_embedder(_models(settings))
            packs = opening.open_current(settings, *model.reader_of(embedder))
            for pack in packs:
                opened.callback(pack.close)
            found = ", ".join(f"{pack.pack_id} ({len(pack):,} cards)" for pack in packs)
    except PackError as error:
        return Check("packs", Status.BAD, str(error), "counterscan catalog list shows what is here")
    return Check("packs", Status.GOOD, found)


def check_port(settings: Settings) -> Check:
    """Try to listen where the page would."""
    host, port = settings.web.host, settings.web.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Check(
                "port",
                Status.NOTE,
                f"{host}:{port}: {error.strerror}",
                "fine if counterscan web runs; otherwise choose another with web.port",
            )
    return Check("port", Status.GOOD, f"{host}:{port} is free")


def check_upload_folder(settings: Settings) -> Check:
    """Look whether the folder that is watched for pictures is there and may be cleared."""
    name = settings.uploads.folder.strip()
    if not name:
        return Check("upload folder", Status.GOOD, "none is watched")
    folder = settings.data_dir / Path(name).expanduser()
    if not folder.is_dir():
        remedy = f"make it with `mkdir -p {folder}`, or set uploads.folder to another"
        return Check("upload folder", Status.NOTE, f"{folder} is not there", remedy)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        remedy = f"let the user {_user()} read and write there: pictures are moved aside in it"
        return Check("upload folder", Status.NOTE, f"{folder} may not be used", remedy)
    return Check("upload folder", Status.GOOD, str(folder))


def _nearest_existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def _user() -> str:
    return os.environ.get("USER") or str(os.getuid())


CHECKS: tuple[Callable[[Settings], Check], ...] = (
    check_python,
    check_libraries,
    check_model,
    check_locator,
    check_data_folder,
    check_disk,
    check_log,
    check_packs,
    check_port,
    check_upload_folder,
    check_pairing,
)
