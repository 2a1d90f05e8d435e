"""A pack's signature: made by the command, kept by an install, and worth nothing once altered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanner.catalog.library import Library
from scanner.catalog.manifest import MANIFEST, SIGNATURE, VECTORS
from scanner.catalog.sign import check_pack_signature, sign_pack
from scanner.errors import PackDamagedError, UsageError
from scanner.signing import SignatureError, check_signature, new_key, read_public
from tests.conftest import Counterscan


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """A private key's file, and its public key."""
    file = tmp_path / "cloud.key"
    return file, new_key(file)


def test_the_commands_make_a_key_and_sign_a_pack_which_installs_as_before(
    demo_pack: Path, tmp_path: Path, counterscan: Counterscan
) -> None:
    file = tmp_path / "release.key"
    made = counterscan("cloud", "key", "new", file)
    public = made.stdout.split()[-1]
    assert file.stat().st_mode & 0o777 == 0o600
    assert "exists already" in counterscan("cloud", "key", "new", file).stderr
    signed = counterscan("catalog", "sign", demo_pack, "--key", file, "--json")
    assert json.loads(signed.stdout) == {"action": "sign", "pack": "demo@1"}
    assert check_pack_signature(demo_pack, [public]) == public
    library = Library(tmp_path / "data")
    installed = library.path(library.install(demo_pack))
    assert check_pack_signature(installed, [public]) == public


def test_a_pack_without_a_signature_or_with_a_strangers_is_refused(
    demo_pack: Path, tmp_path: Path, key: tuple[Path, str]
) -> None:
    file, public = key
    with pytest.raises(SignatureError, match="is not signed"):
        check_pack_signature(demo_pack, [public])
    stranger = new_key(tmp_path / "stranger.key")
    sign_pack(demo_pack, file)
    with pytest.raises(SignatureError, match="does not trust"):
        check_pack_signature(demo_pack, [stranger])
    with pytest.raises(SignatureError, match="trusts no key"):
        check_pack_signature(demo_pack, [])


@pytest.mark.parametrize("what", ["manifest", "signature", "named"])
def test_whatever_is_altered_is_refused(
    demo_pack: Path, tmp_path: Path, key: tuple[Path, str], what: str
) -> None:
    file, public = key
    sign_pack(demo_pack, file)
    manifest, signature = demo_pack / MANIFEST, demo_pack / SIGNATURE
    if what == "manifest":
        manifest.write_text(manifest.read_text().replace('version = "1"', 'version = "2"'))
    elif what == "signature":
        signature.write_text(signature.read_text().replace('signature = "', 'signature = "AAAA'))
    else:  # a stranger's signature under a trusted name
        new_key(tmp_path / "stranger.key")
        stranger = sign_pack(demo_pack, tmp_path / "stranger.key")[1]
        signature.write_text(signature.read_text().replace(stranger, public))
    with pytest.raises(SignatureError, match="changed after it was signed"):
        check_pack_signature(demo_pack, [public])


@pytest.mark.parametrize(
    "text", [b"", b"\xff", b"key = 3", b'key = "x"\nsignature = "y"', b'key = "AAAA"', b"[[["]
)
def test_scribble_is_no_signature(text: bytes, key: tuple[Path, str]) -> None:
    with pytest.raises(SignatureError, match="damaged"):
        check_signature(b"", text, "pack", [key[1]])


def test_one_kinds_signature_is_worth_nothing_for_another(
    demo_pack: Path, key: tuple[Path, str]
) -> None:
    file, public = key
    sign_pack(demo_pack, file)
    words = (demo_pack / MANIFEST).read_bytes(), (demo_pack / SIGNATURE).read_bytes()
    assert check_signature(*words, "pack", [public]) == public
    with pytest.raises(SignatureError):
        check_signature(*words, "models", [public])


def test_a_damaged_pack_is_not_signed(demo_pack: Path, key: tuple[Path, str]) -> None:
    (demo_pack / VECTORS).write_bytes(b"x")
    with pytest.raises(PackDamagedError):
        sign_pack(demo_pack, key[0])


def test_a_key_must_be_its_owners_alone_and_a_key(
    demo_pack: Path, tmp_path: Path, key: tuple[Path, str]
) -> None:
    key[0].chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        sign_pack(demo_pack, key[0])
    no_key = tmp_path / "no.key"
    no_key.touch(mode=0o600)
    with pytest.raises(UsageError, match="no Ed25519 key"):
        sign_pack(demo_pack, no_key)
    with pytest.raises(UsageError, match="can't be read"):
        sign_pack(demo_pack, tmp_path / "none.key")
    with pytest.raises(ValueError, match="no public key"):
        read_public("abc")
