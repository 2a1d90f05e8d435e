"""`counterscan cloud job [NAME]`: runs one job of the schedule now, or says how each fares."""

from __future__ import annotations

import argparse

from scanner.tables import utc_now
from sync.cloud.jobs import JOBS, JobContext, Outcome, job_named, last_run, run_if_due
from sync.cloud.opening import add_config_argument, config_of, open_store, until_told
from sync.cloud.store import CloudStore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("job", nargs="?", metavar="NAME", help="the job to run; without: list them")
    add_config_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Run it; 1 where it failed. Raises CounterscanError with what to do."""
    config = config_of(args)
    with open_store(args, config) as store:
        if args.job is None:
            _list(store)
            return 0
        job_named(args.job)
        context = JobContext(store, config, utc_now(), until_told())
        outcome = run_if_due(args.job, context, force=True)
        if outcome is None:
            print(f"{args.job} is running just now")
            return 1
        with store.log.read() as session:
            last = last_run(session.connection(), args.job)
    print(f"{args.job}: {last.detail or outcome.value}" if last else outcome.value)
    return 0 if outcome is Outcome.DONE else 1


def _list(store: CloudStore) -> None:
    with store.log.read() as session:
        for name, job in JOBS.items():
            last = last_run(session.connection(), name)
            said = "never ran" if last is None else f"{last.outcome} at {last.began_at:%F %R} UTC"
            print(f"{name:<16} {job.help} ({said})")
            if last is not None and last.detail:
                print(f"{'':<16} {last.detail}")
