"""Packs and models that the cloud gives to its devices: archives, and what is announced of each.

In the cloud's data folder, `releases/files/SHA256.tar` are the archives, `releases/TARGET@CHANNEL`
what is announced now: a message of the protocol, or nothing where it was withdrawn. The archives
are named by their content, so that an address always means the same bytes.
"""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.catalog.disk import disk_errors, sha256_file, sync_folder, write_atomic
from scanner.catalog.manifest import (
    FILES,
    MANIFEST,
    SIGNATURE,
    check_files,
    check_pictures,
    picture_digests,
    picture_name,
    read_manifest,
)
from scanner.errors import PackError, UsageError
from scanner.models_library import BUNDLE, check_bundle, write_bundle
from scanner.models_library import SIGNATURE as MODELS_SIGNATURE
from scanner.signing import sign_file
from sync.protocol import part
from sync.protocol_fleet import (
    ModelsRelease,
    PackRelease,
    Release,
    models_release_topic,
    pack_release_topic,
)

_MODELS = "models"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A retained message; an empty payload withdraws what was announced."""

    topic: str
    payload: bytes


class Releases:
    """The folder `releases` of the cloud's data folder."""

    def __init__(self, data_dir: Path, url: str) -> None:
        """`url` is where devices reach the folder `files`, without a slash at the end."""
        self.folder = data_dir / "releases"
        self.files = self.folder / "files"
        self._url = url.rstrip("/")

    def publish_pack(
        self, pack: Path, channel: str, *, rollback: bool, key: Ed25519PrivateKey | None
    ) -> PackRelease:
        """Keep an archive of a signed pack and announce it; with `key`, sign it first.

        Raises PackError, UsageError.
        """
        manifest = read_manifest(pack)
        check_files(pack, manifest)
        check_pictures(pack, manifest)
        with disk_errors(self.folder, "publish it again"):
            if key is not None:
                sign_file(pack / MANIFEST, pack / SIGNATURE, "pack", key)
            if not (pack / SIGNATURE).exists():
                raise UsageError(
                    f"{pack} is not signed: `counterscan catalog sign {pack} --key FILE`, or add "
                    "--key FILE here"
                )
            pictures = (picture_name(digest) for digest in picture_digests(pack))
            digest, size = self._archive(pack, (MANIFEST, SIGNATURE, *FILES, *pictures))
            release = PackRelease(
                game=manifest.game, channel=channel, version=manifest.version,
                created_at=datetime.fromisoformat(manifest.created_at),
                model_id=manifest.model_id, size_bytes=size, sha256=digest,
                url=self._address(digest), rollback=rollback,
            )  # fmt: skip
            self._announce(f"pack-{part(manifest.game)}", release)
        return release

    def publish_models(
        self, models: Path, channel: str, *, rollback: bool, key: Ed25519PrivateKey | None
    ) -> ModelsRelease:
        """As `publish_pack`, of a folder of models: `manifest.toml`, the calibration, the files.

        A folder with `bundle.toml` is published as it is, signature and all: to go back to it.
        """
        with disk_errors(self.folder, "publish it again"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder, prefix=".models-") as work:
                bundle_dir = models
                if not (models / BUNDLE).exists():
                    if key is None:
                        raise UsageError("Models are signed when published: add --key FILE")
                    bundle_dir = Path(work) / "bundle"
                    write_bundle(models, bundle_dir)
                    sign_file(bundle_dir / BUNDLE, bundle_dir / MODELS_SIGNATURE, "models", key)
                bundle = check_bundle(bundle_dir)
                names = (BUNDLE, MODELS_SIGNATURE, *bundle.files)
                digest, size = self._archive(bundle_dir, names)
                release = ModelsRelease(
                    channel=channel, version=bundle.version, created_at=bundle.created_at,
                    model_id=bundle.model_id, size_bytes=size, sha256=digest,
                    url=self._address(digest), rollback=rollback,
                )  # fmt: skip
                self._announce(_MODELS, release)
        return release

    def withdraw(self, target: str, channel: str) -> None:
        """Announce `pack/GAME`, or `models`, no longer. Devices keep what they have.

        Raises UsageError where it is not announced.
        """
        game = target.removeprefix("pack/")
        name = _MODELS if target == _MODELS else f"pack-{part(game)}"
        file = self.folder / f"{name}@{channel}.json"
        if not file.exists():
            raise UsageError(f"{target!r} is not announced on the channel {channel!r}")
        topic = models_release_topic(channel)
        if target != _MODELS:
            topic = pack_release_topic(game, channel)
        self._write(file, {"topic": topic, "release": None})

    def announcements(self) -> list[Announcement]:
        """All that is announced, and what was withdrawn."""
        found = []
        for file in sorted(self.folder.glob("*@*.json")):
            content = json.loads(file.read_bytes())
            release = content["release"]
            payload = b"" if release is None else json.dumps(release).encode()
            found.append(Announcement(content["topic"], payload))
        return found

    def changed_at(self) -> int:
        """Changes when something is announced or withdrawn."""
        try:
            return self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _address(self, digest: str) -> str:
        if not self._url:
            raise UsageError(
                "Devices must know where to fetch it: set files.url in cloud.toml to the address "
                "that they reach this cloud under, https://cloud.example/files"
            )
        return f"{self._url}/{digest}.tar"

    def _archive(self, folder: Path, names: Iterable[str]) -> tuple[str, int]:
        """Put files into an archive that is the same whenever they are; its digest and size."""
        self.files.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.files, prefix=".new-", delete=False) as file:
            new = Path(file.name)
            try:
                with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
                    for name in names:
                        member = tarfile.TarInfo(name)
                        member.size = (folder / name).stat().st_size
                        with (folder / name).open("rb") as source:
                            archive.addfile(member, source)
                file.flush()
                digest, size = sha256_file(new), new.stat().st_size
                new.chmod(0o644)
                new.rename(self.files / f"{digest}.tar")
            except FileNotFoundError as error:
                raise PackError(f"{error.filename} is missing; build it again") from None
            finally:
                new.unlink(missing_ok=True)
        sync_folder(self.files)
        return digest, size

    def _announce(self, name: str, release: Release) -> None:
        topic = models_release_topic(release.channel)
        if isinstance(release, PackRelease):
            topic = pack_release_topic(release.game, release.channel)
        content = {"topic": topic, "release": release.model_dump(mode="json")}
        self._write(self.folder / f"{name}@{release.channel}.json", content)
        self._forget_old()

    def _write(self, file: Path, content: object) -> None:
        write_atomic(file, json.dumps(content, indent=1).encode())

    def _forget_old(self) -> None:
        """Delete archives that are announced no longer; the newest may still be under way."""
        announced = {
            json.loads(one.payload)["sha256"] for one in self.announcements() if one.payload
        }
        old = [path for path in self.files.glob("*.tar") if path.stem not in announced]
        old.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in old[max(len(announced), 2) :]:
            path.unlink(missing_ok=True)


def is_models(folder: Path) -> bool:
    """Whether a folder holds models rather than a pack."""
    return not (folder / MANIFEST).exists() and (folder / "manifest.toml").exists()
