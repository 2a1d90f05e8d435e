from __future__ import annotations

from pathlib import Path

import pytest

from scanner.config import load_settings
from scanner.errors import ConfigError
from sync.pairing import read_pairing
from tests.conftest import Counterscan

GOOD = 'broker = "mqtts://cloud.example"\nuser = "counter-1"\npassword = "secret"\n'


def written(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    file = tmp_path / "sync.toml"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_the_file_says_who_this_device_is(tmp_path: Path) -> None:
    pairing = read_pairing(written(tmp_path, GOOD + 'ca_file = "ca.pem"\n'))
    assert (pairing.host, pairing.port, pairing.encrypted) == ("cloud.example", 8883, True)
    assert pairing.ca_file == tmp_path / "ca.pem"
    assert "secret" not in repr(pairing)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOOD.replace("mqtts", "https"), "broker: must be mqtts"),
        (GOOD.replace("counter-1", "a/b"), "line 2: user: may have letters, digits"),
        (GOOD.replace('password = "secret"\n', ""), "a password or a client certificate"),
        (GOOD + 'cert_file = "a.pem"\n', "belong together"),
        (
            GOOD + "trusted_key = 1\n",
            "line 4: a pairing has no trusted_key; did you mean trusted_keys",
        ),
        (GOOD + "ca_file = 3\n", "line 4: ca_file: must be"),
        ("broker =", "sync.toml, line 1: this is not TOML"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        read_pairing(written(tmp_path, text))
    assert "secret" not in str(caught.value)


def test_a_secret_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="chmod 640"):
        read_pairing(written(tmp_path, GOOD, 0o644))


def test_the_file_is_looked_for_in_the_data_folder(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    assert settings.sync.file(tmp_path) == tmp_path / "sync.toml"
    settings = load_settings(data_dir=tmp_path, sync__pairing_file="/etc/other.toml")
    assert settings.sync.file(tmp_path) == Path("/etc/other.toml")


def test_a_device_that_is_not_paired_says_so(counterscan: Counterscan, tmp_path: Path) -> None:
    said = counterscan("--data", tmp_path, "sync")
    assert said.returncode == 2
    assert "not paired with a cloud" in said.stderr
    assert said.stderr.count("\n") == 1
