"""Starting the scanner's programs anew from the page, so that changed settings are in force.

The feed process ends between two cards and its batch goes on afterwards; the exchange with the
cloud ends between two messages, the page as soon as it has answered. All are started again by
whoever watches over them: systemd or `counterscan run`.
"""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, jsonify

from scanner.http.answers import Refused
from scanner.supervisor import is_kept_alive
from webui.describe import describe
from webui.gate import note
from webui.live_answers import CommandSent
from webui.page import Services

BY_HAND = (
    "Nobody would start the scanner again by itself: end it where it was started, then start it "
    "there anew."
)


def add_restart(settings: Blueprint, services: Services) -> None:
    """Add the route to the Settings page's."""

    @settings.post("/api/settings/restart")
    @describe(
        "Start the feed process, the exchange with the cloud and the page anew",
        answer=CommandSent,
        status=202,
        role="manager",
        refusals=(409,),
    )
    def restart() -> tuple[Response, int]:
        if not is_kept_alive():
            raise Refused(HTTPStatus.CONFLICT, BY_HAND)
        row = services.view.store().add_command("restart")
        note("so that changed settings are in force")
        services.restart()
        return jsonify(id=row.id, kind=row.kind), HTTPStatus.ACCEPTED
