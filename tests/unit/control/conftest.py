"""The API on a registry with versions of one model, called in this process."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from hythe.control.api import make_api
from hythe.control.callers import Callers
from hythe.operations.issuers import Issuers
from hythe.operations.keys import create_key
from hythe.registry.registry import Registry
from hythe.security.keys import Permit
from hythe.security.tokens import Issuer
from hythe.testing.fake_clock import FakeClock
from hythe.testing.versions import add_version


@dataclass
class House:
    """An API and what it works on; `call` asks it as whoever is on this machine, or with a key."""

    registry: Registry
    clock: FakeClock
    client: httpx.AsyncClient

    async def call(self, method: str, path: str, document: Any = None, **how: Any) -> httpx.Response:
        return await self.client.request(method, path, json=document, **how)

    def key(self, name: str = "", **permit: Any) -> dict[str, str]:
        """Make a key; give the headers that show it."""
        made = create_key(self.registry.catalog, name, Permit(**permit), actor="ana")
        self.clock.tick(2.0)
        return {"Authorization": f"Bearer {made.key}"}


ISSUER = Issuer("https://issuer.example", "hythe", jwks_from="by the test")
SIGNS = ECKey.generate_key("P-256", {"kid": "ec"})


def token(subject: str, scope: str) -> dict[str, str]:
    """Sign a token of the issuer; give the headers that show it."""
    claims = {
        "iss": ISSUER.url,
        "aud": ISSUER.audience,
        "sub": subject,
        "scope": scope,
        "exp": int(time.time()) + 600,
    }
    return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'ec'}, claims, SIGNS)}"}


def caller(registry: Registry, clock: FakeClock, *, anonymous: bool) -> httpx.AsyncClient:
    issuers = Issuers([ISSUER], lambda _: json.dumps({"keys": [SIGNS.as_dict(private=False)]}).encode())
    callers = Callers(registry.catalog, issuers, actor="ana@home", anonymous=anonymous, clock=clock)
    app: Any = make_api(registry, callers)
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8079")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry.open(tmp_path / "home")
    add_version(made, "1.0.0")
    add_version(made, "1.1.0")
    yield made
    made.close()


@pytest.fixture
async def house(registry: Registry) -> AsyncIterator[House]:
    """Give an API that lets whoever is on this machine in."""
    clock = FakeClock()
    async with caller(registry, clock, anonymous=True) as client:
        yield House(registry, clock, client)


@pytest.fixture
async def guarded(registry: Registry) -> AsyncIterator[House]:
    """Give an API that wants keys of everybody."""
    clock = FakeClock()
    async with caller(registry, clock, anonymous=False) as client:
        yield House(registry, clock, client)
