"""The client for programs on asyncio."""

from __future__ import annotations

import asyncio
import ssl
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


class AsyncClient:
    """`Client`, with methods to await; the same settings, answers and errors.

    >>> async def label() -> str:
    ...     async with AsyncClient("http://127.0.0.1:8080") as client:
    ...         return (await client.predict("churn", [{"tenure": 4, "contract": "monthly"}]))[0]["label"]
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
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers=calls.common_headers(secret),
            limits=limits(connections),
            verify=certificates(self.url, tls),
        )

    @property
    def stats(self) -> Stats:
        """What this client has counted: calls, tries, repetitions, dropped connections."""
        return self._desk.stats

    async def predict(
        self, endpoint: str, rows: Rows, *, headers: Mapping[str, str] | None = None
    ) -> Predictions:
        """Answer rows: a list of dictionaries, a dictionary of columns, or a table of any library.

        Raises:
            Invalid: naming the row, the field, the value and what was expected; TooLarge beyond the limits.
            NotFound: when there is no such endpoint.

        """
        return calls.read(await self._send(calls.predict(endpoint, rows, headers or {})), Predictions)

    async def feedback(
        self, endpoint: str, feedback: Feedback, *, headers: Mapping[str, str] | None = None
    ) -> int:
        """Tell what became of predictions, all of it or nothing; give how many rows that were.

        An item has the `prediction_id`, the `row` (0 when left out), an `outcome`, `values` by name. Told
        again it changes nothing; told otherwise, the newest counts.

        Raises:
            Invalid: naming the item, the field, the value and what was expected; TooLarge beyond the limits.
            NotFound: when there is no such endpoint.

        """
        said = await self._send(calls.feedback(endpoint, feedback, headers or {}))
        return calls.read(said, Taken).taken

    async def live(self) -> bool:
        """Say whether the server's process answers."""
        return await self._health(calls.get("/health/live")) is not None

    async def ready(self) -> Readiness:
        """Say whether traffic may come; not ready when nobody answers."""
        body = await self._health(calls.ready())
        return Readiness() if body is None else calls.read(body, Readiness)

    async def describe(self, endpoint: str) -> Description:
        """Say what an endpoint takes and gives; raises NotFound."""
        return calls.read(await self._send(calls.metadata(endpoint)), Description)

    async def metrics(self) -> list[Sample]:
        """Read the server's metrics, summed over its workers."""
        return list(read_samples((await self._send(calls.get("/metrics"))).decode()))

    async def openapi(self) -> dict[str, Any]:
        """Read the server's own description of its API."""
        return calls.document(await self._send(calls.get("/openapi.json")))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _health(self, call: Call) -> bytes | None:
        try:
            return await self._send(call, retries=False)
        except HytheError:
            return None

    async def _send(self, call: Call, *, retries: bool = True) -> bytes:
        tries = Tries(call, self._desk, retries=None if retries else 0)
        while True:
            left_s = tries.left_s()
            try:
                async with asyncio.timeout(left_s):
                    reply = await self._once(tries, left_s)
            except TimeoutError as err:
                raise tries.late() from err
            except httpx.HTTPError as err:
                wait_s = judged(tries, err)
            else:
                wished = tries.answered(reply.status_code, reply.headers, reply.content)
                if wished is None:
                    return reply.content
                wait_s = wished
            await asyncio.sleep(wait_s)

    async def _once(self, tries: Tries, left_s: float) -> httpx.Response:
        call = tries.call

        async def note(event: str, _: Any) -> None:
            tries.note(event)

        return await self._http.request(
            call.method,
            call.path,
            content=call.body,
            headers=tries.headers(left_s),
            timeout=httpx.Timeout(left_s, connect=min(left_s, self._desk.patience.connect_s)),
            extensions={"trace": note},
        )
