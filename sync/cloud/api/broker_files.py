"""Mosquitto's password file and access list, kept as the database says, and read by it anew.

A line of a user whom the database does not know (the cloud's own, a dashboard's) stays as it is.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import logging
import os
import secrets
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scanner.errors import CounterscanError
from sync.cloud.broker import access_list
from sync.cloud.config_api import MosquittoSettings

log = logging.getLogger(__name__)

_ITERATIONS = 101
_SALT_BYTES = 12
_RELOAD_WITHIN_S = 20


class BrokerFilesError(CounterscanError, OSError):
    """The broker's files can't be written, or it can't be told of them."""


def password_hash(password: str) -> str:
    """Return a password as Mosquitto's file has it: `$7$`, PBKDF2 with SHA-512.

    Ours are random and long, so that its own few rounds are enough. Format: mosquitto_passwd(1).
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    return f"$7${_ITERATIONS}${_text(salt)}${_text(made)}"


class BrokerFiles:
    """The files of one Mosquitto. Usable from several threads and processes."""

    def __init__(self, settings: MosquittoSettings, cloud_user: str) -> None:
        """Only remember where they are; without a password file in the settings, do nothing."""
        self._settings = settings
        self._cloud_user = cloud_user
        self.is_ours = bool(settings.password_file)

    def write(self, devices: Mapping[str, str | None]) -> bool:
        """Let exactly these devices in, by the hash of their password; None is who must not.

        Returns whether anything was to be changed; then Mosquitto has been told.

        Raises:
            BrokerFilesError: with what to do.
        """
        if not self.is_ours:
            return False
        file = Path(self._settings.password_file)
        try:
            with _alone(file):
                has_changed = _write_passwords(file, devices)
                if self._settings.acl_file:
                    has_changed |= self._write_access_list(Path(self._settings.acl_file))
        except OSError as error:
            raise BrokerFilesError(
                f"The broker's files can't be written ({error}): let this user write {file.parent} "
                "(docs/CLOUD-API.md)."
            ) from None
        if has_changed:
            self._reload()
        return has_changed

    def has_user(self, name: str) -> bool:
        """Whether the broker lets somebody of this name in, or has rights for them.

        Raises:
            BrokerFilesError: with what to do.
        """
        settings = self._settings
        try:
            lines = [
                *(line.partition(":")[0] for line in _lines(settings.password_file)),
                *(line.removeprefix("user ").strip() for line in _lines(settings.acl_file)
                  if line.startswith("user ")),
            ]  # fmt: skip
        except OSError as error:
            raise BrokerFilesError(
                f"The broker's files can't be read ({error}): let this user read them "
                "(docs/CLOUD-API.md)."
            ) from None
        return name in lines

    def _write_access_list(self, file: Path) -> bool:
        wanted = access_list(self._cloud_user)
        present = file.read_text(encoding="utf-8") if file.exists() else None
        if present == wanted:
            return False
        if present is not None and f"\n{present}".count("\nuser ") != 1:
            # Somebody let a dashboard in by hand: theirs to merge.
            if wanted.split("\nuser ")[1] not in present:
                log.warning("%s differs from `counterscan cloud broker-acl`; it is left", file)
            return False
        _replace(file, wanted)
        return True

    def _reload(self) -> None:
        settings = self._settings
        try:
            if settings.pid_file:
                os.kill(int(Path(settings.pid_file).read_text(encoding="ascii")), signal.SIGHUP)
            elif settings.reload:
                subprocess.run(
                    shlex.split(settings.reload), check=True, capture_output=True,
                    timeout=_RELOAD_WITHIN_S,
                )  # fmt: skip
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise BrokerFilesError(
                f"The broker could not be told of its new passwords ({error}): set [mosquitto] "
                "reload or pid_file, and reload it by hand now."
            ) from None


def _write_passwords(file: Path, devices: Mapping[str, str | None]) -> bool:
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    others = [line for line in lines if line.partition(":")[0] not in devices]
    ours = [f"{name}:{made}" for name, made in sorted(devices.items()) if made is not None]
    wanted = others + ours
    if sorted(wanted) == sorted(lines) and file.exists():
        return False
    _replace(file, "".join(f"{line}\n" for line in wanted))
    return True


def _lines(file: str) -> list[str]:
    there = file and Path(file).exists()
    return Path(file).read_text(encoding="utf-8").splitlines() if there else []


def _replace(file: Path, text: str) -> None:
    """Write a file anew in one go, for the same readers as before."""
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    if file.exists():
        before = file.stat()
        new.chmod(before.st_mode & 0o770)
        if os.geteuid() == 0:
            os.chown(new, before.st_uid, before.st_gid)
    new.replace(file)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    lock = file.with_name(f".{file.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
