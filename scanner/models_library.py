"""Models that came over the network: whole sets, switched in one step, with a way back.

`models/<version>/` in the data folder are the sets, `models/current` names the one in use and the
one before it; where it names none, the models that came with the program are used. A set is the
models' manifest, the calibration that was fitted on them, and the `.tflite` files; `bundle.toml`
has the SHA-256 of each, and `bundle.sig` signs it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scanner.calibration import FILE as CALIBRATION
from scanner.calibration import read_calibration
from scanner.catalog.current import read_current, write_current
from scanner.catalog.disk import disk_errors, locked, sha256_file, sync_folder, write_synced
from scanner.catalog.manifest import is_name
from scanner.errors import ModelError
from scanner.models import models_by_digest, read_manifest

log = logging.getLogger(__name__)

FORMAT = 1
"""Changes with what the program asks of its models; sets of another format are passed over."""

BUNDLE = "bundle.toml"
SIGNATURE = "bundle.sig"
_MANIFEST = "manifest.toml"
_CURRENT = "current"
_UNFINISHED = ".installing-"
_MODEL_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}\.tflite")
NAMES = re.compile(
    "|".join(
        (*(re.escape(name) for name in (BUNDLE, SIGNATURE, _MANIFEST, CALIBRATION)),
         _MODEL_NAME.pattern)
    )
)  # fmt: skip
"""What a set may hold."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The content of `bundle.toml`; `model_id` is the embedder's, which packs are made for."""

    version: str
    created_at: datetime
    model_id: str
    files: dict[str, str]


def write_bundle(models: Path, out: Path) -> Bundle:
    """Copy the set in the folder `models` to the new folder `out`, and describe it there.

    Raises ModelError where a file is missing or damaged.
    """
    names = sorted(models_by_digest(models))
    if not names:
        raise ModelError(f"{models} holds no models: it has no {_MANIFEST} that names any")
    files = {_MANIFEST, CALIBRATION}
    for name in names:
        files.add(read_manifest(name, models).path.name)
    read_calibration(models)
    if odd := [name for name in files if not NAMES.fullmatch(name)]:
        raise ModelError(f"{odd[0]!r} can't be a model's name; use letters, digits and dashes")
    model_id = read_manifest("embedder", models).model_id
    now = datetime.now(UTC).replace(microsecond=0)
    with disk_errors(out, "try again"):
        out.mkdir(parents=True)
        for name in files:
            shutil.copyfile(models / name, out / name)
        digests = {name: sha256_file(out / name) for name in sorted(files)}
        content = hashlib.sha256("".join(digests.values()).encode()).hexdigest()
        bundle = Bundle(f"{now:%Y%m%d}-{content[:6]}", now, model_id, digests)
        lines = [
            f"format = {FORMAT}",
            f"version = {json.dumps(bundle.version)}",
            f'created_at = "{now:%Y-%m-%dT%H:%M:%SZ}"',
            f"model_id = {json.dumps(model_id)}",
            "",
            "[files]",
            *(f"{json.dumps(name)} = {json.dumps(digest)}" for name, digest in digests.items()),
        ]
        write_synced(out / BUNDLE, ("\n".join(lines) + "\n").encode())
    return bundle


def read_bundle(folder: Path) -> Bundle:
    """What the set in a folder says of itself. Raises ModelError."""
    path = folder / BUNDLE
    try:
        content = tomllib.loads(path.read_text("utf-8"))
        if content["format"] != FORMAT:
            raise ModelError(
                f"The models in {folder} are of format {content['format']!r} and this program "
                f"reads format {FORMAT}; update Counterscan"
            )
        found = Bundle(
            content["version"],
            datetime.fromisoformat(content["created_at"]),
            str(content["model_id"]),
            {str(name): str(digest) for name, digest in content["files"].items()},
        )
        sound = is_name(found.version) and found.created_at.tzinfo is not None
    except OSError as error:
        raise ModelError(f"{path} can't be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged ({error})") from error
    if not sound or not all(NAMES.fullmatch(name) for name in found.files):
        raise ModelError(f"{path} is damaged: it names what can't be in it")
    return found


def check_bundle(folder: Path) -> Bundle:
    """Compare every file of a set with its checksum. Raises ModelError."""
    bundle = read_bundle(folder)
    for name, digest in bundle.files.items():
        try:
            found = sha256_file(folder / name)
        except OSError as error:
            raise ModelError(f"{folder / name} can't be read ({error.strerror})") from error
        if found != digest:
            raise ModelError(f"{folder / name} is damaged (its checksum differs)")
    for name in models_by_digest(folder):
        if read_manifest(name, folder).path.name not in bundle.files:
            raise ModelError(f"The model {name} in {folder} is not covered by its {BUNDLE}")
    if not {_MANIFEST, CALIBRATION} <= bundle.files.keys():
        raise ModelError(f"{folder} lacks {_MANIFEST} or {CALIBRATION}")
    if read_manifest("embedder", folder).model_id != bundle.model_id:
        raise ModelError(f"{folder} holds another embedder than it says")
    return bundle


class ModelLibrary:
    """The folder `models` in the data folder. Every change is made under one lock."""

    def __init__(self, data_dir: Path) -> None:
        """Name the library; nothing is read or made yet."""
        self.folder = data_dir / "models"

    def current(self) -> str | None:
        """The version in use; None for the models that came with the program."""
        return read_current(self.folder / _CURRENT)[0]

    def previous(self) -> str | None:
        """The version in use before; None for none, or for those of the program."""
        return read_current(self.folder / _CURRENT)[1]

    def path(self, version: str) -> Path:
        """Where a version is, if it is installed."""
        return self.folder / version

    def versions(self) -> list[str]:
        """Every installed version."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if (path / BUNDLE).is_file())

    def install(self, source: Path) -> str:
        """Take the folder `source`, which must be on the same disk, as an installed version.

        It is not used until `use`. Raises ModelError, PackError and AlreadyRunningError.
        """
        with self._changing("try again"):
            bundle = check_bundle(source)
            target = self.folder / bundle.version
            for leftover in self.folder.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(leftover)
            if target.exists():
                doomed = self.folder / f"{_UNFINISHED}{bundle.version}"
                target.rename(doomed)
                shutil.rmtree(doomed)
            os.sync()
            source.rename(target)
            sync_folder(self.folder)
        return bundle.version

    def use(self, version: str | None) -> None:
        """Put a version in use (None: those of the program); the one before it stays."""
        with self._changing("try again"):
            if version is not None:
                check_bundle(self.folder / version)
            in_use = self.current()
            if in_use != version:
                write_current(self.folder / _CURRENT, version, in_use)

    def keep_only(self, versions: Sequence[str | None]) -> None:
        """Delete every installed version but these."""
        with self._changing("try again"):
            for version in self.versions():
                if version not in versions and version != self.current():
                    doomed = self.folder / f"{_UNFINISHED}{version}"
                    (self.folder / version).rename(doomed)
                    shutil.rmtree(doomed)

    @contextmanager
    def _changing(self, afterwards: str) -> Iterator[None]:
        with disk_errors(self.folder, afterwards):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", "Another change of the models"):
                yield


def models_in_use(data_dir: Path) -> Path | None:
    """The folder of the models in use; None for those that came with the program."""
    library = ModelLibrary(data_dir)
    version = library.current()
    if version is None:
        return None
    try:
        read_bundle(library.path(version))
    except ModelError as error:
        log.warning("the models that came with the program are used: %s", error)
        return None
    return library.path(version)
