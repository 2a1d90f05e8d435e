"""Two network namespaces joined by a virtual Ethernet pair, for a cut that nobody is told of.

A proxy that closes a connection sends a FIN or an RST; a cable that is pulled, or a router that is
switched off, sends nothing: packets vanish, and each end must find out by itself. Here the packets
are dropped by `tc netem` where the kernel has it, else by taking the far end of the pair down.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from types import TracebackType
from typing import Self

from scanner.errors import CounterscanError

CLOUD_ADDRESS = "10.77.0.2"
_DEVICE_ADDRESS = "10.77.0.1"
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


class NoNamespacesError(CounterscanError, RuntimeError):
    """This process may not, or can't, make network namespaces; the message says why."""


def why_not() -> str:
    """Why network namespaces can't be made here, as a sentence; "" where they can."""
    if os.geteuid() != 0:
        return "Network namespaces are made by root alone: run this with sudo."
    if shutil.which("ip", path=_PATH) is None:
        return "ip is not installed; as root, run: apt-get install iproute2."
    try:
        with Namespaces():
            return ""
    except NoNamespacesError as error:
        return str(error)


class Namespaces:
    """A device's network and the cloud's. A context manager: both are gone in the end.

    A command with `device` or `cloud` put in front of it runs in there.
    """

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._names = [f"counterscan-{os.getpid()}-{end}" for end in ("device", "cloud")]
        self._links = [f"cs{os.getpid()}{end}" for end in "dc"]
        self._made: list[str] = []
        self.how = ""
        """What drops the packets."""
        self.device, self.cloud = (["ip", "netns", "exec", name] for name in self._names)

    def __enter__(self) -> Self:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()

    def cut(self) -> None:
        """Let every packet vanish, in both directions."""
        if self.how == "tc netem":
            self._loss("change", 100)
        else:
            _run(*self.cloud, "ip", "link", "set", self._links[1], "down")

    def join(self) -> None:
        """Let packets through again."""
        if self.how == "tc netem":
            self._loss("change", 0)
        else:
            _run(*self.cloud, "ip", "link", "set", self._links[1], "up")

    def _make(self) -> None:
        for name in self._names:
            _run("ip", "netns", "add", name)
            self._made.append(name)
        device, cloud = self._links
        _run(
            "ip", "link", "add", device, "netns", self._names[0],
            "type", "veth", "peer", "name", cloud, "netns", self._names[1],
        )  # fmt: skip
        ends = (
            (self.device, device, _DEVICE_ADDRESS), (self.cloud, cloud, CLOUD_ADDRESS)
        )  # fmt: skip
        for inside, link, address in ends:
            _run(*inside, "ip", "address", "add", f"{address}/30", "dev", link)
            _run(*inside, "ip", "link", "set", link, "up")
            _run(*inside, "ip", "link", "set", "lo", "up")
        try:
            self._loss("add", 0)
            self.how = "tc netem"
        except NoNamespacesError:
            self.how = "link down"

    def _loss(self, verb: str, percent: int) -> None:
        for inside, link in zip((self.device, self.cloud), self._links, strict=True):
            words = ("qdisc", verb, "dev", link, "root", "netem", "loss", f"{percent}%")
            _run(*inside, "tc", *words)

    def _remove(self) -> None:
        while self._made:  # the pair goes with the namespaces
            subprocess.run(
                ["ip", "netns", "del", self._made.pop()], capture_output=True, check=False
            )


def _run(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoNamespacesError(f"{words[0]} can't be run: {error}.") from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise NoNamespacesError(f"This system does not let {' '.join(words)} be done: {said}.")
