"""Pairs this device with a cloud by a code: asks for its credentials and writes them down."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scanner.errors import CounterscanError, UsageError
from sync.pairing import read_pairing
from sync.tls import tls_refusal, trusting

_WITHIN_S = 30.0
_LARGEST_ANSWER_BYTES = 64 * 1024
_NO_CLOUD = "What answers there is no Counterscan cloud: look at the address."


class EnrolError(CounterscanError, RuntimeError):
    """The cloud does not let this device in, or can't be reached; the message says what to do."""


class _Told(BaseModel):
    """What the cloud answers."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    broker: str = Field(max_length=400)
    user: str = Field(max_length=63)
    password: str = Field(max_length=200, repr=False)
    ca: str = Field("", max_length=32_000)
    trusted_keys: tuple[str, ...] = Field((), max_length=20)


def enrol(
    url: str, code: str, file: Path, transport: httpx.BaseTransport | None = None,
    ca_file: Path | None = None,
) -> str:  # fmt: skip
    """Ask the cloud at `url` for this device's credentials, write `file`; the device's name.

    `ca_file` is the certificate of who signed the cloud's, where the system does not know them.

    Raises:
        UsageError: the address can't be one.
        EnrolError: the cloud refuses the code, or does not answer as it should.
        ConfigError: what it told makes no pairing; then what was there before stays.
    """
    address = f"{checked_url(url)}/api/v1/enrol"
    verify = trusting(ca_file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with httpx.Client(timeout=_WITHIN_S, transport=transport, verify=verify) as client:
            answer = _asked(client, address, code)
        told = _read(answer)
        _write(file, told)
    except httpx.HTTPError as error:
        if why := tls_refusal(error, f"the cloud at {url}", "--ca-file"):
            raise EnrolError(
                f"{why} The code still holds if it is younger than 15 minutes."
            ) from None
        raise EnrolError(
            f"The cloud at {url} can't be reached ({error}): look at the address and the network, "
            "then try again; the code still holds if it is younger than 15 minutes."
        ) from None
    except OSError as error:
        raise EnrolError(
            f"{file} can't be written ({error}): make a new code and run this as the user of the "
            "service."
        ) from None
    return told.user


def checked_url(url: str) -> str:
    """Return the address of a cloud's API. Raises UsageError where secrets must not go there."""
    parts = urlsplit(url)
    is_near = parts.hostname == "localhost"
    with suppress(ValueError):
        is_near = is_near or ipaddress.ip_address(parts.hostname or "").is_loopback
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise UsageError(f"{url} is no address of a cloud: write it like https://cloud.example")
    if parts.scheme == "http" and not is_near:
        raise UsageError(f"{url} would send secrets in the clear: use https://")
    return url.rstrip("/")


def _asked(client: httpx.Client, address: str, code: str) -> httpx.Response:
    """The answer; no more of it is read than a cloud would say."""
    found = b""
    headers = {"Accept-Encoding": "identity"}
    with client.stream("POST", address, json={"code": code}, headers=headers) as answer:
        for part in answer.iter_bytes():
            found += part
            if len(found) > _LARGEST_ANSWER_BYTES:
                raise EnrolError(_NO_CLOUD)
        return httpx.Response(answer.status_code, content=found)


def _read(answer: httpx.Response) -> _Told:
    if answer.status_code != httpx.codes.OK:
        raise EnrolError(reason(answer))
    try:
        return _Told.model_validate_json(answer.content)
    except ValidationError:
        raise EnrolError(_NO_CLOUD) from None


def reason(answer: httpx.Response) -> str:
    """Why a cloud refused, as it said it, or that what answers is none."""
    try:
        said = json.loads(answer.content[:_LARGEST_ANSWER_BYTES])["error"]
    except (ValueError, KeyError, TypeError):
        return (
            f"What answers there is no Counterscan cloud (status {answer.status_code}): look at "
            "the address."
        )
    return " ".join(str(said).split())[:400]


def _write(file: Path, told: _Told) -> None:
    """Write the pairing in one go, readable by this user alone, once it is known to be one."""
    new = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    authority = file.with_name("cloud-ca.pem")
    lines: dict[str, str | tuple[str, ...]] = {
        "broker": told.broker,
        "user": told.user,
        "password": told.password,
    }
    if told.trusted_keys:
        lines["trusted_keys"] = told.trusted_keys
    if told.ca:
        authority.write_text(told.ca, encoding="utf-8")
        lines["ca_file"] = authority.name
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            # JSON's strings are TOML's; it alone forbids the delete character.
            texts = {
                key: json.dumps(text).replace("\x7f", "\\u007f") for key, text in lines.items()
            }
            opened.write("".join(f"{key} = {text}\n" for key, text in texts.items()))
        read_pairing(new)
        if file.exists():
            _let_the_same_read(file, new)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _let_the_same_read(before: Path, new: Path) -> None:
    status = before.stat()
    new.chmod(status.st_mode & 0o660)
    if os.geteuid() == 0:
        os.chown(new, status.st_uid, status.st_gid)
