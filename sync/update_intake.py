"""Takes one announced file onto this device: fetched, taken apart, its signature and files checked.

It is installed then, and not in use.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from scanner.catalog.library import Library
from scanner.catalog.manifest import read_manifest
from scanner.catalog.sign import check_pack_signature
from scanner.errors import ModelError, PackError
from scanner.models_library import BUNDLE, ModelLibrary, read_bundle
from scanner.models_library import NAMES as MODEL_NAMES
from scanner.models_library import SIGNATURE as MODELS_SIGNATURE
from scanner.signing import MOST_BYTES, SignatureError, check_signature
from sync.fetch import Fetcher, Wanted
from sync.protocol_fleet import ModelsRelease, PackRelease, Release
from sync.unpack import PACK_NAMES, ArchiveError, unpack_archive

Told = Callable[[int], None]
"""Hears how many bytes of a file are here."""


class Intake:
    """The way in. For one thread."""

    def __init__(
        self, data_dir: Path, folder: Path, fetcher: Fetcher, trusted: Sequence[str]
    ) -> None:
        """`folder` is on the same disk as the libraries, and holds what is unfinished."""
        self._packs = Library(data_dir)
        self._models = ModelLibrary(data_dir)
        self._unpacked = folder / "unpacked"
        self._fetcher = fetcher
        self._trusted = trusted

    def take_pack(self, release: PackRelease, told: Told) -> None:
        """Install the announced pack; `told` hears what was fetched.

        Raises FetchError, PackError and AlreadyRunningError.
        """
        archive = self._fetch(release, told)
        try:
            unpack_archive(archive, self._unpacked, PACK_NAMES)
            check_pack_signature(self._unpacked, self._trusted)
            manifest = read_manifest(self._unpacked)
            wanted = (release.game, release.version, release.model_id)
            if (manifest.game, manifest.version, manifest.model_id) != wanted:
                raise ArchiveError(f"The file holds {manifest.pack_id}, which was not announced")
            _same_time(release, _time(manifest.created_at))
            self._packs.install(self._unpacked, move=True)
        finally:
            self._tidy(archive)

    def take_models(self, release: ModelsRelease, told: Told) -> None:
        """Install the announced models. Raises FetchError, PackError, ModelError."""
        archive = self._fetch(release, told)
        try:
            unpack_archive(archive, self._unpacked, MODEL_NAMES)
            check_models_signature(self._unpacked, self._trusted)
            bundle = read_bundle(self._unpacked)
            if (bundle.version, bundle.model_id) != (release.version, release.model_id):
                raise ArchiveError(f"The file holds {bundle.version}, which was not announced")
            _same_time(release, bundle.created_at)
            self._models.install(self._unpacked)
        finally:
            self._tidy(archive)

    def has_pack(self, release: PackRelease) -> bool:
        """Whether the announced version is installed, and signed as one from the network must be.

        Its files were compared when it was installed, and are again before it is used.
        """
        try:
            path = self._packs.path(f"{release.game}@{release.version}")
            check_pack_signature(path, self._trusted)
            return read_manifest(path).model_id == release.model_id
        except PackError:
            return False

    def has_models(self, release: ModelsRelease) -> bool:
        """Whether the announced models are installed."""
        try:
            path = self._models.path(release.version)
            check_models_signature(path, self._trusted)
            return read_bundle(path).model_id == release.model_id
        except (PackError, ModelError):
            return False

    def _fetch(self, release: Release, told: Told) -> Path:
        return self._fetcher.fetch(Wanted(release.url, release.size_bytes, release.sha256), told)

    def _tidy(self, archive: Path) -> None:
        archive.unlink(missing_ok=True)
        shutil.rmtree(self._unpacked, ignore_errors=True)


def check_models_signature(folder: Path, trusted: Sequence[str] | None) -> str:
    """Return the trusted key that signed the models in a folder, or any with None.

    Raises SignatureError.
    """
    try:
        manifest = (folder / BUNDLE).read_bytes()
        with (folder / MODELS_SIGNATURE).open("rb") as file:
            signature = file.read(MOST_BYTES)
    except OSError:
        raise SignatureError("The models are not signed") from None
    return check_signature(manifest, signature, "models", trusted)


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _same_time(release: Release, built: datetime | None) -> None:
    """What was signed counts, and the announcement must not say otherwise."""
    if built != release.created_at:
        raise ArchiveError(
            f"The file was built at {built}, and {release.created_at.isoformat()} was announced"
        )
