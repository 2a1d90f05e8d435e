"""The Rules page's JSON: rules kept, chosen, tried and planned; what is wrong is said in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanner.records import Decision
from scanner.store import Store
from tests.webui.served import PageProcess
from tests.webui.shop import Shop
from tests.webui.signed_in import Client, paired, signed_in

Serve = Callable[..., PageProcess]

SECOND = {"field": "set", "op": "is", "value": "Second Tide"}
RULES: dict[str, Any] = {
    "name": "Counter",
    "rules": [
        {"name": "Second", "when": SECOND, "bins": [1]},
        {"name": "Each", "bins": [2, 3], "each": "set"},
    ],
    "unidentified_bin": 4,
}  # fmt: skip


@pytest.fixture
def client(shop: Shop, serve: Serve) -> Client:
    """Nine cards lie in a past batch, the last of them unknown."""
    shop.start("Saturday")
    for number in range(9):
        shop.scan(Decision.UNKNOWN if number == 8 else Decision.ACCEPTED)
    return Client(serve())


def test_rules_are_kept_listed_chosen_renamed_and_removed(client: Client, shop: Shop) -> None:
    empty = client.get("/api/rules").json
    assert (empty["rule_sets"], empty["in_force"], empty["bins"]) == ([], "", 4)
    assert {preset["key"] for preset in empty["presets"]} >= {"set", "letter", "price", "hits"}
    assert client.post("/api/rules", {"rules": RULES}).status == 201
    assert client.post("/api/rules/use", {"name": "Counter"}).status == 200
    (kept,) = client.get("/api/rules").json["rule_sets"]
    assert (kept["name"], kept["in_force"], kept["too_few_bins"]) == ("Counter", True, False)
    assert [line["words"] for line in kept["lines"]] == [
        "If set is Second Tide: bin 1.",
        "Every card: bins 2, 3, one for each set.",
        "Bin 4.",
        "Bin 4.",
    ]
    assert kept["rules"]["rules"][0]["when"] == RULES["rules"][0]["when"]
    again = client.post("/api/rules", {"rules": RULES})
    assert (again.status, again.error) == (
        422,
        "There are rules called 'Counter' already; choose another name.",
    )
    renamed = {**RULES, "name": "Till"}
    assert client.post("/api/rules", {"rules": renamed, "was_called": "Counter"}).status == 201
    told = client.get("/api/rules").json
    assert (told["in_force"], [each["name"] for each in told["rule_sets"]]) == ("Till", ["Till"])
    assert shop.store.chosen_rules("sort") is not None
    assert client.post("/api/rules/remove", {"name": "Till"}).status == 200
    assert client.get("/api/rules").json["rule_sets"] == []
    assert shop.store.chosen_rules("sort") is None


def test_wrong_rules_are_refused_with_their_place(client: Client) -> None:
    wrong = {**RULES, "rules": [{"name": "a", "bins": [1], "when": {"field": "prize", "op": "is"}}]}
    answer = client.post("/api/rules", {"rules": wrong})
    assert answer.status == 422
    assert answer.error.startswith("Rules, no. 1, when: there is no field 'prize'; ask about one")
    deep: Any = {"field": "set", "op": "is", "value": "x"}
    for _ in range(300):
        deep = {"not": deep}
    nested = {**RULES, "rules": [{"name": "a", "bins": [1], "when": deep}]}
    assert "nested" in client.post("/api/rules", {"rules": nested}).error
    for body in ([], {"rules": 7}, {"rules": RULES, "more": 1}, {}):
        assert client.post("/api/rules", body).status == 400
    assert client.post("/api/rules/use", {"name": "Nobody's"}).status == 422
    assert client.post("/api/rules/preset", {"key": "smell"}).status == 422
    assert client.get("/api/rules").json["rule_sets"] == []


def test_rules_are_put_into_words_without_being_kept(client: Client) -> None:
    told = client.post("/api/rules/words", {"rules": RULES}).json
    assert told["lines"][0]["words"] == "If set is Second Tide: bin 1."
    assert client.get("/api/rules").json["rule_sets"] == []


def test_presets_get_names_of_their_own(client: Client) -> None:
    names = [client.post("/api/rules/preset", {"key": "set"}).json["name"] for _ in range(2)]
    assert names == ["By set", "By set 2"]


def test_rules_are_tried_on_a_past_batch(client: Client) -> None:
    told = client.post("/api/rules/try", {"batch": 1, "rules": RULES, "shown": 3}).json
    assert told["cards"] == 9
    assert {each["bin"]: each["cards"] for each in told["bins"]} == {1: 3, 2: 3, 3: 2, 4: 1}
    assert {each["name"]: each["cards"] for each in told["rules"]} == {
        "Each": 5,
        "Second": 3,
        "Unidentified": 1,
    }
    assert len(told["lines"]) == 3
    assert told["lines"][0]["rule"] in ("Each", "Second")
    assert client.post("/api/rules/try", {"batch": 99, "rules": RULES}).status == 503
    assert client.post("/api/rules/try", {"batch": 1, "name": "Nobody's"}).status == 422


def test_a_plan_is_made_and_a_pass_of_it_put_in_force(client: Client) -> None:
    asked = {"sets": ["C", "A", "B"], "bins": 3}
    plan = client.post("/api/rules/plan", asked).json
    assert plan["steps"][0] == "3 sets, one stack in order: 2 passes."
    assert [each["bins"] for each in plan["passes"]] == [[["C", "B"], ["A"]], [["C", "A"], ["B"]]]
    used = client.post("/api/rules/plan/2/use", asked)
    assert used.json["name"] == "Plan, pass 2 of 2"
    assert client.get("/api/rules").json["in_force"] == "Plan, pass 2 of 2"
    assert client.post("/api/rules/plan/3/use", asked).status == 422
    of_batch = client.post("/api/rules/plan", {"batch": 1, "bins": 4, "goal": "apart"}).json
    assert sorted(of_batch["sets"]) == ["Dawn of Harbours", "Harbour Promos", "Second Tide"]
    assert of_batch["cards_fed"] == 8
    none = client.post("/api/rules/plan", {"bins": 3})
    assert (none.status, none.error[:14]) == (422, "Name the sets,")
    few = client.post("/api/rules/plan", {"sets": ["A", "B"], "bins": 2})
    assert (few.status, few.error) == (
        422,
        "A machine with 2 bins can't part sets; it needs 3 or more.",
    )


def test_lists_of_cards_are_kept(client: Client) -> None:
    entries = ["Ember  Fox", "Ember Fox", "", "LF1 7"]
    assert (
        client.post("/api/rules/lists", {"name": " Want  list", "entries": entries}).status == 200
    )
    assert client.get("/api/rules").json["lists"] == [{"name": "Want list", "cards": 2}]
    kept = {"name": "Want list", "entries": ["Ember Fox", "LF1 7"]}
    assert client.get("/api/rules/lists?name=Want+list").json["lists"] == [kept]
    assert client.get("/api/rules/lists").json["lists"] == [kept]
    assert client.post("/api/rules/lists", {"name": "x", "entries": ["a\x07"]}).status == 422
    gone = {"name": "Want list", "removed": True}
    assert client.post("/api/rules/lists", gone).status == 200
    assert client.get("/api/rules").json["lists"] == []
    assert client.get("/api/rules/lists").json["lists"] == []


def test_a_counter_clerk_chooses_and_tries_rules_but_does_not_change_them(
    shop: Shop, tmp_path: Path
) -> None:
    shop.start("Saturday")
    shop.scan()
    server, manager = paired(tmp_path / "data")
    try:
        ben = {"name": "Ben", "role": "counter", "password": "battery 99 x"}
        assert manager.change("PUT", "/api/settings/people", ben).status == 200
        assert manager.post("/api/rules", {"rules": RULES}).status == 201
        with Store.open(tmp_path / "data", role="reader") as log:
            assert [row.name for row in log.rule_sets("sort")] == ["Counter"]
        clerk = signed_in(server, "Ben", "battery 99 x")
        assert clerk.post("/api/rules/use", {"name": "Counter"}).status == 200
        assert clerk.post("/api/rules/try", {"batch": 1, "name": "Counter"}).status == 200
        for path, body in (
            ("/api/rules", {"rules": RULES, "was_called": "Counter"}),
            ("/api/rules/remove", {"name": "Counter"}),
            ("/api/rules/lists", {"name": "x"}),
            ("/api/rules/preset", {"key": "set"}),
        ):
            assert clerk.post(path, body).status == 403
        page = clerk.get("/rules", Accept="text/html").body.decode()
        assert "Put in force" in page or "Stop using" in page
        assert "/rules/edit" not in page
    finally:
        server.kill()


def test_a_list_that_is_not_there_and_the_names_of_bins_are_told(client: Client) -> None:
    wanted = {"field": "list", "op": "one_of", "value": ["Want list", "hot"]}
    rules = {
        **RULES,
        "rules": [{"name": "Wanted", "when": {"not": {"any": [wanted]}}, "bins": [1, 2]}],
        "bins": [{"number": 2, "name": "Showcase"}, {"number": 3, "most_cards": 9}],
    }
    client.post("/api/rules", {"rules": rules})
    client.post("/api/rules/lists", {"name": "Hot", "entries": ["Ember Fox"]})
    (told,) = client.get("/api/rules").json["rule_sets"]
    assert told["missing_lists"] == ["Want list"]
    assert told["lines"][0]["bin_names"] == ["Showcase"]
    page = client.get("/rules", Accept="text/html").body.decode()
    assert "There is no list called Want list yet" in page


def test_what_is_not_there_is_a_page_for_people_and_json_for_programs(client: Client) -> None:
    for path in ("/rules/edit?name=%3Cscript%3E", "/rules/edit?name=Nobody"):
        told = client.get(path, Accept="text/html")
        assert told.status == 422
        page = told.body.decode()
        assert "There are no sort rules called" in page
        assert "<script>'" not in page
    assert "error" in client.post("/api/rules/use", {"name": "Nobody"}).json
