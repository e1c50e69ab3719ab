"""The client for ordinary programs."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from hythe.base.errors import HytheError
from hythe.client import calls
from hythe.client.answers import Description, Predictions, Readiness
from hythe.client.feedback import Feedback, Taken
from hythe.client.metrics import Sample, read_samples
from hythe.client.retry import Patience
from hythe.client.rows import Rows
from hythe.client.stats import Stats
from hythe.client.tries import Call, Tries
from hythe.client.wire import certificates, judged, limits


class Client:
    """Asks a server, over connections that it keeps; threads may share one.

    `url` is the server's address (HYTHE_URL, else port 8080 of this machine), `key` an API key or a token
    (HYTHE_API_KEY). One call takes at most `timeout_s`, repetitions included; the server hears how much is
    left of it. `retries` is how often a call is repeated where repeating does no harm; `patience` sets these
    and the waits between. `tls` replaces the usual trust in certificates. `connections` bounds how many are
    open at once.

    >>> with Client("http://127.0.0.1:8080") as client:  # doctest: +SKIP
    ...     client.predict("churn", [{"tenure": 4, "contract": "monthly"}])[0]["label"]
    'yes'

    Every method raises:
        Unauthenticated, Denied: when the key is missing or may not do this.
        Unavailable: when nobody answers, or the connection breaks once too often.
        Busy: when there is no room; `retry_after_s` says when there may be.
        TimedOut: when the time is over.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        timeout_s: float = 30.0,
        retries: int = 3,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
        connections: int = 64,
    ) -> None:
        self.url = calls.base_url(url)
        secret = calls.settle_key(key)
        self._desk = calls.desk(self.url, secret, patience or Patience(timeout_s=timeout_s, retries=retries))
        self._http = httpx.Client(
            base_url=self.url,
            headers=calls.common_headers(secret),
            limits=limits(connections),
            verify=certificates(self.url, tls),
        )

    @property
    def stats(self) -> Stats:
        """What this client has counted: calls, tries, repetitions, dropped connections."""
        return self._desk.stats

    def predict(self, endpoint: str, rows: Rows, *, headers: Mapping[str, str] | None = None) -> Predictions:
        """Answer rows: a list of dictionaries, a dictionary of columns, or a table of any library.

        Raises:
            Invalid: naming the row, the field, the value and what was expected; TooLarge beyond the limits.
            NotFound: when there is no such endpoint.

        """
        return calls.read(self._send(calls.predict(endpoint, rows, headers or {})), Predictions)

    def feedback(self, endpoint: str, feedback: Feedback, *, headers: Mapping[str, str] | None = None) -> int:
        """Tell what became of predictions, all of it or nothing; give how many rows that were.

        An item has the `prediction_id`, the `row` (0 when left out), an `outcome`, `values` by name. Told
        again it changes nothing; told otherwise, the newest counts.

        Raises:
            Invalid: naming the item, the field, the value and what was expected; TooLarge beyond the limits.
            NotFound: when there is no such endpoint.

        """
        said = self._send(calls.feedback(endpoint, feedback, headers or {}))
        return calls.read(said, Taken).taken

    def live(self) -> bool:
        """Say whether the server's process answers."""
        return self._health(calls.get("/health/live")) is not None

    def ready(self) -> Readiness:
        """Say whether traffic may come; not ready when nobody answers."""
        body = self._health(calls.ready())
        return Readiness() if body is None else calls.read(body, Readiness)

    def describe(self, endpoint: str) -> Description:
        """Say what an endpoint takes and gives; raises NotFound."""
        return calls.read(self._send(calls.metadata(endpoint)), Description)

    def metrics(self) -> list[Sample]:
        """Read the server's metrics, summed over its workers."""
        return list(read_samples(self._send(calls.get("/metrics")).decode()))

    def openapi(self) -> dict[str, Any]:
        """Read the server's own description of its API."""
        return calls.document(self._send(calls.get("/openapi.json")))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _health(self, call: Call) -> bytes | None:
        try:
            return self._send(call, retries=False)
        except HytheError:
            return None

    def _send(self, call: Call, *, retries: bool = True) -> bytes:
        tries = Tries(call, self._desk, retries=None if retries else 0)
        while True:
            left_s = tries.left_s()
            try:
                status, headers, body = self._once(tries, left_s)
            except httpx.HTTPError as err:
                wait_s = judged(tries, err)
            else:
                wished = tries.answered(status, headers, body)
                if wished is None:
                    return body
                wait_s = wished
            time.sleep(wait_s)

    def _once(self, tries: Tries, left_s: float) -> tuple[int, httpx.Headers, bytes]:
        call = tries.call
        request = self._http.build_request(
            call.method,
            call.path,
            content=call.body,
            headers=tries.headers(left_s),
            timeout=httpx.Timeout(left_s, connect=min(left_s, self._desk.patience.connect_s)),
            extensions={"trace": lambda event, _: tries.note(event)},
        )
        reply = self._http.send(request, stream=True)
        try:
            pieces = []
            for piece in reply.iter_bytes():  # a reply that trickles in must not outlast the deadline
                pieces.append(piece)
                tries.left_s()
        finally:
            reply.close()
        return reply.status_code, reply.headers, b"".join(pieces)
