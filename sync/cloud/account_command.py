"""`counterscan cloud account`: people who may use the API, made on the cloud's own machine."""

from __future__ import annotations

import argparse
import getpass
import sys

from scanner.errors import UsageError
from sync.cloud.api.accounts import ROLES
from sync.cloud.api.app import accounts_of, token_keys_file
from sync.cloud.api.audit import Trail, from_the_shell
from sync.cloud.api.tokens import rotate
from sync.cloud.opening import add_config_argument, config_of, open_store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what is to be done."""
    add_config_argument(parser)
    parser.add_argument("what", choices=("add", "list", "password", "remove", "rotate-keys"))
    parser.add_argument("name", nargs="?", metavar="NAME", help="the person's name")
    parser.add_argument("--role", choices=ROLES, default="owner", help="default: owner")
    parser.add_argument("--email", default="", help="where alerts are sent")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )


def run(args: argparse.Namespace) -> int:
    """Do it. Raises UsageError with what to do."""
    config = config_of(args)
    with open_store(args, config) as store:
        if args.what == "rotate-keys":
            with from_the_shell(Trail(store), "shell.rotate_keys", ""):
                kept = rotate(token_keys_file(args.settings.data_dir, config))
            print(f"a new key signs from now on; {kept} older ones are still believed")
            return 0
        accounts = accounts_of(store, config)
        if args.what == "list":
            for person in accounts.all():
                print(f"{person.name}\t{person.role}\t{person.email}")
            return 0
        if not args.name:
            raise UsageError(f"say who: counterscan cloud account {args.what} NAME")
        if args.what == "add":
            password = _password(args)
            with from_the_shell(Trail(store), "shell.add_account", args.name, role=args.role):
                accounts.add(args.name, args.role, password, args.email)
            print(f"{args.name} can sign in now, as {args.role}")
            return 0
        known = {person.name.casefold(): person.id for person in accounts.all()}
        account_id = known.get(args.name.casefold())
        if account_id is None:
            raise UsageError(f"there is no {args.name}: counterscan cloud account list")
        if args.what == "remove":
            with from_the_shell(Trail(store), "shell.remove_account", args.name):
                accounts.change(account_id, is_open=False)
            print(f"{args.name} can't sign in any more")
        else:
            password = _password(args)
            with from_the_shell(Trail(store), "shell.password", args.name):
                accounts.change(account_id, password=password)
            print(f"{args.name} has another password now")
    return 0


def _password(args: argparse.Namespace) -> str:
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the password: add --password-stdin")
    try:
        first = getpass.getpass("Password: ")
        again = getpass.getpass("Once more: ")
    except EOFError:
        raise UsageError("no password was typed; try again") from None
    if again != first:
        raise UsageError("these were two different passwords; try again")
    return first
