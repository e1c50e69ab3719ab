"""Who may ask a real server, and how much: keys that come and go, rates over processes, quotas, tokens."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from tests.integration.test_serving import ROW, until

from hythe.operations.keys import create_key, revoke_key
from hythe.registry.registry import Registry
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.security.keys import Permit
from hythe.security.tokens import Issuer
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.tiny import tiny_endpoint
from hythe.testing.waiting import PAUSE_S

pytestmark = pytest.mark.integration

TWO_WORKERS = SupervisorConfig(workers=2, drain_s=0.1, backoff=Backoff(first_s=0.05))
ISSUER, AUDIENCE = "https://issuer.example", "hythe"
REVOKED_WITHIN_S = 2.0
NEWS_S = 0.5
"""Workers look for news every tenth of a second."""


class House:
    """A home whose endpoint is served to those alone who have a key or token."""

    def __init__(self, folder: Path, issuers: tuple[Issuer, ...] = ()) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.url = f"sqlite:///{self.home / 'catalog.db'}"
        self.endpoint = tiny_endpoint(folder)
        self.registry = Registry.open(self.home, self.url)
        with self.registry.catalog.edit(actor="ana") as tx:
            tx.put_plan("churn", msgspec.to_builtins(self.endpoint.plan))
        source = Source(str(self.home), self.url, None, issuers)
        self.config = ServeConfig(port=0, anonymous=False, supervisor=TWO_WORKERS, source=source)

    def key(self, **permit: Any) -> tuple[str, str]:
        """Make a key; give its id and its text."""
        made = create_key(self.registry.catalog, "test", Permit(**permit), actor="ana")
        return made.record.id, made.key

    @contextmanager
    def serving(self) -> Iterator[Running]:
        with running([self.endpoint], self.config, log=self.folder / "log") as server:
            yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.registry.close()


async def ask(server: Running, shown: str, path: str = "/predict/churn") -> httpx.Response:
    """Ask on a new connection, which any worker may take."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        return await client.post(path, json=ROW, headers={"Authorization": f"Bearer {shown}"})


async def steadily(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something has held eight times on end, and for longer than news take to all workers."""
    since, times = time.monotonic(), 0

    async def long_enough() -> bool:
        nonlocal since, times
        if await holds():
            times += 1
        else:
            since, times = time.monotonic(), 0
        return times >= 8 and time.monotonic() > since + NEWS_S

    await until(long_enough)


async def is_known(server: Running, shown: str) -> bool:
    """Tell whether a worker knows a key, which spends nothing of what it may."""
    return (await ask(server, shown, "/predict/nowhere")).status_code != 401


async def in_a_row(server: Running, shown: str, status: int) -> None:
    """Wait until answers, from any worker, have `status`."""

    async def holds() -> bool:
        return (await ask(server, shown)).status_code == status

    await steadily(holds)


async def test_a_key_made_while_serving_is_let_in_and_a_revoked_one_is_out_within_2_seconds(
    house: House,
) -> None:
    with house.serving() as server:
        identity, key = house.key()
        await in_a_row(server, key, 200)
        revoke_key(house.registry.catalog, identity, actor="ana")
        revoked = time.monotonic()
        last_let_in = revoked
        while time.monotonic() < revoked + REVOKED_WITHIN_S + 1.0:
            asked = time.monotonic()
            if (await ask(server, key)).status_code == 200:
                last_let_in = asked
            await asyncio.sleep(PAUSE_S)
        assert last_let_in - revoked < REVOKED_WITHIN_S


async def test_a_key_opens_what_it_is_for_and_nothing_else(house: House) -> None:
    with house.serving() as server:
        _, elsewhere = house.key(endpoints=("fraud",))
        _, reading = house.key(verbs=("metrics",))
        await in_a_row(server, elsewhere, 403)
        await in_a_row(server, reading, 403)
        assert (await ask(server, "hk_made_up")).status_code == 401
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.post("/predict/churn", json=ROW)).status_code == 401
            assert (await client.get("/health/ready")).status_code == 200
            shown = {"X-API-Key": reading}
            assert (await client.get("/metrics", headers=shown)).status_code == 200
            assert (await client.get("/metrics", headers={"X-API-Key": elsewhere})).status_code == 200
            assert (await client.get("/metrics")).status_code == 401


async def test_a_rate_over_two_workers_holds_within_5_percent(house: House) -> None:
    rate, burst, seconds = 40.0, 40, 4.0  # a bucket of one second: callers may be kept from asking so long
    with house.serving() as server:
        _, key = house.key(rate_per_s=rate, burst=burst)
        await until(partial(is_known, server, key))
        let_in, told = 0, set()
        shown = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=server.url, headers=shown) as client:
            began = time.monotonic()

            async def hammer() -> None:
                nonlocal let_in
                while time.monotonic() < began + seconds:
                    reply = await client.post("/predict/churn", json=ROW)
                    let_in += reply.status_code == 200
                    if reply.status_code == 429:
                        told.add(reply.headers["Retry-After"])
                        await asyncio.sleep(PAUSE_S)

            await asyncio.gather(*(hammer() for _ in range(6)))
            taken = time.monotonic() - began
        assert let_in == pytest.approx(burst + rate * taken, rel=0.05)
        assert told == {"1"}


async def test_a_quota_goes_on_after_a_restart(house: House) -> None:
    _, key = house.key(quota=5, quota_period_s=10 * 365 * 86400)
    statuses: list[int] = []
    for _ in range(2):
        with house.serving() as server:
            await steadily(partial(is_known, server, key))
            statuses += [(await ask(server, key)).status_code for _ in range(4)]
            server.terminate()
            assert server.wait() == 0
    assert statuses == [200, 200, 200, 200, 200, 429, 429, 429]


@pytest.fixture
def signed(tmp_path: Path) -> Callable[..., str]:
    """Write an issuer's public keys to a file, and sign tokens with the private one."""
    private = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public | {"kid": "a", "use": "sig"}]}))

    def sign(**claims: Any) -> str:
        stated = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "exp": int(time.time()) + 600} | claims
        return jwt.encode(stated, private, algorithm="ES256", headers={"kid": "a"})

    return sign


async def test_a_token_of_an_issuer_opens_what_its_scopes_say(
    tmp_path: Path, signed: Callable[..., str]
) -> None:
    issuer = Issuer(url=ISSUER, audience=AUDIENCE, jwks_from=str(tmp_path / "jwks.json"))
    house = House(tmp_path, (issuer,))
    try:
        with house.serving() as server:
            await in_a_row(server, signed(scope="hythe:predict:churn"), 200)
            assert (await ask(server, signed(scope="hythe:predict:fraud"))).status_code == 403
            assert (await ask(server, signed(scope="hythe:predict", aud="others"))).status_code == 401
            past = int(time.time()) - 3600
            assert (await ask(server, signed(scope="hythe:predict", exp=past))).status_code == 401
    finally:
        house.registry.close()
