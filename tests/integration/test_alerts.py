"""Drift on a live server reaches a webhook and a real Alertmanager, once; recovery resolves it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.test_monitoring import PERIOD_S, POLICY, home, monitored, packed, stored, whole
from tests.integration.test_serving import until

from hythe.testing.receiver import Receiver, receiver
from hythe.testing.services import alertmanager, or_skip

__all__ = ["home", "packed"]
pytestmark = [pytest.mark.integration, pytest.mark.slow]

KEY = bytes(range(32))


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Give a webhook whose secret is in the environment."""
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + base64.b64encode(KEY).decode())
    with receiver() as found:
        yield found


@pytest.fixture
def pager() -> Iterator[Receiver]:
    """Give whom the Alertmanager calls."""
    with receiver() as found:
        yield found


@pytest.fixture
def manager(tmp_path: Path, pager: Receiver) -> Iterator[str]:
    with or_skip(), alertmanager(tmp_path / "alertmanager", pager.url) as url:
        yield url


async def test_drift_reaches_a_webhook_and_an_alertmanager_once_and_recovery_resolves_it(
    home: Path, hook: Receiver, pager: Receiver, manager: str
) -> None:
    deliver = [
        {"to": "webhook", "url": hook.url, "secret_env": "HOOK_SECRET"},
        {"to": "alertmanager", "url": manager},
    ]
    async with monitored(home, {**POLICY, "deliver": deliver}) as (_, _, callers):

        async def looked_at(n: int) -> bool:
            return len(whole(stored(home))) >= n

        async def told(n: int) -> bool:
            return len(hook.received) >= n and len(pager.received) >= n

        await until(lambda: looked_at(3))
        assert hook.received == []
        callers.shift["balance"] = 1.5
        moved = time.time()
        await until(lambda: told(1))
        [fired] = hook.received
        _check_signed(fired.headers, fired.body)
        drift = fired.document["data"]
        assert (fired.document["type"], drift["rule"], drift["state"]) == ("alert.fired", "drift", "firing")
        assert "feature:balance" in [subject["name"] for subject in drift["subjects"]]
        assert _second(drift["began"]) < moved + 2 * PERIOD_S
        [active] = await _alerts(manager)
        assert active["labels"]["endpoint"] == "scoring"
        assert (active["labels"]["alertname"], active["status"]["state"]) == ("HytheDrift", "active")
        assert active["annotations"]["runbook"] == f"hythe alerts runbook {drift['alert']}"

        known = len(whole(stored(home)))
        await until(lambda: looked_at(known + 3))
        callers.shift["balance"] = 0.0
        await until(lambda: told(2))
    fired, resolved = hook.received
    assert (resolved.document["type"], resolved.document["data"]["alert"]) == (
        "alert.resolved",
        drift["alert"],
    )
    _check_signed(resolved.headers, resolved.body)
    assert [each.document["status"] for each in pager.received] == ["firing", "resolved"]
    assert await _alerts(manager) == []


async def _alerts(manager: str) -> Any:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{manager}/api/v2/alerts")).json()


def _check_signed(headers: object, body: bytes) -> None:
    assert isinstance(headers, dict)
    name, at = headers["webhook-id"], headers["webhook-timestamp"]
    mac = hmac.new(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
    assert abs(int(at) - time.time()) < 300


def _second(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
