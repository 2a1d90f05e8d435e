"""Sends alerts by e-mail, through the mail server of the settings."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from scanner.ages import age, differ
from sync.cloud.api.outcome import Outcome
from sync.cloud.config_api import MailSettings

WITHIN_S = 20.0
_MOST_SHOWN = 50


def send(settings: MailSettings, to: str, alerts: Sequence[Mapping[str, Any]]) -> Outcome:
    """Send one message about some alerts; how it went."""
    if not settings.host or not settings.sender:
        return Outcome(is_final=True, problem="No mail server is set: [mail] host and sender.")
    try:
        with closing(_connected(settings)) as server:
            server.send_message(message_of(settings.sender, to, alerts))
            # It is taken: what the server says to a farewell must not send it once more.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
    except smtplib.SMTPRecipientsRefused as error:
        [(code, said)] = error.recipients.values()
        return Outcome(is_final=code >= 500, problem=f"{to} was refused: {code} {_plain(said)}")
    except smtplib.SMTPResponseException as error:
        is_final = error.smtp_code >= 500 and not isinstance(error, smtplib.SMTPAuthenticationError)
        return Outcome(
            is_final=is_final,
            problem=f"The mail server says: {error.smtp_code} {_plain(error.smtp_error)}",
        )
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        return Outcome(problem=f"The mail server can't be used: {type(error).__name__}: {error}")
    return Outcome(is_done=True)


def message_of(sender: str, to: str, alerts: Sequence[Mapping[str, Any]]) -> EmailMessage:
    """The message: what went off, and where the cards lie."""
    first = _line(alerts[0])
    message = EmailMessage()
    message["From"], message["To"] = sender, to
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="counterscan.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message["Subject"] = _plain(
        f"Alert: {first}" if len(alerts) == 1 else f"{len(alerts)} alerts, first: {first}"
    )
    lines = [f"- {_line(alert)}{_places(alert)}{_times(alert)}" for alert in alerts[:_MOST_SHOWN]]
    if len(alerts) > _MOST_SHOWN:
        lines.append(f"… and {len(alerts) - _MOST_SHOWN} more.")
    lines += ["", "Acknowledge them on any of your scanners' Alerts pages, or over the API."]
    message.set_content("\n".join(lines))
    return message


def _connected(settings: MailSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=WITHIN_S, context=context
        )
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=WITHIN_S)
    try:
        if settings.security == "starttls":
            server.starttls(context=context)  # a server that offers none is not spoken to
        if settings.user:
            server.login(settings.user, settings.password)
    except BaseException:
        server.close()
        raise
    return server


def _line(alert: Mapping[str, Any]) -> str:
    card = " ".join(filter(None, (alert["name"] or alert["card_id"], alert["set_name"],
                                  alert["number"], alert.get("finish"))))  # fmt: skip
    return f"{alert['rule']}: {card}: {alert['text']}"


def _places(alert: Mapping[str, Any]) -> str:
    """Where copies lie, in a clerk's words."""
    found = []
    for place in alert["places"]:
        words = [place.get("device", ""), place.get("batch", "")]
        words += [f"bin {place['bin']}"] if place.get("bin") else []
        words += [f"card {place['sequence']}"] if place.get("sequence") else []
        found.append(", ".join(filter(None, words)))
    return "".join(f"\n    at {_plain(place)}" for place in found if place)


def _times(alert: Mapping[str, Any]) -> str:
    """When it was raised, and how old the price was by then where that is another time."""
    raised = datetime.fromisoformat(alert["raised_at"])
    told = f"\n    raised {raised:%Y-%m-%d %H:%M} UTC"
    if of := alert.get("price_as_of"):
        price_as_of = datetime.fromisoformat(of)
        if differ(raised, price_as_of):
            old = age(price_as_of, raised)
            told += f", the price is of {price_as_of:%Y-%m-%d %H:%M} UTC ({old} then)"
    return told


def _plain(said: object) -> str:
    """One line: nothing of it can be taken for a further header."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:200]
