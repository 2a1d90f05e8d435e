from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from scanner.config import explain_settings, load_settings, setting_paths
from scanner.config_sources import line_of
from scanner.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    file = folder / "counterscan.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_any_source_the_defaults_are_in_force(own_home: Path) -> None:
    settings = load_settings()
    assert settings.web.port == 8080
    assert settings.camera.driver == "simulated"
    assert settings.data_dir == own_home / ".local/share/counterscan"


def test_the_data_folder_follows_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert load_settings().data_dir == tmp_path / "counterscan"


def test_what_comes_later_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, "[web]\nport = 1\nhost = '127.0.0.1'\n[crops]\nkeep_days = 3\n")
    assert load_settings(file).web.port == 1
    monkeypatch.setenv("COUNTERSCAN_WEB_PORT", "2")
    assert load_settings(file).web.port == 2
    settings = load_settings(file, web__port=3, crops__keep_days=None)
    assert settings.web.port == 3
    assert settings.web.host == "127.0.0.1"
    assert settings.crops.keep_days == 3


def test_the_users_file_is_found_without_being_named(own_home: Path) -> None:
    folder = own_home / ".config/counterscan"
    folder.mkdir(parents=True)
    write(folder, "[web]\nport = 81\n")
    assert load_settings().web.port == 81


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSCAN_CONFIG", str(write(tmp_path, "[web]\nport = 82\n")))
    assert load_settings().web.port == 82


def test_the_environment_lists_packs_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSCAN_CATALOG_PACKS", "demo@1, harbour")
    assert load_settings().catalog.packs == ("demo@1", "harbour")


def test_a_relative_data_folder_in_a_file_lies_beside_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, 'data_dir = "shop"\n')
    assert load_settings(file).data_dir == tmp_path / "shop"


def test_settings_are_frozen() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.web.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[web]\nport = 80\nprot = 81\n", 3, "web.prot (did you mean web.port?)"),
        ("# shop\n\n[wbe]\nport = 80\n", 4, "no setting wbe"),
        ("web.prot = 81\n", 1, "web.prot"),
        ("[web]\n'host' = '::1'\nport = 99999\n", 3, "web.port is 99999 but must be less than"),
        ("[crops]\nkeep_days = 'long'\n", 2, "crops.keep_days is 'long'"),
        ("\nweb = 80\n", 2, "[web] is a table"),
        ("[camera]\ndriver = 'replay'\n", 2, "camera.path"),
        ("[feeder]\nmotor_pin = 22\n", 2, "its own number"),
        ("[feeder]\njam_timeout_s = nan\n", 2, "finite"),
        ("[web]\nport 80\n", 2, "this is not TOML"),
        ("[web\n", 1, "this is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    message = str(caught.value)
    assert message.startswith(f"{file}, line {line}: ")
    assert says in message
    assert "\n" not in message


def test_an_unknown_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSCAN_WEB_PROT", "1")
    with pytest.raises(ConfigError, match="COUNTERSCAN_WEB_PROT.*COUNTERSCAN_WEB_PORT"):
        load_settings()


def test_a_wrong_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUNTERSCAN_WEB_PORT", "many")
    with pytest.raises(ConfigError, match="environment COUNTERSCAN_WEB_PORT: web.port is 'many'"):
        load_settings()


def test_a_wrong_option_is_refused() -> None:
    with pytest.raises(ConfigError, match="command line: web.port"):
        load_settings(web__port=-1)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such settings file"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="can't be read"):
        load_settings(tmp_path)
    (tmp_path / "picture.toml").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(tmp_path / "picture.toml")


def test_the_explanation_is_a_settings_file_that_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "[web]\nport = 80\n[catalog]\npacks = ['a\"b', 'c']\n")
    monkeypatch.setenv("COUNTERSCAN_CROPS_KEEP_DAYS", "9")
    text = explain_settings(file, log_level="debug")
    assert f"port = 80  # {file}, line 2" in text
    assert "keep_days = 9  # environment COUNTERSCAN_CROPS_KEEP_DAYS" in text
    assert 'log_level = "debug"  # command line' in text
    assert "jpeg_quality = 85  # default" in text
    again = tmp_path / "again.toml"
    again.write_text(text)
    monkeypatch.delenv("COUNTERSCAN_CROPS_KEEP_DAYS")
    assert load_settings(again) == load_settings(file, log_level="debug", crops__keep_days=9)
    assert len(tomllib.loads(text)) == len({keys[0] for keys in setting_paths()})


def test_the_line_of_a_table_is_told_when_the_key_stands_in_none() -> None:
    text = "a = 1\n[web]  # page\nb = 2\n"
    assert line_of(text, ("web", "b")) == 3
    assert line_of(text, ("web", "c")) == 2
    assert line_of(text, ("d",)) is None
