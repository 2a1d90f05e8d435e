from __future__ import annotations

from typing import Any

import pytest

from sync.cloud.sources.errors import SourceDownError, SourceError, SourceShapeError
from sync.cloud.sources.records import Page, Want, Why
from sync.cloud.sources.tcgcsv import Tcgcsv
from tests.sync.sources.cards import card, price, product, results, shelf
from tests.sync.sources.conftest import Client
from tests.sync.sources.web import Behaviour, Web, raw, status, told

STAMP = "2026-05-01T20:05:30+0000"
GROUP = "/tcgplayer/3/77"


def serve(web: Web, products: Any, prices: Any) -> None:
    web.routes.update(
        {
            "/last-updated.txt": raw(STAMP.encode()),
            "/tcgplayer/3/groups": told(
                results(
                    {"groupId": 77, "name": "TH1: Tin Harbour", "abbreviation": "TH1"},
                    {"groupId": 78, "name": "Copper Coast", "abbreviation": "CC"},
                    {"name": "no id"},
                )
            ),
            f"{GROUP}/products": products if callable(products) else told(products),
            f"{GROUP}/prices": prices if callable(prices) else told(prices),
        }
    )


def collected(client: Client, game: str = "pokemon") -> list[Page]:
    return list(Tcgcsv(client()).collect(Want(game, shelf())))


def prices_of(pages: list[Page]) -> dict[tuple[str, str], int]:
    return {(p.card.card_id, p.finish): p.amount_minor for page in pages for p in page.prices}


def reasons(pages: list[Page]) -> dict[str, Why]:
    return {left.their_id: left.why for page in pages for left in page.left_out}


def test_market_prices_of_our_sets_are_collected(web: Web, client: Client) -> None:
    serve(
        web,
        results(
            product(1, "Brasswing", "1/60"),
            product(4, "Glimmer Newt", "004/060"),
            product(7, "Ferrule (Stamped)", "7/60"),
            product(9, "Old Lantern", "9/60"),
            product(90, "Tin Harbour - Booster Box"),
        ),
        results(
            price(1, 12.345, "Holofoil"),
            price(1, 3, "Reverse Holofoil"),
            price(4, 0.07),
            price(7, 88),
            price(9, 200, "1st Edition"),
            price(9, 4, "Unlimited"),
            price(90, 120),
            price(4, None, "Reverse Holofoil"),
        ),
    )
    pages = collected(client)
    assert prices_of(pages) == {
        ("th-1", "holo"): 1235, ("th-1", "reverse"): 300, ("th-4", "normal"): 7,
        ("th-7p", "normal"): 8800, ("th-9", "normal"): 20000, ("th-9u", "normal"): 400,
    }  # fmt: skip
    first = pages[0].prices[0]
    assert (first.currency, first.source, first.condition) == ("USD", "tcgcsv", "")
    assert not first.is_asking
    assert f"{first.as_of:%Y-%m-%dT%H:%M:%S%z}" == STAMP
    assert reasons(pages) == {"Copper Coast": Why.NO_SET, "": Why.BROKEN}
    assert {(link.their_id, link.card_id) for link in pages[0].links} >= {("7", "th-7p")}
    assert "/tcgplayer/3/78/prices" not in web.paths()


@pytest.mark.parametrize(
    ("market", "shine", "why"),
    [
        (-4, "Holofoil", Why.WRONG),
        (99_999_999, "Holofoil", Why.WRONG),
        ("a lot", "Holofoil", Why.WRONG),
        (True, "Holofoil", Why.WRONG),
        ([1], "Holofoil", Why.WRONG),
        (3, "Normal", Why.FINISH),
        (3, "Galaxy Shimmer", Why.FINISH),
        (3, None, Why.FINISH),
        (3, "1st Edition Holofoil", Why.EDITION),
    ],
)
def test_a_price_that_is_none_is_left_out_and_the_others_count(
    web: Web, client: Client, market: Any, shine: Any, why: Why
) -> None:
    good = price(4, 1)
    serve(
        web,
        results(product(1, "Brasswing", "1/60"), product(4, "Glimmer Newt", "4")),
        results(price(1, market, shine), good, "no object", {"subTypeName": "Normal"}),
    )
    pages = collected(client)
    assert prices_of(pages) == {("th-4", "normal"): 100}
    assert reasons(pages)["1"] is why


def test_two_different_prices_of_one_thing_are_none(web: Web, client: Client) -> None:
    serve(
        web,
        results(product(4, "Glimmer Newt", "4"), product(5, "Glimmer Newt", "4")),
        results(price(4, 1), price(5, 2)),
    )
    pages = collected(client)
    assert prices_of(pages) == {}
    assert reasons(pages)["4"] is reasons(pages)["5"] is Why.TWICE


def test_missing_fields_are_told(web: Web, client: Client) -> None:
    changed = {key: value for key, value in price(4, 1).items() if key != "marketPrice"}
    broken = [{"productId": 5}, {"name": "no id"}, {**product(6, "X", "1"), "extendedData": 3}]
    serve(web, results(product(4, "Glimmer Newt", "4"), *broken), results(changed))
    pages = collected(client)
    assert prices_of(pages) == {}
    assert [left.why for left in pages[0].left_out] == [Why.BROKEN] * 4


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (raw(b"<html>sorry</html>"), SourceShapeError),
        (told({"success": False, "errors": ["no"]}), SourceShapeError),
        (told({"results": {"4": 1}}), SourceShapeError),
        (status(500), SourceDownError),
    ],
)
def test_a_broken_answer_ends_the_run_with_its_class(
    web: Web, client: Client, behaviour: Behaviour, error: type[SourceError]
) -> None:
    serve(web, results(product(4, "Glimmer Newt", "4")), behaviour)
    with pytest.raises(error):
        collected(client)


def test_a_set_that_is_announced_only_is_passed_over(web: Web, client: Client) -> None:
    serve(web, status(404), status(404))
    assert prices_of(collected(client)) == {}


def test_a_game_is_found_by_its_category_name(web: Web, client: Client) -> None:
    web.routes["/last-updated.txt"] = raw(STAMP.encode())
    web.routes["/tcgplayer/categories"] = told(
        results({"categoryId": 71, "name": "Lorcana TCG", "displayName": "Disney Lorcana"})
    )
    web.routes["/tcgplayer/71/groups"] = told(results())
    assert prices_of(collected(client, "lorcana")) == {}
    with pytest.raises(SourceError, match="no game called chess"):
        collected(client, "chess")


def test_the_line_of_japanese_cards_prices_those_and_no_others(web: Web, client: Client) -> None:
    serve(web, results(product(1, "Newt", "3/60"), product(2, "Moth", "4/60")),
          results(price(1, 5), price(2, 6)))  # fmt: skip
    web.routes["/tcgplayer/categories"] = told(
        results({"categoryId": 3, "name": "Pokemon Japan", "displayName": "Pokemon Japan"})
    )
    cards = [
        card("ja-3", "Newt", "3/60", language="ja"),
        card("en-4", "Moth", "4/60", language="en"),
    ]
    on = shelf(cards=cards, game="pokemonjapan")
    pages = list(Tcgcsv(client()).collect(Want("pokemonjapan", on)))
    assert prices_of(pages) == {("ja-3", "normal"): 500}
    assert reasons(pages)["2"] is Why.LANGUAGE
