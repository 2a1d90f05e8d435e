"""The one error tree. Every message is a sentence that says what to do next.

Each leaf is also the builtin it resembles, so callers that know only Python still catch it.
"""


class CounterscanError(Exception):
    """Root of every error that Counterscan raises on purpose.

    The command line prints the message as one line and exits with `exit_code`; anything that is
    not a `CounterscanError` is a defect and shows its traceback.
    """

    exit_code = 1
    retryable = False


class ConfigError(CounterscanError, ValueError):
    """A setting is unknown or wrong; the message names the file and the line."""

    exit_code = 2


class UsageError(CounterscanError, ValueError):
    """The command line asks for something that does not fit together."""

    exit_code = 2


class ConditionError(CounterscanError, ValueError):
    """A condition, a rule or an offer's rule is wrong; the message names the place."""

    exit_code = 2


class RuleChangedError(CounterscanError, ValueError):
    """Somebody has changed or removed a rule since it was looked at; nothing was kept."""


class PictureError(CounterscanError, ValueError):
    """A picture can't be read, or is too small, too large or not a picture."""


class UploadError(CounterscanError, RuntimeError):
    """No more pictures can be taken in for now; the message says why and what to do."""

    retryable = True


class ModelError(CounterscanError, RuntimeError):
    """A model file is missing, damaged or does not fit this runtime."""


class PackError(CounterscanError, ValueError):
    """A catalog pack can't be built, opened or installed."""


class PackDamagedError(PackError):
    """A file of the pack is missing or its checksum differs."""


class PackMismatchError(PackError):
    """The pack was built with another model or runtime than the ones in use."""


class PackDiskError(PackError):
    """The disk can't take a pack or models, which may be quite in order."""

    retryable = True


class StoreError(CounterscanError, OSError):
    """The log can't be written or read."""


class StoreFullError(StoreError):
    """No space is left on the disk; nothing more is scanned until there is."""

    retryable = True


class StoreReadOnlyError(StoreError):
    """The data folder can't be written to by this user."""


class StoreDamagedError(StoreError):
    """The log's file failed its integrity check."""


class AlreadyRunningError(CounterscanError, RuntimeError):
    """Another process holds the machine or the port."""


class MachineError(CounterscanError, RuntimeError):
    """The machine can't go on until a clerk has done what the message says."""


class CameraError(MachineError):
    """No frame comes from the camera."""

    retryable = True


class LightsError(MachineError):
    """The lights' hardware is missing or does not answer."""


class SorterError(MachineError):
    """The diverter's hardware is missing or does not reach its place."""


class SignalsError(MachineError):
    """The pins of lamp, buzzer or buttons can't be had."""


class FeederError(MachineError):
    """The feeder's hardware is missing or does not answer."""


class InventoryError(CounterscanError, ValueError):
    """A filter, a bulk edit or an export asks for something that can't be."""
