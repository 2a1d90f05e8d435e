"""Packs and models that the cloud gives to its devices: archives, and what is announced of each.

In the cloud's data folder, `releases/files/SHA256.tar` are the archives, `releases/TARGET@CHANNEL`
what is announced now: a message of the protocol, or nothing where it was withdrawn, and what was
before. The archives are named by their content, so that an address always means the same bytes.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner.catalog.disk import disk_errors, locked, write_atomic
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
from scanner.catalog.sign import check_pack_signature
from scanner.errors import PackError, UsageError
from scanner.models_library import BUNDLE, check_bundle, write_bundle
from scanner.models_library import SIGNATURE as MODELS_SIGNATURE
from scanner.signing import sign_file
from scanner.tables import utc_now
from sync.cloud.release_archive import write_archive
from sync.cloud.release_names import MODELS, PACKS, check_channel
from sync.protocol import part, unpart
from sync.protocol_fleet import (
    ModelsRelease,
    PackRelease,
    Release,
    models_release_topic,
    pack_release_topic,
)
from sync.update_intake import check_models_signature

Released = TypeVar("Released", PackRelease, ModelsRelease)
_MOST_FORMER = 5
_FORMER_KEPT = 2
"""Of how many announcements before the present one the archives stay, to go back to."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A retained message; an empty payload withdraws what was announced."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """What is announced of one target on one channel; `release` is None where it was withdrawn.

    `target` is `pack/GAME`, or `models`. `former` are those announced before, newest first.
    """

    target: str
    channel: str
    release: Release | None
    changed_at: datetime
    former: tuple[Release, ...]


class Releases:
    """The folder `releases` of the cloud's data folder."""

    def __init__(self, data_dir: Path, url: str) -> None:
        """`url` is where devices reach the folder `files`, without a slash at the end."""
        self.folder = data_dir / "releases"
        self.files = self.folder / "files"
        self._url = url.rstrip("/")

    def publish_pack(
        self, pack: Path, channel: str, *, rollback: bool, key: Ed25519PrivateKey | None,
        about: str = "",
    ) -> PackRelease:  # fmt: skip
        """Keep an archive of a signed pack and announce it; with `key`, sign it first.

        `about` tells people what is new in it.

        Raises PackError, UsageError and AlreadyRunningError.
        """
        check_channel(channel)
        manifest = read_manifest(pack)
        check_files(pack, manifest)
        check_pictures(pack, manifest)
        with self._changing():
            if key is not None:
                sign_file(pack / MANIFEST, pack / SIGNATURE, "pack", key)
            if not (pack / SIGNATURE).exists():
                raise UsageError(
                    f"{pack} is not signed: `counterscan catalog sign {pack} --key FILE`, or add "
                    "--key FILE here"
                )
            check_pack_signature(pack, None)
            pictures = (picture_name(digest) for digest in picture_digests(pack))
            archive = write_archive(self.files, pack, (MANIFEST, SIGNATURE, *FILES, *pictures))
            return self._announce(
                PackRelease, PACKS + manifest.game, archive, game=manifest.game, channel=channel,
                version=manifest.version, created_at=manifest.created_at,
                model_id=manifest.model_id, rollback=rollback, cards=manifest.cards, about=about,
            )  # fmt: skip

    def publish_models(
        self, models: Path, channel: str, *, rollback: bool, key: Ed25519PrivateKey | None,
        about: str = "",
    ) -> ModelsRelease:  # fmt: skip
        """As `publish_pack`, of a folder of models: `manifest.toml`, the calibration, the files.

        A folder with `bundle.toml` is published as it is, signature and all: to go back to it.
        """
        check_channel(channel)
        with (
            self._changing(),
            tempfile.TemporaryDirectory(dir=self.folder, prefix=".models-") as work,
        ):
            bundle_dir = models
            if not (models / BUNDLE).exists():
                if key is None:
                    raise UsageError("Models are signed when published: add --key FILE")
                bundle_dir = Path(work) / "bundle"
                write_bundle(models, bundle_dir)
                sign_file(bundle_dir / BUNDLE, bundle_dir / MODELS_SIGNATURE, "models", key)
            check_models_signature(bundle_dir, None)
            bundle = check_bundle(bundle_dir)
            archive = write_archive(
                self.files, bundle_dir, (BUNDLE, MODELS_SIGNATURE, *bundle.files)
            )
            return self._announce(
                ModelsRelease, MODELS, archive, channel=channel, version=bundle.version,
                created_at=bundle.created_at.isoformat(), model_id=bundle.model_id,
                rollback=rollback, about=about,
            )  # fmt: skip

    def withdraw(self, target: str, channel: str) -> None:
        """Announce `pack/GAME`, or `models`, no longer. Devices keep what they have.

        Raises UsageError where it is not announced.
        """
        check_channel(channel)
        with self._changing():
            file = self._file(target, channel)
            before = _read(file)
            if before is None or before["release"] is None:
                raise UsageError(f"{target!r} is not announced on the channel {channel!r}")
            self._write(file, before["topic"], None, before)

    def standing(self) -> list[Standing]:
        """How each target stands on each channel."""
        found = []
        for file in sorted(self.folder.glob("*@*.json")):
            content = _read(file)
            if content is None:
                continue
            name, _, channel = file.stem.rpartition("@")
            target = MODELS if name == MODELS else PACKS + unpart(name.removeprefix("pack-"))
            kind = ModelsRelease if target == MODELS else PackRelease
            release = content["release"]
            found.append(
                Standing(
                    target, channel, None if release is None else kind.model_validate(release),
                    _changed_at(file, content),
                    tuple(kind.model_validate(each) for each in content.get("former", ())),
                )
            )  # fmt: skip
        return found

    def archive_of(self, release: Release) -> Path | None:
        """Where the archive of something announced lies; None where it is kept no longer."""
        path = self.files / f"{release.sha256}.tar"
        return path if path.is_file() else None

    def announcements(self) -> list[Announcement]:
        """All that is announced, and what was withdrawn."""
        found = []
        for file in sorted(self.folder.glob("*@*.json")):
            content = _read(file)
            if content is not None:
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

    def _announce(
        self, kind: type[Released], target: str, archive: tuple[str, int], *, created_at: str,
        channel: str, version: str, **more: object,
    ) -> Released:  # fmt: skip
        digest, size = archive
        address = self._address(digest)
        try:
            built_at = datetime.fromisoformat(created_at)
            if built_at.tzinfo is None:
                raise ValueError("the time at which it was built has no zone")
            release = kind.model_validate({
                "channel": channel, "version": version, "size_bytes": size, "sha256": digest,
                "url": address, "created_at": built_at, **more,
            })  # fmt: skip
        except ValueError as error:
            raise PackError(
                f"{version} can't be announced as it tells of itself: {error}"
            ) from None
        topic = models_release_topic(channel)
        if isinstance(release, PackRelease):
            topic = pack_release_topic(release.game, channel)
        file = self._file(target, channel)
        self._write(file, topic, release.model_dump(mode="json"), _read(file) or {})
        self._forget_old()
        return release

    def _file(self, target: str, channel: str) -> Path:
        name = MODELS if target == MODELS else f"pack-{part(target.removeprefix(PACKS))}"
        return self.folder / f"{name}@{channel}.json"

    def _write(
        self, file: Path, topic: str, release: dict[str, Any] | None, before: Mapping[str, Any]
    ) -> None:
        """Change what is announced; what was before goes on top of what was still earlier."""
        earlier = [each for each in (before.get("release"), *before.get("former", ())) if each]
        now = None if release is None else release["sha256"]
        content = {
            "topic": topic, "release": release, "changed_at": utc_now().isoformat(),
            "former": [each for each in earlier if each["sha256"] != now][:_MOST_FORMER],
        }  # fmt: skip
        write_atomic(file, json.dumps(content, indent=1).encode())

    def _forget_old(self) -> None:
        """Delete archives that nobody goes back to; the newest may still be under way."""
        kept = set()
        for one in self.standing():
            kept |= {each.sha256 for each in one.former[:_FORMER_KEPT]}
            if one.release is not None:
                kept.add(one.release.sha256)
        old = [path for path in self.files.glob("*.tar") if path.stem not in kept]
        old.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in (*old[2:], *self.files.glob(".new-*")):
            path.unlink(missing_ok=True)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time, whichever process makes it."""
        with disk_errors(self.folder, "publish it again"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with locked(self.folder / ".lock", "Another publication"):
                yield


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    return content


def _changed_at(file: Path, content: Mapping[str, Any]) -> datetime:
    told = content.get("changed_at")
    if isinstance(told, str):
        return datetime.fromisoformat(told)
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
