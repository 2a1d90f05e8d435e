"""Watches a folder, such as a scanner's: pictures that lie still there are taken in."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from scanner.batches import NO_PLAN
from scanner.config_change import Sources
from scanner.errors import CounterscanError
from scanner.tables_uploads import Upload
from scanner.uploads import MAX_PICTURE_BYTES
from webui.upload_intake import Intake

LOOK_EVERY_S = 2.0
SAME_PILE_S = 120.0
TAKEN, AGAIN, REFUSED = "taken", "again", "refused"
CLIENT = "the watched folder"

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_REFUSED = frozenset({".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".pdf"})

log = logging.getLogger(__name__)


def folder_of(sources: Sources, data_dir: Path) -> Path | None:
    """The folder that the settings name, None where they name none."""
    try:
        name = sources.load().uploads.folder.strip()
    except CounterscanError:
        return None  # the command has complained already
    return data_dir / Path(name).expanduser() if name else None


class FolderWatcher:
    """One thread. What it took over is moved into a folder beside it, so that a glance tells.

    `trouble` says why nothing can be taken over now, "" while all is well.
    """

    def __init__(self, intake: Intake, folder: Path | None) -> None:
        """Watch nothing before `start`; with `folder` None never."""
        self._intake = intake
        self.folder = folder
        self._seen: dict[Path, tuple[int, int]] = {}
        self._stays: dict[Path, tuple[int, int]] = {}
        self._upload: Upload | None = None
        self._last_mono_s = 0.0
        self.trouble = ""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch, once."""
        if self.folder is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="folder", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End after the picture in hand."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def look(self) -> int:
        """Take in what has not changed since the last look; return how many pictures those were.

        Raises:
            OSError: the folder can't be read.
            CounterscanError: there is no room for now; the rest stays where it is.
        """
        assert self.folder is not None
        now: dict[Path, tuple[int, int]] = {}
        for path in sorted(self.folder.iterdir()):
            if path.suffix.lower() in _PICTURES | _REFUSED and path.is_file():
                status = path.stat()
                now[path] = (status.st_size, status.st_mtime_ns)
        still = [path for path, state in now.items() if self._seen.get(path) == state]
        self._seen = now
        fresh = [path for path in still if self._stays.get(path) != now[path]]
        for path in fresh:
            self._take(path)
        return len(fresh)

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_EVERY_S):
            try:
                self.look()
                self.trouble = ""
            except (CounterscanError, OSError) as error:
                trouble = (error.strerror if isinstance(error, OSError) else "") or str(error)
                if trouble != self.trouble:  # once, not every two seconds
                    self.trouble = trouble
                    log.warning("the folder %s is not read: %s", self.folder, trouble)

    def _take(self, path: Path) -> None:
        upload = self._pile()
        with self._intake.place():
            taken = self._intake.take(upload, path.name, _content(path))
        if taken.picture.problem:
            log.warning("%s %s", path, taken.picture.problem)
        where = AGAIN if taken.before else REFUSED if taken.picture.problem else TAKEN
        self._move(path, where)

    def _pile(self) -> Upload:
        """Pictures that come one after another are one pile."""
        now_mono_s = time.monotonic()
        if self._upload is None or now_mono_s - self._last_mono_s > SAME_PILE_S:
            self._upload = self._intake.begin("", "folder", CLIENT, NO_PLAN)
        self._last_mono_s = now_mono_s
        return self._upload

    def _move(self, path: Path, where: str) -> None:
        """Move it aside; a file that can't be moved stays, and is not looked at again."""
        try:
            target = path.parent / where / path.name
            target.parent.mkdir(exist_ok=True)
            number = 1
            while target.exists():
                number += 1
                target = target.with_name(f"{path.stem} ({number}){path.suffix}")
            path.rename(target)
        except OSError as error:
            self._stays[path] = self._seen[path]
            log.warning("%s was taken over and can't be moved aside: %s", path, error)


def _content(path: Path) -> bytes:
    """A file's bytes: of one that is too large no more than shows it, or it would fill the memory.

    Of what is plainly no picture that we read, the name is enough.
    """
    if path.suffix.lower() in _REFUSED:
        return b"?"
    with path.open("rb") as file:
        return file.read(MAX_PICTURE_BYTES + 1)
