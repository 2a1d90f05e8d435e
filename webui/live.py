"""The Live page, its JSON twin, its stream of news, and the pictures that it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    send_from_directory,
)
from werkzeug.exceptions import NotFound

from scanner.http.answers import Refused
from scanner.http.describe import read_body
from scanner.routing import Mode
from webui.describe import describe
from webui.gate import note, visitor
from webui.hub import Frame, Subscriber
from webui.live_answers import (
    After,
    CommandAsked,
    CommandOutcome,
    CommandSent,
    LiveTwin,
    NewsFrame,
    PlanAsked,
    ScanTwin,
)
from webui.log_view import LogView
from webui.page import Page, Services

HEARTBEAT_S = 10.0
RETRY_MS = 1000
MAX_NAME_LENGTH = 80
MAX_EXPECTED_CARDS = 1_000_000
COMMANDS = ("start", "pause", "resume", "stop")

_CROP = re.compile(r"\d{4}-\d{2}-\d{2}/[0-9A-Za-z_-]+\.jpg")
_YEAR_S = 365 * 24 * 3600


def make(services: Services) -> Blueprint:
    """Return the Live page's routes."""
    view, hub, watcher = services.view, services.hub, services.watcher
    live = Blueprint("live", __name__)

    @live.get("/")
    def page() -> str:
        snapshot = view.snapshot_frame()
        return render_template(
            "live.html",
            state=snapshot.data["state"],
            rows=snapshot.data["rows"],
            card=snapshot.data["card"],
            newest=snapshot.data["newest"],
            cursor=snapshot.id,
            preview=view.preview_frame().data,
            suggested_name=_suggested_name(snapshot.data["state"]),
            last_mode=view.last_mode(),
            rules_in_force=view.rules_in_force(),
            max_name=MAX_NAME_LENGTH,
            max_expected=MAX_EXPECTED_CARDS,
        )

    @live.get("/api/live")
    @describe("What the Live page shows", answer=LiveTwin, follows_log=True)
    def twin() -> Response:
        state = view.state()
        state.pop("notices_html")
        scans = [] if state["log_error"] else view.scans()
        return jsonify(**state, preview=view.preview_frame().data, scans=scans)

    @live.get("/api/live/news")
    @describe("What a page has missed since a scan", query=After, answer=list[NewsFrame])
    def news() -> Response:
        frames = view.news_after(_cursor())
        return jsonify([{"event": f.event, "id": f.id, "data": f.data} for f in frames])

    @live.get("/api/live/events")
    @describe(
        "The news as server-sent events",
        query=After,
        media_type="text/event-stream",
        refusals=(503,),
    )
    def events() -> Response:
        watcher.start()
        after = _cursor()
        subscriber = hub.subscribe()
        if subscriber is None:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Too many pages are open at once; this one asks again every few seconds instead.",
            )
        who = visitor()
        stream = _stream(view, subscriber, after, lambda: services.gate.still_lets_in(who))
        response = Response(stream, mimetype="text/event-stream")
        response.headers["X-Accel-Buffering"] = "no"  # a proxy in front must not hold news back
        response.call_on_close(lambda: hub.unsubscribe(subscriber))
        return response

    @live.get("/api/live/scans/<int(max=9223372036854775807):scan_id>")
    @describe("One scan, with the large card as HTML", answer=ScanTwin, refusals=(404,))
    def scan(scan_id: int) -> Response:
        row = view.store().scan(scan_id)
        if row is None:
            raise NotFound
        fields = view.scan_json(row)
        return jsonify(scan=fields, card=view.card_html(fields))

    @live.post("/api/live/commands")
    @describe("Ask the machine", body=CommandAsked, answer=CommandSent, status=202)
    def command() -> Response | tuple[Response, int]:
        kind, argument = _command_asked()
        row = view.store().add_command(kind, argument)
        note(" ".join([kind, *(f"{value}" for value in argument.values())]))
        if request.is_json:
            return jsonify(id=row.id, kind=row.kind), HTTPStatus.ACCEPTED
        return redirect("/", HTTPStatus.SEE_OTHER)  # type: ignore[return-value]

    @live.get("/api/live/commands/<int(max=9223372036854775807):command_id>")
    @describe("What the machine made of a command", answer=CommandOutcome)
    def outcome(command_id: int) -> Response:
        return jsonify(id=command_id, outcome=view.store().command_outcome(command_id))

    @live.get("/live/frame.jpg")
    def frame() -> Response:
        try:
            jpeg = view.files.frame_path.read_bytes()
        except OSError as error:
            raise NotFound from error
        return Response(jpeg, mimetype="image/jpeg")

    @live.get("/crops/<path:name>")
    def crop(name: str) -> Response:
        folder = (view.data_dir / "crops").resolve()
        if not _CROP.fullmatch(name) or not (folder / name).resolve().is_relative_to(folder):
            raise NotFound
        answer = send_from_directory(folder, name, mimetype="image/jpeg", max_age=_YEAR_S)
        answer.headers["Cache-Control"] = f"private, max-age={_YEAR_S}, immutable"
        return answer

    return live


def _stream(
    view: LogView, subscriber: Subscriber, after: int | None, is_let_in: Callable[[], bool]
) -> Iterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    known = -1
    # The subscription came first, so what is committed while this reads arrives twice, not never.
    news: list[Frame] | None = view.news_after(after)
    while news is not None and is_let_in():
        for frame in news:
            if frame.scan_id and frame.scan_id <= known:
                continue
            if frame.id:
                known = int(frame.id)
            yield frame.encode()
        if not news:
            yield "event: beat\ndata: {}\n\n"
        news = subscriber.wait(HEARTBEAT_S)
        if subscriber.fell_behind:
            subscriber.fell_behind = False
            news = [view.snapshot_frame()]


def _cursor() -> int | None:
    """Return the last scan that the page knows: the browser's own header, else `?after=`."""
    sent = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    return int(sent) if re.fullmatch(r"[0-9]{1,15}", sent) else None


def _command_asked() -> tuple[str, dict[str, str | int]]:
    try:
        fields = request.get_json(silent=True) if request.is_json else request.form
    except RecursionError:  # thousands of brackets, one in another
        fields = None
    if fields is None or not hasattr(fields, "get"):
        raise Refused(HTTPStatus.BAD_REQUEST, "The command is not readable: send a JSON object.")
    kind = fields.get("kind")
    if kind not in COMMANDS:
        raise Refused(
            HTTPStatus.BAD_REQUEST, f"There is no such command; send one of {', '.join(COMMANDS)}."
        )
    if kind != "start":
        return kind, {}
    name = " ".join(str(fields.get("name") or "").split())
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise Refused(
            HTTPStatus.BAD_REQUEST, f"Give the batch a name of 1 to {MAX_NAME_LENGTH} letters."
        )
    expected = str(fields.get("expected_cards") or 0)
    if not re.fullmatch(r"[0-9]{1,7}", expected) or int(expected) > MAX_EXPECTED_CARDS:
        raise Refused(
            HTTPStatus.BAD_REQUEST,
            f"The number of cards is a whole number up to {MAX_EXPECTED_CARDS:,}, or empty.",
        )
    mode = str(fields.get("mode") or Mode.SCAN)
    if mode not in set(Mode):
        raise Refused(HTTPStatus.BAD_REQUEST, f"The mode is one of {', '.join(Mode)}.")
    plan = read_body(PlanAsked).argument()
    purpose = {} if mode == Mode.SCAN else {"mode": mode}
    return kind, {"name": name, "expected_cards": int(expected), **purpose, **plan}


def _suggested_name(state: dict[str, object]) -> str:
    batch = state.get("batch")
    number = batch["id"] + 1 if isinstance(batch, dict) else 1
    return f"{datetime.now().astimezone():%d %b} · batch {number}"


PAGE = Page("Live", "/", "live", make)
