"""People, their browsers, keys for programs, and the log of who did what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.webui.served import SIZES, PageProcess
from tests.webui.shop import Shop
from tests.webui.signed_in import PASSWORD, Client, paired, signed_in

PEOPLE = "/api/settings/people"


@pytest.fixture
def page(shop: Shop) -> Iterator[tuple[PageProcess, Client]]:
    server, ada = paired(shop.data_dir)
    yield server, ada
    server.kill()


def person(name: str, role: str = "counter", password: str | None = PASSWORD) -> dict[str, object]:
    return {"name": name, "role": role, "password": password}


def test_a_person_is_added_changed_and_removed(page: tuple[PageProcess, Client]) -> None:
    server, ada = page
    assert ada.change("PUT", PEOPLE, person("Ben / night")).json["people"] == [
        {"name": "Ada", "role": "manager"},
        {"name": "Ben / night", "role": "counter"},
    ]
    ben = signed_in(server, "Ben / night")
    assert ben.get("/api/session").json["role"] == "counter"
    ada.change("PUT", PEOPLE, person("Ben / night", "manager", None))
    assert ben.get("/api/session").json["role"] == "manager", "a role counts at once"
    assert ada.change("DELETE", f"{PEOPLE}/Ben%20%2F%20night").status == 200
    assert ben.get("/api/session").status == 401
    assert Client(server).form("/login", name="Ben / night", password=PASSWORD).status == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PUT", PEOPLE, person(""), "Give a name"),
        ("PUT", PEOPLE, person("x" * 41), "Give a name"),
        ("PUT", PEOPLE, person("a\x00b"), "Give a name"),
        ("PUT", PEOPLE, person("Ben", password="short"), "at least 8"),
        ("PUT", PEOPLE, person("Ben", password=None), "Give the new person a password"),
        ("PUT", PEOPLE, person("Ben", "king"), "“role” should be"),
        ("PUT", PEOPLE, {"name": "Ben"}, "“role” is missing"),
        ("PUT", PEOPLE, person("Ada", "counter", None), "One manager must stay"),
        ("DELETE", f"{PEOPLE}/Ada", None, "One manager must stay"),
        ("DELETE", f"{PEOPLE}/Nobody", None, "no such person"),
        ("DELETE", "/api/settings/ways/999", None, "ended already"),
        ("POST", "/api/settings/keys", {"label": " "}, "Give the key a name"),
        ("POST", "/api/settings/keys", {"label": "x", "role": "king"}, "“role” should be"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    page: tuple[PageProcess, Client], method: str, path: str, body: object, words: str
) -> None:
    _, ada = page
    answer = ada.change(method, path, body)
    assert answer.status == 400
    assert words in answer.error


def test_a_key_lets_a_program_in_until_it_is_revoked(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    shop.start()
    server, ada = page
    made = ada.post("/api/settings/keys", {"label": "Till", "role": "counter"})
    assert made.status == 201
    program = Client(server, key=made.json["key"])
    assert program.get("/api/live").status == 200
    assert program.post("/api/live/commands", {"kind": "pause"}).status == 202
    assert program.get("/api/settings").status == 403
    [key] = ada.get(PEOPLE).json["keys"]
    assert (key["label"], key["role"], key["name"]) == ("Till", "counter", "Ada")
    assert made.json["key"] not in ada.get(PEOPLE).body.decode()
    assert ada.change("DELETE", f"/api/settings/ways/{key['id']}").status == 200
    assert program.get("/api/live").status == 401
    assert "revoked" in program.get("/api/live").error
    assert Client(server, key="cs_guess").get("/healthz").status == 401


def test_a_session_can_be_ended_by_a_manager(page: tuple[PageProcess, Client]) -> None:
    server, ada = page
    phone = signed_in(server, "Ada")
    newest = ada.get(PEOPLE).json["sessions"][0]
    assert ada.change("DELETE", f"/api/settings/ways/{newest['id']}").status == 200
    assert phone.get("/api/live").status == 401
    assert ada.get("/api/live").status == 200


def test_ones_own_password_is_ones_own_to_change(page: tuple[PageProcess, Client]) -> None:
    server, ada = page
    path = "/api/session/password"
    wrong = ada.change("PUT", path, {"old": "no", "new": "a new password"})
    assert wrong.status == 403
    assert ada.change("PUT", path, {"old": PASSWORD, "new": "short"}).status == 400
    assert ada.change("PUT", path, {"old": PASSWORD, "new": "a new password"}).status == 204
    assert ada.get("/api/live").status == 401
    assert signed_in(server, "Ada", "a new password").get("/api/live").status == 200


def test_the_audit_log_tells_who_did_what_from_where(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    shop.start()
    server, ada = page
    ada.change("PUT", PEOPLE, person("Ben"))
    Client(server).form("/login", name="Ben", password="wrong one")
    ben = signed_in(server, "Ben")
    ben.post("/api/live/commands", {"kind": "start", "name": "Night <b>box</b>"})
    ben.form("/logout")
    rows = ada.get("/api/settings/audit").json["rows"]
    assert [(row["kind"], row["name"], row["text"]) for row in reversed(rows)] == [
        ("people", "Ada", "Paired the page as a manager"),
        ("login", "Ada", "Signed in"),
        ("people", "Ada", "Ben is a counter now with a new password"),
        ("refused", "", "Signing in as “Ben” failed"),
        ("login", "Ben", "Signed in"),
        ("change", "Ben", "Ask the machine: start Night <b>box</b> 0"),
        ("login", "Ben", "Signed out"),
    ]
    assert {row["address"] for row in rows} == {"127.0.0.1"}
    assert b"Night &lt;b&gt;box" in ada.get("/settings/audit").body
    assert PASSWORD.encode() not in ada.get("/settings/audit").body


@pytest.mark.browser
@pytest.mark.parametrize("size", SIZES)
def test_pairing_adding_a_clerk_and_making_a_key_by_hand(
    shop: Shop, browser: Browser, size: str
) -> None:
    from tests.webui.signed_in import shown_code

    server = PageProcess(shop.data_dir, login=True)
    context = browser.new_context(viewport=SIZES[size])
    page = context.new_page()
    page.goto(server.url)
    page.get_by_label("Code on the scanner").fill(shown_code(server))
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("A password").fill(PASSWORD)
    page.screenshot(path=f"tests/webui/screenshots/pair-{size}.png")
    page.get_by_role("button", name="Pair").click()
    expect(page.locator("#machine-word")).to_be_visible()
    page.goto(f"{server.url}/settings/people")
    page.get_by_role("button", name="Add a person").click()
    page.locator("#person-name").fill("Ben")
    page.locator("#person-password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Change Ben")).to_be_visible()
    page.get_by_role("button", name="Make a key").click()
    page.get_by_label("What it is for").fill("Till")
    page.get_by_role("button", name="Make", exact=True).click()
    expect(page.locator("#key-secret")).to_contain_text("cs_")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Revoke Till")).to_be_visible()
    page.get_by_role("button", name="Remove Ada").click()
    page.locator("#sure-yes").click()
    expect(page.locator("#sure-dialog .problem")).to_contain_text("One manager must stay")
    page.screenshot(path=f"tests/webui/screenshots/people-{size}.png")
    context.close()
    server.kill()


@pytest.mark.browser
def test_a_browser_that_was_ended_is_led_to_sign_in(
    shop: Shop, page: tuple[PageProcess, Client], browser: Browser
) -> None:
    shop.start()
    server, ada = page
    ada.change("PUT", PEOPLE, person("Ben"))
    ben = signed_in(server, "Ben")
    context = browser.new_context()
    context.add_cookies(
        [{"name": name, "value": value, "url": server.url} for name, value in ben.cookies.items()]
    )
    window = context.new_page()
    window.goto(server.url)
    expect(window.locator("#link")).to_have_attribute("data-link", "live")
    ada.change("DELETE", f"{PEOPLE}/Ben")
    shop.scan()  # the next news finds that nobody may hear them
    window.wait_for_url("**/login**")
    expect(window.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()
