"""The page's process for the kill test, forked anew for each line on stdin.

Importing everything takes a second and forking none. It prints the pid, and `ended`.
Usage: web_process.py DATA_DIR PORT
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from webui.app import Door
from webui.server import PageServer


def main() -> None:
    """Fork a server per line; the child serves until it is killed."""
    data_dir, port = Path(sys.argv[1]), int(sys.argv[2])
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                PageServer(data_dir, "127.0.0.1", port, Door(is_open=True)).serve()
            except Exception:  # noqa: BLE001 - a forked child must not run its parent's code on
                traceback.print_exc()
            finally:
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
