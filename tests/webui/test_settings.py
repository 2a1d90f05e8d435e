"""The Settings page: what is in force and where it comes from, changed safely and by managers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scanner.config import load_settings
from scanner.config_change import Sources
from scanner.errors import ConfigError
from scanner.supervisor import AGAIN
from tests.webui.served import SIZES, PageProcess, Watched, fits
from tests.webui.shop import Shop
from tests.webui.signed_in import PASSWORD, Client, paired, signed_in

Serve = Callable[..., PageProcess]
Look = Callable[..., Watched]


@pytest.fixture
def page(shop: Shop) -> Iterator[tuple[PageProcess, Client]]:
    server, ada = paired(shop.data_dir)
    yield server, ada
    server.kill()


def test_each_setting_says_where_it_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "counterscan.toml"
    file.write_text("[crops]\nkeep_days = 9\n[web]\nport = 81\n")
    monkeypatch.setenv("COUNTERSCAN_WEB_PORT", "82")
    sources = Sources(file, {"data_dir": tmp_path / "data", "log_level": "debug"})
    sources.change({("crops", "jpeg_quality"): 70})
    found = {setting.name: setting for setting in sources.listed()}
    assert {name: (found[name].layer, found[name].value) for name in (
        "crops.keep_days", "crops.jpeg_quality", "web.port", "log_level", "web.host"
    )} == {
        "crops.keep_days": ("file", 9),
        "crops.jpeg_quality": ("page", 70),
        "web.port": ("environment", 82),
        "log_level": ("command line", "debug"),
        "web.host": ("default", "0.0.0.0"),
    }  # fmt: skip
    assert found["crops.keep_days"].origin == f"{file}, line 2"
    assert not found["web.port"].may_change


def test_the_page_wins_over_the_file_and_every_process_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "counterscan.toml"
    file.write_text('data_dir = "here"\n[crops]\nkeep_days = 9\n')
    Sources(file).change({("crops", "keep_days"): 60, ("catalog", "packs"): "demo, harbour"})
    settings = load_settings(file)
    assert (settings.crops.keep_days, settings.catalog.packs) == (60, ("demo", "harbour"))
    assert file.read_text() == 'data_dir = "here"\n[crops]\nkeep_days = 9\n'
    Sources(file).change({("crops", "keep_days"): None})
    assert load_settings(file).crops.keep_days == 9


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("web.port", 70000, "web.port is 70000 but must be"),
        ("web.port", "high", "web.port is 'high' but must be"),
        ("camera.driver", "pinhole", "camera.driver is 'pinhole'"),
        ("web.colour", "red", "There is no setting web.colour"),
        ("data_dir", "/", "data_dir can't be changed here"),
        ("feeder.motor_pin", 27, "must have its own"),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_written(
    tmp_path: Path, name: str, value: object, words: str
) -> None:
    sources = Sources(None, {"data_dir": tmp_path})
    sources.change({("crops", "keep_days"): 60})
    before = (tmp_path / "settings.toml").read_text()
    with pytest.raises(ConfigError, match=words) as refused:
        sources.change({("crops", "keep_days"): 61, tuple(name.split(".")): value})
    assert "settings.toml" not in str(refused.value)
    assert (tmp_path / "settings.toml").read_text() == before


@pytest.mark.parametrize("text", ['a"b\\c', "tab\there", "new\nline", "\x7f", "'''", "ünï ✓", ""])
def test_every_text_comes_back_as_it_was_written(tmp_path: Path, text: str) -> None:
    sources = Sources(None, {"data_dir": tmp_path})
    sources.change({("camera", "path"): text})
    assert sources.load().camera.path == text


def test_a_page_file_broken_by_hand_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[web]\nport = = 1\n")
    with pytest.raises(ConfigError, match=r"settings\.toml, line 2: this is not TOML"):
        Sources(None, {"data_dir": tmp_path}).load()
    (tmp_path / "settings.toml").write_text("[web]\nports = 1\n")
    with pytest.raises(
        ConfigError, match=r"settings\.toml, line 2: there is no setting web\.ports"
    ):
        Sources(None, {"data_dir": tmp_path}).load()
    (tmp_path / "settings.toml").write_text("data_dir = '/'\n")
    with pytest.raises(ConfigError, match="data_dir can't be set here"):
        Sources(None, {"data_dir": tmp_path}).load()


def test_only_a_manager_reads_and_changes_them(page: tuple[PageProcess, Client]) -> None:
    server, ada = page
    ada.change(
        "PUT", "/api/settings/people", {"name": "Ben", "role": "counter", "password": PASSWORD}
    )
    ben = signed_in(server, "Ben")
    change = {"changes": {"crops.keep_days": 60}}
    for answer in (
        ben.get("/api/settings"),
        ben.change("PATCH", "/api/settings", change),
        ben.get("/api/settings/people"),
        ben.get("/api/settings/audit"),
        ben.post("/api/settings/keys", {"label": "mine", "role": "manager"}),
    ):
        assert answer.status == 403
        assert "Only a manager" in answer.error
    assert b'href="/settings"' not in ben.get("/").body
    told = ada.change("PATCH", "/api/settings", change)
    assert told.status == 200
    assert told.json["waits_for_restart"] == ["crops.keep_days"]
    rows = ada.get("/api/settings/audit?kind=change").json["rows"]
    assert [(row["name"], row["text"]) for row in rows] == [
        ("Ada", "Change settings: crops.keep_days = 60")
    ]


def test_a_change_that_makes_no_sense_gets_one_sentence(page: tuple[PageProcess, Client]) -> None:
    _, ada = page
    for body, words in (
        ({}, "“changes” is missing"),
        ({"changes": {}}, "“changes”"),
        ({"changes": {"web.port": {"a": 1}}}, "“changes"),
        ({"changes": {"crops.keep_days": 0}}, "crops.keep_days is 0 but must be"),
        ({"changes": {"": 1}}, "There is no setting"),
    ):
        answer = ada.change("PATCH", "/api/settings", body)
        assert answer.status == 400
        assert words in answer.error


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_a_manager_changes_a_setting_and_takes_it_back(
    shop: Shop, serve: Serve, look: Look, size: str
) -> None:
    watched = look(f"{serve().url}/settings", size)
    page = watched.page
    field = page.locator('[data-name="crops.keep_days"]')
    expect(page.locator("#save-bar")).to_be_hidden()
    field.fill("0")
    page.get_by_role("button", name="Save").click()  # the browser itself objects
    field.fill("60")
    expect(page.locator("#save-count")).to_have_text("1 change")
    watched.picture(f"settings-{size}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#waits")).to_contain_text("crops.keep_days")
    expect(field).to_have_value("60")
    assert load_settings(data_dir=shop.data_dir).crops.keep_days == 60
    page.locator('[data-back="crops.keep_days"]').click()
    expect(field).to_have_value("30")
    expect(page.locator("#waits")).to_have_count(0)
    fits(page)
    watched.is_well()


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_changed_settings_are_put_in_force_by_a_button(shop: Shop, look: Look, size: str) -> None:
    server = PageProcess(shop.data_dir, kept_alive=True)
    watched = look(f"{server.url}/settings", size)
    page = watched.page
    page.locator('[data-name="crops.keep_days"]').fill("60")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#waits")).to_contain_text("a batch goes on where it stood")
    expect(page.locator("#waits")).to_contain_text("The exchange with the cloud starts anew")
    watched.picture(f"settings-restart-{size}")
    page.get_by_role("button", name="Start anew now").click()
    [command] = shop.await_commands()
    assert command.kind == "restart"
    shop.store.finish_command(command.id or 0)
    assert server.process.wait(60) == AGAIN
    server = PageProcess(shop.data_dir, server.port, kept_alive=True)
    expect(page.locator("#toast")).to_have_text("Started anew: the settings are in force.")
    expect(page.locator("#waits")).to_have_count(0)
    server.kill()


def test_where_nobody_would_start_it_again_the_page_says_what_to_do(
    page: tuple[PageProcess, Client], shop: Shop
) -> None:
    _, ada = page
    ada.change("PATCH", "/api/settings", {"changes": {"sync.home_assistant": True}})
    told = ada.get("/settings").body
    assert b"End the scanner where it was started" in told
    refused = ada.post("/api/settings/restart")
    assert (refused.status, refused.error[:33]) == (409, "Nobody would start the scanner ag")
    assert shop.commands() == []
