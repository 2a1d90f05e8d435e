"""Whatever a source sends: prices that are some, or an error of the one tree. Never another."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pytest

from sync.cloud.sources.amounts import MOST
from sync.cloud.sources.asking import Answer, Request
from sync.cloud.sources.book import Validators
from sync.cloud.sources.cardmarket import Cardmarket
from sync.cloud.sources.ebay import Ebay
from sync.cloud.sources.errors import SourceError
from sync.cloud.sources.pokemontcg import PokemonTcg
from sync.cloud.sources.records import Kind, Link, PriceSource, Want
from sync.cloud.sources.scryfall import Scryfall
from sync.cloud.sources.tcgcsv import Tcgcsv
from sync.cloud.sources.tcgplayer import TcgplayerApi
from tests.sync.sources.cards import price, product, results, shelf
from tests.sync.sources.test_keyed_sources import listing
from tests.sync.sources.test_other_sources import (
    KNOWN,
    guide,
    guide_entry,
    magic_card,
    pokemon_card,
)
from tests.sync.sources.web import FakeClock

JUNK: list[Any] = [
    None, True, 0, -1, 1e308, float("nan"), 10**30, "", "\0", "9" * 500, "-5", "1e999", [], {},
    [[]], [None, 3, {}], {"name": []}, {"prices": 3},
]  # fmt: skip
PRICES = {"holofoil": {"market": 3.0}, "normal": {"market": 1}}
BLOCK = {"updatedAt": "2026/05/01", "prices": {**PRICES, "trendPrice": 2, "reverseHoloTrend": 1}}
TOKEN = {"access_token": "t", "expires_in": 100}
ANSWERS: dict[str, dict[str, Any]] = {
    "tcgcsv": {
        "groups": results({"groupId": 77, "name": "Tin Harbour", "abbreviation": "TH1"}),
        "products": results(product(4, "Glimmer Newt", "4"), product(1, "Brasswing", "1/60")),
        "prices": results(price(4, 1), price(1, 2, "Holofoil")),
    },
    "scryfall": {
        "bulk-data": {"data": [{"type": "default_cards", "download_uri": "file",
                                "updated_at": "2026-05-01"}]},
        "file": [magic_card("a", "Ferrule", "7/60", set_name="Tin Harbour",
                            prices={"usd": "1", "usd_foil": "2", "eur": "3"})],
    },
    "cardmarket": {
        "price_guide_6.json": guide(guide_entry(501, 1, 2), guide_entry(504, 3, 4)),
        "products_singles_6.json": {"products": [{"idProduct": 501, "name": "Brasswing"}]},
    },
    "pokemontcg": {
        "sets": {"data": [{"id": "th1", "name": "Tin Harbour"}]},
        "cards": {"data": [pokemon_card("x", "Brasswing", "1", tcgplayer=BLOCK, cardmarket=BLOCK)]},
    },
    "tcgplayer": {"token": TOKEN, "1": results(price(1, 2, "Holofoil"))},
    "ebay": {
        "token": TOKEN,
        "search": {"total": 3, "itemSummaries": [listing("Glimmer Newt 4/60 nonholo")] * 3},
    },
}  # fmt: skip
MAKERS: dict[str, Callable[..., PriceSource]] = {
    "tcgcsv": Tcgcsv, "scryfall": Scryfall, "cardmarket": Cardmarket, "pokemontcg": PokemonTcg,
    "tcgplayer": lambda client: TcgplayerApi(client, "a", "b"),
    "ebay": lambda client: Ebay(client, "a", "b"),
}  # fmt: skip


class Teller:
    """A client that is given its answers, by the last part of the path."""

    source = "probe"

    def __init__(self, answers: dict[str, Any]) -> None:
        self.clock = FakeClock()
        self._answers = answers

    def _told(self, request: Request) -> Any:
        return self._answers.get(request.path.rpartition("/")[2])

    def ask(self, request: Request) -> Answer:
        found = self._told(request)
        if not isinstance(found, dict):
            raise SourceError("no object")
        return Answer("", "", False, Validators(), None, data=found)

    def json(self, request: Request) -> Any:
        return self.ask(request).data

    def text(self, request: Request) -> Answer:
        return Answer("", "", False, Validators(), None, body=b"2026-05-01T20:05:30+0000")

    def fetch(self, request: Request, sink: BinaryIO) -> Answer:
        sink.write(json.dumps(self._told(request)).encode())
        return Answer("", "", False, Validators(), None)

    def is_known(self, answer: Answer) -> bool:
        return False

    def unfold(self, file: BinaryIO) -> Iterator[bytes]:
        file.seek(0)
        return iter(lambda: file.read(50), b"")


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(
        value, list
    ) else ()  # fmt: skip
    for key, each in inner:
        yield from places(each, (*path, key))


def spoiled(answers: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The answers with something in them replaced or removed."""
    found: dict[str, Any] = copy.deepcopy(answers)
    for _ in range(chance.choice((1, 1, 2, 3))):
        path = chance.choice([path for path in places(found) if len(path) > 0])
        around: Any = found
        for key in path[:-1]:
            around = around[key]
        if isinstance(around, dict) and len(path) > 1 and chance.random() < 0.25:
            del around[path[-1]]
        else:
            around[path[-1]] = copy.deepcopy(chance.choice(JUNK))
    return found


def collected(name: str, answers: dict[str, Any]) -> list[int]:
    ids = [*KNOWN, Link("pokemon", Kind.TCGPLAYER, "1", "th-1")]
    source = MAKERS[name](Teller(answers))
    want = Want("pokemon", shelf(*ids), ["th-1", "th-4"])
    pages = list(source.collect(want))
    return [price.amount_minor for page in pages for price in page.prices]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_as_it_should_be_has_prices(name: str) -> None:
    assert collected(name, ANSWERS[name])


@pytest.mark.parametrize("name", ANSWERS)
def test_any_answer_gives_prices_or_an_error_of_ours(name: str) -> None:
    chance = random.Random(7)
    for _ in range(150):
        answers = spoiled(ANSWERS[name], chance)
        try:
            amounts = collected(name, answers)
        except SourceError:
            continue
        except Exception as error:
            raise AssertionError(json.dumps(answers)) from error
        assert all(0 < amount <= MOST * 100 for amount in amounts)
