from __future__ import annotations

import re
from pathlib import Path

import pytest

from scanner.errors import ConfigError
from scanner.price_sources import USUAL_SOURCES
from sync.cloud.config import read_cloud_config
from sync.cloud.sources.book import MemoryBook
from sync.cloud.sources.registry import make_sources, without_keys
from sync.cloud.sources.settings import NAMES, SourcesSettings
from tests.sync.sources.web import FakeClock

DOCS = Path(__file__).parents[3] / "docs/PRICES.md"
KEYS = {
    "tcgplayer_public_key": "a", "tcgplayer_private_key": "b",
    "ebay_client_id": "c", "ebay_client_secret": "d",
}  # fmt: skip


def made(settings: SourcesSettings) -> list[str]:
    sources = make_sources(settings, MemoryBook(), FakeClock())
    for each in sources:
        each.source.close()
    return [each.key for each in sources]


def test_the_sources_come_in_the_order_of_use() -> None:
    assert made(SourcesSettings(**KEYS)) == list(NAMES)
    assert made(SourcesSettings()) == ["tcgcsv", "scryfall", "cardmarket", "pokemontcg"]
    assert without_keys(SourcesSettings()) == ["tcgplayer", "ebay"]
    assert made(SourcesSettings(only="cardmarket, TCGCSV")) == ["tcgcsv", "cardmarket"]
    assert NAMES[: len(USUAL_SOURCES)] == USUAL_SOURCES


def test_keys_come_from_the_environment_and_are_not_shown(tmp_path: Path) -> None:
    secret = "kept-to-ourselves"
    environment = {"COUNTERSCAN_CLOUD_SOURCES_EBAY_CLIENT_SECRET": secret}
    config = read_cloud_config(tmp_path, environment=environment)
    assert config.sources.ebay_client_secret == secret
    assert secret not in repr(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONLY", "tcgcsv,elsewhere"),
        ("MIRROR", "ftp://x"),
        ("EBAY_CURRENCY", "euro"),
        ("EBAY_COST_PER_1000", "-1"),
        ("CONTACT", "a\nb"),
    ],
)
def test_a_wrong_setting_is_an_error(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.lower()):
        read_cloud_config(tmp_path, environment={f"COUNTERSCAN_CLOUD_SOURCES_{name}": value})


def test_every_setting_and_source_is_documented() -> None:
    named = set(re.findall(r"`(\w+)`", DOCS.read_text(encoding="utf-8")))
    assert set(SourcesSettings.model_fields) <= named
    assert set(NAMES) <= named
