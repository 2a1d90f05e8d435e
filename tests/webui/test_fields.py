"""What no database can keep is refused in words, by every route, those that come later too."""

from __future__ import annotations

import json
import re

from pydantic import BaseModel

from scanner.http.describe import Description
from scanner.records import Decision
from tests.webui.shop import Shop
from webui.app import Door, create_app, services

HALF = "\ud800"
LARGE = 10**30
STRANGE = (HALF, LARGE, -LARGE, str(LARGE), [HALF], [LARGE], {HALF: LARGE})


def test_no_field_of_any_route_is_a_defect(shop: Shop) -> None:
    shop.start()
    shop.scan(Decision.REVIEW)
    app = create_app(shop.data_dir, door=Door(is_open=True))
    requests = services(app).gate.requests
    requests.burst, requests.per_s = 10**6, 10**6
    client = app.test_client()
    client.set_cookie("counterscan_csrf", "t" * 43)
    defects, asked = [], 0
    for rule in app.url_map.iter_rules():
        described = getattr(app.view_functions[rule.endpoint], "description", None)
        if not isinstance(described, Description) or "/events" in rule.rule:
            continue
        path = re.sub(r"<[^>]*>", "x", re.sub(r"<int[^>]*>", "1", rule.rule))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            headers = {"X-CSRF-Token": "t" * 43}
            for part in (described.body, described.query):
                if not (isinstance(part, type) and issubclass(part, BaseModel)):
                    continue
                needed = [name for name, each in part.model_fields.items() if each.is_required()]
                for name in part.model_fields:
                    for strange in STRANGE:
                        values = dict.fromkeys(needed, "x") | {name: strange}
                        if part is described.body:
                            answer = client.open(
                                path, method=method, headers=headers, data=json.dumps(values),
                                content_type="application/json",
                            )  # fmt: skip
                        elif strange == str(LARGE):
                            answer = client.open(path, method=method, query_string={name: strange})
                        else:
                            continue
                        asked += 1
                        if answer.status_code == 500:
                            defects.append(f"{method} {rule.rule} {name}={str(strange)[:20]!r}")
                        answer.close()
    services(app).stop()
    assert asked > 300
    assert defects == []
