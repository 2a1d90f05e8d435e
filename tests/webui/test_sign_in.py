"""Who gets in: pairing on the first run, sessions that can be ended, the demo's link."""

from __future__ import annotations

import http.client
from collections.abc import Iterator

import pytest

from scanner.pairing_code import published_code
from tests.webui.served import PageProcess
from tests.webui.shop import Shop
from tests.webui.signed_in import PASSWORD, Client, paired, shown_code, signed_in


@pytest.fixture
def page(shop: Shop) -> Iterator[tuple[PageProcess, Client]]:
    shop.start()
    server, ada = paired(shop.data_dir)
    yield server, ada
    server.kill()


def test_before_pairing_every_page_leads_to_the_pairing(shop: Shop) -> None:
    server = PageProcess(shop.data_dir, login=True)
    client = Client(server)
    for path in ("/", "/crops/2026-01-01/a.jpg"):
        answer = client.get(path)
        assert answer.status == 303
        assert answer.headers["Location"].startswith("/pair")
    answer = client.get("/api/live")
    assert answer.status == 401
    assert "code the device shows" in answer.error
    assert client.get("/healthz").status == 200
    assert b"Code on the scanner" in client.get("/pair").body
    server.kill()


def test_pairing_makes_a_manager_and_is_over_then(shop: Shop) -> None:
    server = PageProcess(shop.data_dir, login=True)
    code = shown_code(server)
    assert published_code(shop.data_dir) == code.replace(" ", ""), "the lamp shows it too"
    client = Client(server)
    wrong = "000 000" if code != "000 000" else "111 111"
    answer = client.form("/pair", code=wrong, name="Eve", password=PASSWORD)
    assert answer.status == 400
    assert b"not the code" in answer.body
    short = client.form("/pair", code=code, name="Ada", password="short")
    assert b"at least 8" in short.body
    assert client.form("/pair", code=code, name=" Ada ", password=PASSWORD).status == 303
    assert published_code(shop.data_dir) == ""
    assert client.get("/api/session").json == {"name": "Ada", "role": "manager", "how": "session"}
    again = Client(server).form("/pair", code=code, name="Eve", password=PASSWORD)
    assert again.status == 400
    assert Client(server).get("/pair").headers["Location"] == "/login"
    server.kill()


def test_a_restart_keeps_people_signed_in_and_shows_no_code(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    server, ada = page
    server.stop()
    ada.server = PageProcess(shop.data_dir, login=True)
    assert ada.get("/api/session").json["name"] == "Ada"
    assert Client(ada.server).form("/pair", code="", name="E", password=PASSWORD).status == 400
    ada.server.kill()


def test_a_forgotten_password_is_mended_with_a_new_code(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    server, ada = page
    server.stop()
    server = PageProcess(shop.data_dir, 0, "--new-code", login=True)
    client = Client(server)
    code = shown_code(server)
    assert client.form("/pair", code=code, name="ada", password="another one").status == 303
    assert signed_in(server, "Ada", "another one").get("/api/live").status == 200
    ada.server = server
    assert ada.get("/api/live").status == 401, "a new password ends the sessions of the old one"
    server.kill()


def test_signing_out_ends_the_session_and_not_only_the_cookie(
    page: tuple[PageProcess, Client],
) -> None:
    server, ada = page
    cookies = dict(ada.cookies)
    assert ada.form("/logout").headers["Location"] == "/login"
    ada.cookies = cookies
    assert ada.get("/api/live").status == 401
    assert signed_in(server, "ADA").get("/api/live").status == 200


def test_a_wrong_password_says_so_and_not_which_part_was_wrong(
    page: tuple[PageProcess, Client],
) -> None:
    server, _ = page
    client = Client(server)
    known = client.form("/login", name="Ada", password="not this one")
    unknown = client.form("/login", name="Nobody", password="not this one")
    assert known.status == unknown.status == 403
    assert b"The name or the password is wrong" in known.body
    assert b"The name or the password is wrong" in unknown.body


def test_a_thousand_bad_logins_are_limited_and_the_page_stays_up(
    page: tuple[PageProcess, Client],
) -> None:
    server, ada = page
    client = Client(server)
    client.csrf()
    answers = [
        client.post("/api/session", {"name": "Ada", "password": f"guess {number}"})
        for number in range(1000)
    ]
    statuses = [answer.status for answer in answers]
    assert statuses.count(403) == 10
    assert set(statuses[10:]) == {429}
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert "Wait" in answers[-1].error
    right = client.post("/api/session", {"name": "Ada", "password": PASSWORD})
    assert right.status == 429, "who guesses is held back even when a guess is right"
    assert ada.get("/api/live").status == 200, "who is signed in is not held back by others"


def test_after_signing_in_one_is_where_one_wanted_to_be(page: tuple[PageProcess, Client]) -> None:
    server, _ = page
    client = Client(server)
    assert client.get("/api/live?x=1", Accept="text/html").status == 401
    there = client.get("/crops/a?b=1").headers["Location"]
    assert there == "/login?next=/crops/a%3Fb%3D1"
    for wanted, leads in (
        ("/crops/a?b=1", "/crops/a?b=1"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: b=c", "/"),
    ):
        answer = Client(server).form("/login", name="Ada", password=PASSWORD, next=wanted)
        assert answer.headers["Location"] == leads


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    page: tuple[PageProcess, Client],
) -> None:
    server, _ = page
    answer = Client(server).form("/login", name="Ada", password=PASSWORD)
    [cookie] = [c for c in answer.headers.get_all("Set-Cookie") or () if "session" in c]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_signing_in_needs_the_forms_token(page: tuple[PageProcess, Client]) -> None:
    server, _ = page
    client = Client(server)
    body = f"name=Ada&password={PASSWORD.replace(' ', '+')}"
    kind = "application/x-www-form-urlencoded"
    assert client.send("POST", "/login", body, Content_Type=kind).status == 403


def test_an_ended_session_loses_its_open_stream_too(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    server, ada = page
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    cookie = f"counterscan_session={ada.cookies['counterscan_session']}"
    connection.request("GET", "/api/live/events", headers={"Cookie": cookie})
    stream = connection.getresponse()
    assert stream.readline().startswith(b"retry")
    assert ada.change("DELETE", "/api/session").status == 204
    shop.scan()
    rest = stream.read()  # ends, where an open stream would time out
    assert b"event: scan" not in rest
    assert ada.get("/api/live/events").status == 401


def test_the_demos_link_signs_in_and_nothing_else_does(shop: Shop) -> None:
    server = PageProcess(shop.data_dir, 0, "--link", "secret-of-this-run", login=True)
    client = Client(server)
    assert client.get("/open?link=guess").headers["Location"] == "/"
    assert client.get("/api/live").status == 401
    assert b"Open the link" in client.get("/login").body
    client.get("/open?link=secret-of-this-run")
    assert client.get("/api/session").json["role"] == "manager"
    assert client.post("/api/live/commands", {"kind": "pause"}).status == 202
    server.kill()


def test_a_damaged_book_is_set_aside_and_its_backup_lets_people_sign_in_but_no_old_key(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    server, ada = page
    server.stop()
    book = shop.data_dir / "page.db"
    book.write_bytes(b"no book at all " * 1000)
    server = PageProcess(shop.data_dir, login=True)
    assert (shop.data_dir / "page.db.damaged-1").exists()
    ada.server = server
    assert ada.get("/api/live").status == 401
    again = signed_in(server, "Ada")
    assert again.get("/api/session").json["role"] == "manager"
    server.kill()


def test_without_a_good_backup_a_damaged_book_is_begun_anew(
    shop: Shop, page: tuple[PageProcess, Client]
) -> None:
    server, ada = page
    server.stop()
    for name in ("page.db", "backups/page-000001.db", "backups/page-000002.db"):
        (shop.data_dir / name).write_bytes(b"no book at all " * 1000)
    server, _ = paired(shop.data_dir)
    assert (shop.data_dir / "page.db.damaged-1").exists()
    ada.server = server
    assert ada.get("/api/live").status == 401
    server.kill()


def test_the_book_is_for_the_service_alone(page: tuple[PageProcess, Client], shop: Shop) -> None:
    book = shop.data_dir / "page.db"
    assert book.stat().st_mode & 0o077 == 0
    data = b"".join(path.read_bytes() for path in shop.data_dir.glob("page.db*"))
    _, ada = page
    assert ada.cookies["counterscan_session"].encode() not in data
    assert PASSWORD.encode() not in data
