"""One tree of errors, split by who can put the fault right.

Every message states the fault, the value and the remedy. `code` is the word that doors map to their
own numbers (HTTP status, gRPC code, exit code), each in one table.
"""

from __future__ import annotations

from typing import ClassVar


class HytheError(Exception):
    """Any failure that Hythe raises on purpose.

    >>> raise NotFound("model 'fraud:9.0.0' is not in the registry; known versions: 1.0.0, 1.1.0")
    Traceback (most recent call last):
    ...
    hythe.base.errors.NotFound: model 'fraud:9.0.0' is not in the registry; known versions: 1.0.0, 1.1.0
    """

    code: ClassVar[str] = "internal"
    told = False
    """Whether the log of this process has told of it."""


class CallerError(HytheError):
    """What was asked for is wrong; the caller can ask differently."""


class Invalid(CallerError):
    """A value does not fit: a row, an option, a file, a name."""

    code = "invalid"


class Malformed(Invalid):
    """What was sent cannot be read at all: no JSON, a cut body."""

    code = "malformed"


class TooLarge(Invalid):
    """What was sent is more than the limits allow."""

    code = "too_large"


class NotFound(CallerError):
    """What was named does not exist."""

    code = "not_found"


class Conflict(CallerError):
    """Something else stands there already, or was changed meanwhile."""

    code = "conflict"


class Unauthenticated(CallerError):
    """Nobody knows who asks: no key, a wrong or expired one."""

    code = "unauthenticated"


class Denied(CallerError):
    """The caller is known and may not do this."""

    code = "denied"


class Untrusted(CallerError):
    """Running this would run a stranger's program; trust its digest first."""

    code = "untrusted"


class Unsupported(CallerError):
    """Hythe cannot do this: a missing extra, an unknown framework, an option it lacks."""

    code = "unsupported"


class Cancelled(CallerError):
    """Whoever asked went away before there was an answer."""

    code = "cancelled"


class OperatorError(HytheError):
    """The surroundings are at fault; whoever runs Hythe can put it right."""


class Busy(OperatorError):
    """There is no room just now; the same call may succeed in `retry_after_s` seconds."""

    code = "busy"

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TimedOut(OperatorError):
    """The time that the caller gave was over before there was an answer."""

    code = "timed_out"


class Corrupt(OperatorError):
    """Stored bytes are not what they should be."""

    code = "corrupt"


class Unavailable(OperatorError):
    """A server, disk or process that is needed does not answer."""

    code = "unavailable"


class Internal(HytheError):
    """A fault of Hythe's own; clients see one fixed sentence with an id, `incident`, that the log knows."""

    code = "internal"

    def __init__(self, message: str, incident: str = "") -> None:
        super().__init__(message)
        self.incident = incident
