"""Ed25519 signatures of what comes over the network: packs and models.

What is signed is the folder's manifest, which names the SHA-256 of every other file. The signature
lies beside it in a small file of its own, so that the manifest stays as it was built:

key = "…"         # the public key it was made with
signature = "…"   # both base64
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
import tomllib
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scanner.catalog.disk import write_atomic
from scanner.errors import PackError, UsageError

MOST_BYTES = 4096
"""No signature's file is longer."""

_KEY_BYTES = 32


class SignatureError(PackError):
    """A signature is missing, wrong, or by a key that this device does not trust."""


class UntrustedKeyError(SignatureError):
    """The signature is by another key than the trusted ones: `key`."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(
            f"The {what} is signed with a key that this device does not trust ({key}): if it is "
            "the cloud's, put it into trusted_keys of the pairing file"
        )
        self.key = key


def new_key(file: Path) -> str:
    """Make a private key in a new file that its owner alone can read; return the public key.

    Raises UsageError when there is a file already, or none can be made.
    """
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError:
        raise UsageError(
            f"{file} exists already; a key that devices trust must not be lost, so choose another "
            "name"
        ) from None
    except OSError as error:
        raise UsageError(f"{file} can't be made: {error.strerror}; choose another place") from None
    return public_text(key.public_key())


def read_private_key(file: Path) -> Ed25519PrivateKey:
    """Read what `new_key` made. Raises UsageError, also when others may read the file."""
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{file} can't be read: {error.strerror}; `counterscan cloud key new FILE` makes a key"
        ) from None
    if mode & 0o077:
        raise UsageError(f"{file}: others can read this private key: chmod 600 {file}")
    try:
        key = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{file} holds no Ed25519 key; `counterscan cloud key new FILE` makes one")
    return key


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as the pairing file and the signature name it: 44 characters."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return base64.b64encode(raw).decode()


def read_public(text: str) -> Ed25519PublicKey:
    """The key that `public_text` wrote. Raises ValueError."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise ValueError("is no public key: copy what `counterscan cloud key new` printed")
    return Ed25519PublicKey.from_public_bytes(raw)


def sign_file(manifest: Path, signature: Path, what: str, key: Ed25519PrivateKey) -> str:
    """Sign a manifest; return the public key. Raises OSError.

    `what` is part of what is signed, so that one kind's signature is worth nothing for another.
    """
    signed = base64.b64encode(key.sign(_message(what, manifest.read_bytes()))).decode()
    public = public_text(key.public_key())
    write_atomic(signature, f'key = "{public}"\nsignature = "{signed}"\n'.encode())
    return public


def check_signature(
    manifest: bytes, signature: bytes, what: str, trusted: Sequence[str] | None
) -> str:
    """Return the trusted key that signed this manifest; with None for `trusted`, whichever did.

    Raises SignatureError, which says why.
    """
    if trusted is not None and not trusted:
        raise SignatureError(
            f"This device trusts no key, so that it takes no {what} from the network: put the "
            "cloud's public key into trusted_keys of its pairing file"
        )
    try:
        content = tomllib.loads(signature.decode())
        key, made = content["key"], base64.b64decode(content["signature"], validate=True)
        public = read_public(key)
    except (UnicodeDecodeError, ValueError, KeyError, TypeError):
        raise SignatureError(
            f"The signature of the {what} is damaged; have it signed again"
        ) from None
    if trusted is not None and key not in trusted:
        raise UntrustedKeyError(what, key)
    try:
        public.verify(made, _message(what, manifest))
    except InvalidSignature:
        raise SignatureError(
            f"The {what} was changed after it was signed; have it built and signed again"
        ) from None
    return str(key)


def _message(what: str, manifest: bytes) -> bytes:
    return f"counterscan {what} 1\n".encode() + manifest
