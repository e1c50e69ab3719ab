"""Webhooks, as Standard Webhooks has them: an id that stays, a time, and a signature over both and the body.

The specification is at standardwebhooks.com; the receiver knows a message that comes twice by its id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from hythe.base.errors import Invalid
from hythe.operations.alerts.http import post

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def send(url: str, body: bytes, message: str, now: int, secret: str) -> None:
    """Post a message to a webhook, signed where there is a secret.

    Raises:
        Busy: when the receiver says to come later.
        Invalid: when the secret is none.
        NotFound: when the receiver wants no more messages (410).
        Unavailable: when it did not take the message.

    """
    headers = {"content-type": "application/json", "webhook-id": message, "webhook-timestamp": str(now)}
    if secret:
        headers["webhook-signature"] = signature(secret, message, now, body)
    post(url, body, headers, now)


def signature(secret: str, message: str, at: int, body: bytes) -> str:
    """Sign a message: HMAC-SHA256 over `id.time.body`, of each of the secrets that a space parts.

    Two secrets sign while one takes the place of the other. The example is the one of the specification's
    own libraries:

    >>> signature(
    ...     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
    ...     b'{"test": 2432232314}',
    ... )
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b".".join((message.encode(), str(at).encode(), body))
    macs = (hmac.new(_key(each), signed, hashlib.sha256).digest() for each in secret.split())
    return " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as err:
        raise Invalid("the secret of the webhook is not base64; write whsec_ and base64 behind it") from err
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise Invalid(
            f"the secret of the webhook has {len(key)} bytes; give {_LEAST_BYTES} to {_MOST_BYTES}, such as "
            "whsec_$(openssl rand -base64 32)"
        )
    return key
