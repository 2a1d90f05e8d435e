"""`counterscan cloud ask`: ask one device for something, and say what it answered."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from typing import get_args

from pydantic import ValidationError

from scanner.errors import UsageError
from sync.cloud.api.audit import Trail, from_the_shell
from sync.cloud.fleet_store import Asked, ask, asked_lately, find_asked, last_log
from sync.cloud.opening import add_config_argument, config_of, open_store
from sync.cloud.store import CloudStore
from sync.protocol_fleet import CommandKind
from sync.remote_plan import LONGEST_LIFE

_LOOK_EVERY_S = 0.5
_KINDS = get_args(CommandKind)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be done."""
    add_config_argument(parser)
    parser.add_argument("device", metavar="DEVICE", help="the device's name")
    parser.add_argument(
        "what", choices=(*_KINDS, "list", "log"),
        help="a command; or list the last ones, or show the log lines that it sent",
    )  # fmt: skip
    parser.add_argument("--name", default="", help="start: the batch's name")
    parser.add_argument("--cards", type=int, default=0, metavar="N", help="start: cards expected")
    parser.add_argument("--minutes", type=int, default=10, metavar="N", help="it expires then (10)")
    parser.add_argument("--by", default="", metavar="NAME", help="who asks, for the shop's record")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the answer")


def run(args: argparse.Namespace) -> int:
    """Do it; 0 once the device says done. A running `cloud serve` sends it."""
    with open_store(args, config_of(args)) as store:
        if args.what == "log":
            lines = last_log(store, args.device)
            print("\n".join(lines) or f"{args.device} has sent no log lines: ask it to send_logs.")
            return 0
        if args.what == "list":
            lately = [_line(asked) for asked in asked_lately(store, args.device)]
            print("\n".join(lately) or f"{args.device} was asked nothing yet.")
            return 0
        return _ask(args, store)


def _ask(args: argparse.Namespace, store: CloudStore) -> int:
    lives = timedelta(minutes=args.minutes)
    if not timedelta() < lives <= LONGEST_LIFE:
        raise UsageError("--minutes must be from 1 to 1440")
    argument: dict[str, str | int] = {}
    if args.what == "start":
        argument = {"name": args.name, "expected_cards": args.cards}
    about = {"command": args.what, "by": args.by}
    try:
        with from_the_shell(Trail(store), "shell.ask", args.device, **about):
            command = ask(store, args.device, args.what, argument, args.by, lives)
    except ValidationError as error:
        raise UsageError(f"that is no command: {error.errors()[0]['msg']}") from None
    if args.no_wait:
        print(f"asked: {command.id}")
        return 0
    until = f"{command.expires_at:%H:%M} UTC"
    waiting = f"Waiting for {args.device} until {until}. Ctrl-C ends the waiting, not the command."
    print(waiting, file=sys.stderr, flush=True)
    while True:
        asked = find_asked(store, command.id)
        if asked is None or asked.outcome or _is_over(asked):
            break
        time.sleep(_LOOK_EVERY_S)
    if asked is None or not asked.outcome:
        print("No answer in time: the device is away, or `cloud serve` does not run.")
        return 1
    print(_line(asked))
    return 0 if asked.outcome == "done" else 1


def _is_over(asked: Asked) -> bool:
    return time.time() > asked.command.expires_at.timestamp() + 30


def _line(asked: Asked) -> str:
    at = f"{asked.command.issued_at:%Y-%m-%d %H:%M:%S}"
    return f"{at} {asked.command.kind}: {asked.outcome or 'no answer yet'} {asked.detail}".rstrip()
