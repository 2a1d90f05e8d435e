from __future__ import annotations

from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from scanner.config import load_settings
from scanner.errors import ConfigError
from sync.cloud.config import read_cloud_config
from sync.link_words import refused_connection
from sync.pairing import Pairing
from tests.conftest import Counterscan

BROKER = 'broker = "mqtts://cloud.example"\nuser = "cloud"\n'


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "cloud.toml"
    file.touch(mode=mode)
    file.write_text(text, encoding="utf-8")
    return folder


def test_a_file_as_the_first_release_had_it_still_serves(tmp_path: Path) -> None:
    config = read_cloud_config(written(tmp_path, f'{BROKER}password = "p"\nca_file = "ca.pem"\n'))
    assert config.pairing().port == 8883
    assert config.pairing().ca_file == tmp_path / "ca.pem"
    assert config.database == ""


def test_without_a_file_there_is_sqlite_and_no_broker(tmp_path: Path) -> None:
    config = read_cloud_config(tmp_path)
    assert config.database == ""
    with pytest.raises(ConfigError, match="broker is not set"):
        config.pairing()


def test_secrets_come_from_files_and_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    folder = written(tmp_path, f'{BROKER}password_file = "secret"\n[http]\nport = 1\n')
    assert read_cloud_config(folder, environment={}).password == "from a file"
    environment = {
        "COUNTERSCAN_CLOUD_PASSWORD": "from the environment",
        "COUNTERSCAN_CLOUD_HTTP_PORT": "8123",
        "COUNTERSCAN_CLOUD_DATABASE_FILE": str(folder / "url"),
    }
    (folder / "url").touch(mode=0o600)
    (folder / "url").write_text("postgresql://me:x@db/cloud", encoding="utf-8")
    config = read_cloud_config(folder, environment=environment)
    assert config.password == "from the environment"
    assert config.http.port == 8123
    assert config.database == "postgresql+psycopg://me:x@db/cloud"
    assert "environment" not in repr(config)
    assert "me:x" not in repr(config)


def test_the_devices_settings_pass_over_the_clouds_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTERSCAN_CLOUD_PASSWORD", "p")
    load_settings(data_dir=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[http]\nprot = 1\n", "line 2: there is no setting http.prot .did you mean http.port"),
        ("[http]\nport = 'x'\n", "line 2: http.port: must be a whole number"),
        ("database = 'mysql://h/d'\n", "line 1: database: must be postgresql"),
        ("database = 'postgresql://h'\n", "line 1: database: must be postgresql"),
        ("redis = 'localhost'\n", "line 1: redis: must be redis://"),
        ("broker = 'cloud.example'\n", "broker: must be mqtts://"),
        ("broker = 'mqtt://h'\n", "a password or a client certificate is needed"),
        ("password = 'a'\npassword_file = 'b'\n", "password or password_file, not both"),
        ("password_file = 'none'\n", "none: there is no such file"),
        ("http = 1\n", "line 1: http: must be a table of settings"),
        ("x = \n", "cloud.toml, line 1: this is not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_cloud_config(written(tmp_path, text), environment={})


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_cloud_config(written(tmp_path, "database = 'mysql://me:hush@h/d'\n"), environment={})
    assert "hush" not in str(refused.value)


def test_a_file_open_to_everybody_is_refused(tmp_path: Path) -> None:
    written(tmp_path, BROKER)
    (tmp_path / "cloud.toml").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 640"):
        read_cloud_config(tmp_path)


def test_an_unknown_variable_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean COUNTERSCAN_CLOUD_PASSWORD"):
        read_cloud_config(tmp_path, environment={"COUNTERSCAN_CLOUD_PASWORD": "x"})


def test_a_cloud_that_the_broker_refuses_is_sent_to_its_own_settings(tmp_path: Path) -> None:
    (tmp_path / "cloud.toml").write_text('broker = "mqtt://localhost"\npassword = "x"\n')
    (tmp_path / "cloud.toml").chmod(0o600)
    reason = ReasonCode(PacketTypes.CONNACK, identifier=0x87)
    cloud = refused_connection(reason, read_cloud_config(tmp_path, environment={}).pairing())
    device = refused_connection(
        reason, Pairing(broker="mqtt://localhost", user="counter-1", password="x")
    )
    assert cloud.refused
    assert "cloud.toml" in cloud.text
    assert "Pair the device again" in device.text


def test_an_option_at_the_wrong_place_is_told_its_place(
    counterscan: Counterscan, tmp_path: Path
) -> None:
    said = counterscan("cloud", "job", "--data", tmp_path)
    assert said.returncode == 2
    assert "counterscan --data … cloud job" in said.stderr
