"""What can go wrong with a price source, classified once: whether to try again."""

from __future__ import annotations

from scanner.errors import ConfigError, CounterscanError


class SourceError(CounterscanError, RuntimeError):
    """A source did not give what it was asked for.

    `retryable` says that the same request may succeed in a moment; `counts` that it speaks against
    the source's health, so that enough of them in a row open its circuit breaker. `word` names the
    class in health and metrics.
    """

    counts = False
    word = "failed"


class SourceDownError(SourceError, ConnectionError):
    """Nobody answers, the answer is a server's failure, too slow, or cut off."""

    word = "down"
    retryable = True
    counts = True


class SourceBusyError(SourceError):
    """The source says that it is asked too often; `wait_s` where it says for how long."""

    word = "busy"
    retryable = True
    counts = True

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class SourceShapeError(SourceError, ValueError):
    """The answer is not what the source's description promises; asking again would not help."""

    word = "shape"
    counts = True


class SourceTooLargeError(SourceError, ValueError):
    """The answer is longer than any honest one."""

    word = "too large"
    counts = True


class SourceRefusedError(SourceError):
    """The source refuses this request for good: there is no such thing, or it is asked wrongly."""

    word = "refused"


class SourceMissingError(SourceRefusedError, LookupError):
    """The source has nothing at this address."""

    word = "missing"


class SourceBlockedError(SourceRefusedError, PermissionError):
    """The source refuses this shop: its keys are wrong or expired, or it has been blocked."""

    word = "blocked"


class SourceOpenError(SourceError):
    """The source failed so often that it is left alone for a while."""

    word = "resting"


class SourceQuotaError(SourceError):
    """What may be asked of the source in one day has been asked."""

    word = "quota"


class CollectionStoppedError(SourceError):
    """The process is ending."""


class SourceConfigError(ConfigError):
    """The file of the sources' settings is wrong; the message names the entry."""
