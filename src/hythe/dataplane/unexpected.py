"""What nobody expected: the client hears one fixed sentence with an id, the log has the rest under it."""

from __future__ import annotations

from hythe.base.errors import HytheError, Internal
from hythe.base.ids import uuid7
from hythe.runtime.log import Log

_LOG = Log("hythe.dataplane")


def spoken(err: Exception) -> HytheError:
    """Give an error that a client may see: ours as it is, anything else as `Internal`, and logged."""
    if isinstance(err, HytheError):
        return err
    incident = str(uuid7())
    _LOG.error("unexpected error", incident=incident, exc_info=err)
    sentence = f"the server made a mistake; its log says more under the id {incident}"
    return Internal(sentence, incident)
