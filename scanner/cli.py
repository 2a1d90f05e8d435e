"""`counterscan SUB-COMMAND`: reads the settings, loads the one module asked for, and runs it.

An error that Counterscan raises on purpose is one sentence on standard error and an exit code;
anything else is a defect and shows its traceback.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from scanner.commands import COMMANDS, Parser, listing, load_command
from scanner.config import Settings, explain_settings, load_settings
from scanner.errors import CounterscanError
from scanner.logs import setup_logging

PROGRAM = "counterscan"

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
READER_LEFT = 128 + signal.SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default) and return its exit code."""
    # One thread does one card's search in less time than several take to wait for one another.
    # NumPy's BLAS reads this when it is loaded, which no import above does.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if argv is None:
        # A service is stopped by SIGTERM: let every `finally` put the machine into safety.
        signal.signal(signal.SIGTERM, _leave)
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except CounterscanError as error:
        print(f"{PROGRAM}: {_one_line(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has gone; Python flushes once more at exit: to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT


def _dispatch(argv: list[str]) -> int:
    outer = Parser(
        prog=PROGRAM,
        description="Name trading cards under a camera, down to the printing, and log every scan.",
        epilog=f"commands:\n{listing(COMMANDS)}\n\n{PROGRAM} COMMAND --help tells more of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = importlib.metadata.version("counterscan")
    outer.add_argument("--version", action="version", version=f"{PROGRAM} {version}")
    _add_global_options(outer)
    outer.add_argument("command", nargs="?", metavar="COMMAND")
    outer.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    args = outer.parse_args(argv)
    if args.command is None:
        if args.show_config:
            return _show_config(args)
        outer.print_help()
        return 0
    module = load_command(args.command, COMMANDS, PROGRAM)
    inner = Parser(
        prog=f"{PROGRAM} {args.command}",
        description=f"{COMMANDS[args.command].help[:1].upper()}{COMMANDS[args.command].help[1:]}.",
    )
    # The global options may stand on either side of the command's name.
    _add_global_options(inner, default=argparse.SUPPRESS)
    module.add_arguments(inner)
    rest = args.rest
    del args.rest
    inner.parse_args(rest, namespace=args)
    if args.show_config:
        return _show_config(args)
    args.settings = _settings(args)
    setup_logging(args.settings.log_level, as_json=args.settings.log_format == "json")
    return module.run(args)


def _add_global_options(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    group = parser.add_argument_group("everywhere")
    group.add_argument(
        "--config", type=Path, default=default, metavar="FILE", help="settings file (TOML)"
    )
    group.add_argument(
        "--data", type=Path, default=default, metavar="DIR", help="folder of the log and packs"
    )
    group.add_argument(
        "--log-level", choices=("debug", "info", "warning", "error"), default=default
    )
    group.add_argument(
        "--show-config",
        action="store_true",
        default=default or False,
        help="print the settings in force and where each comes from, then stop",
    )


def _overrides(args: argparse.Namespace) -> dict[str, Any]:
    return {"data_dir": args.data, "log_level": args.log_level}


def _settings(args: argparse.Namespace) -> Settings:
    return load_settings(args.config, **_overrides(args))


def _show_config(args: argparse.Namespace) -> int:
    print(explain_settings(args.config, **_overrides(args)))
    return 0


def _one_line(error: CounterscanError) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
