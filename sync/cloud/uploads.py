"""Archives on their way into the cloud: taken in parts, kept on disk, compared with their digest.

Each is a folder `releases/uploads/ID` of the cloud's data folder, so that any API process takes any
part of it. Nothing here is announced or served; what is never finished goes after a day.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scanner.catalog.disk import disk_errors, locked, sha256_file, write_atomic
from scanner.errors import CounterscanError, ModelError, PackDiskError, PackError, UsageError
from scanner.tables import utc_now

LASTS = timedelta(days=1)
MOST_OPEN = 4
PART_BYTES = 1024 * 1024
RESERVE_BYTES = 300 * 1000 * 1000
_TIMES_ON_DISK = 3
"""An archive is on the disk as it came, unpacked for the checks, and as devices fetch it."""

_ID = re.compile(r"[0-9a-f]{32}")
_ABOUT, _ARCHIVE, _UNPACKED, _LOCK = "about.json", "archive.tar", "unpacked", ".lock"


class UploadConflictError(CounterscanError, RuntimeError):
    """It does not fit what is there already; the message says what does."""


class UploadTooLargeError(CounterscanError, ValueError):
    """The settings allow no upload of this size."""


class AlteredUploadError(PackError):
    """What arrived is not what was promised."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An archive that is promised; `received_bytes` of it are here."""

    id: str
    size_bytes: int
    sha256: str
    begun_by: str
    begun_at: datetime
    received_bytes: int

    @property
    def ends_at(self) -> datetime:
        """When it is thrown away, whatever is there of it."""
        return self.begun_at + LASTS


class Uploads:
    """The folder of uploads. Usable from several threads and processes."""

    def __init__(self, folder: Path, most_mb: int, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Nothing is made yet. `reserve_bytes` of the disk stay free."""
        self.folder = folder
        self._most_mb = most_mb
        self._reserve_bytes = reserve_bytes

    def begin(self, size_bytes: int, sha256: str, by: str) -> Upload:
        """Promise an archive; one that is under way already goes on.

        Raises:
            UploadTooLargeError, UploadConflictError, PackDiskError: it is not taken.
        """
        if size_bytes > self._most_mb * 10**6:
            raise UploadTooLargeError(
                f"{size_bytes / 1e6:.0f} MB are too much: this cloud takes {self._most_mb} MB at "
                "most ([files] upload_mb in cloud.toml)."
            )
        under_way = self.all()
        for upload in under_way:
            if (upload.sha256, upload.size_bytes) == (sha256, size_bytes):
                return upload
        if len(under_way) >= MOST_OPEN:
            raise UploadConflictError(
                f"{MOST_OPEN} uploads are under way already: publish one, or end one "
                "(DELETE /api/v1/uploads/ID)."
            )
        with disk_errors(self.folder, "upload it again"):
            self.folder.mkdir(parents=True, exist_ok=True)
            promised = sum(each.size_bytes - each.received_bytes for each in under_way)
            needed = _TIMES_ON_DISK * size_bytes + promised + self._reserve_bytes
            free = shutil.disk_usage(self.folder).free
            if free < needed:
                raise PackDiskError(
                    f"The cloud's disk has no room: {needed / 1e6:.0f} MB are needed, "
                    f"{free / 1e6:.0f} MB are free."
                )
            upload = Upload(secrets.token_hex(16), size_bytes, sha256, by, utc_now(), 0)
            place = self.folder / upload.id
            place.mkdir(mode=0o700)
            (place / _ARCHIVE).touch()
            about = {**asdict(upload), "begun_at": upload.begun_at.isoformat()}
            write_atomic(place / _ABOUT, json.dumps(about).encode())
        return upload

    def all(self) -> list[Upload]:
        """Those under way, oldest first; what is too old is thrown away."""
        found = []
        for place in self.folder.iterdir() if self.folder.is_dir() else ():
            upload = self.find(place.name)
            if upload is not None:
                found.append(upload)
            elif _is_old(place):
                shutil.rmtree(place, ignore_errors=True)
        return sorted(found, key=lambda upload: upload.begun_at)

    def find(self, upload_id: str) -> Upload | None:
        """One that is under way; None where there is none of this id."""
        if not _ID.fullmatch(upload_id):
            return None
        place = self.folder / upload_id
        try:
            about = json.loads((place / _ABOUT).read_bytes())
            received_bytes = (place / _ARCHIVE).stat().st_size
        except (OSError, ValueError):
            return None
        about |= {
            "begun_at": datetime.fromisoformat(about["begun_at"]), "received_bytes": received_bytes
        }  # fmt: skip
        upload = Upload(**about)
        return upload if utc_now() < upload.ends_at else None

    def add(self, upload: Upload, offset: int, part: bytes) -> int:
        """Add the part that begins at `offset`; how many bytes are here now.

        Raises:
            UploadConflictError: the part is not the next one.
            UsageError: it reaches beyond the end.
            PackDiskError, AlreadyRunningError: it was not kept; it may be sent again.
        """
        if offset + len(part) > upload.size_bytes:
            raise UsageError(f"The archive has {upload.size_bytes} bytes; this part goes beyond.")
        with self._held(upload) as place, (place / _ARCHIVE).open("r+b") as file:
            received_bytes = file.seek(0, os.SEEK_END)
            if offset != received_bytes:
                raise UploadConflictError(
                    f"{received_bytes} bytes are here: go on from there, not from {offset}."
                )
            try:
                file.write(part)
                file.flush()
            except OSError:
                os.ftruncate(file.fileno(), received_bytes)
                raise
        return received_bytes + len(part)

    @contextmanager
    def taken(self, upload: Upload) -> Iterator[tuple[Path, Path]]:
        """The whole archive, and a folder to unpack it into; both go when the block has done.

        What is refused for what it holds goes too. Where it was another reason (the settings, the
        disk, something newer), the archive stays, and the next try needs no upload.

        Raises:
            UploadConflictError: it is not whole yet.
            AlteredUploadError: it is not what was promised.
            AlreadyRunningError: somebody is at it.
        """
        with self._held(upload) as place:
            archive = place / _ARCHIVE
            missing = upload.size_bytes - archive.stat().st_size
            if missing:
                raise UploadConflictError(f"{missing} bytes of the archive are not here yet.")
            try:
                if sha256_file(archive) != upload.sha256:
                    raise AlteredUploadError(
                        "What arrived is not what was promised (its SHA-256 differs): upload it "
                        "again."
                    )
                yield archive, place / _UNPACKED
            except (PackError, ModelError) as error:
                if not error.retryable:
                    shutil.rmtree(place, ignore_errors=True)
                raise
            finally:
                shutil.rmtree(place / _UNPACKED, ignore_errors=True)
            shutil.rmtree(place, ignore_errors=True)

    def drop(self, upload: Upload) -> None:
        """Throw away what is there of it. Raises AlreadyRunningError."""
        with self._held(upload) as place:
            shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A folder's name to unpack something into that is here already."""
        place = self.folder / f"back-{secrets.token_hex(8)}"
        try:
            with disk_errors(self.folder, "try again"):
                place.mkdir(parents=True, mode=0o700)
            yield place / _UNPACKED
        finally:
            shutil.rmtree(place, ignore_errors=True)

    @contextmanager
    def _held(self, upload: Upload) -> Iterator[Path]:
        place = self.folder / upload.id
        with disk_errors(place, "upload it again"), locked(place / _LOCK, "Another request"):
            yield place


def _is_old(place: Path) -> bool:
    try:
        changed_at = datetime.fromtimestamp(place.stat().st_mtime, UTC)
    except FileNotFoundError:
        return False
    return utc_now() - changed_at > LASTS
