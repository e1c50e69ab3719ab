"""The page for people."""

from typing import Any


async def test_the_page_names_every_column_and_output(call: Any) -> None:
    reply = await call("GET", "/docs", host="models.example:8080")
    page = reply.body.decode()
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert all(name in page for name in ("churn", "tenure", "total charges", "contract", "probabilities"))
    assert "at least 0" in page
    assert "may be missing" in page


async def test_the_page_runs_no_script_and_asks_for_nothing_elsewhere(call: Any) -> None:
    reply = await call("GET", "/docs", host="<script>alert(1)</script>")
    assert "<script" not in reply.body.decode()
    assert "default-src 'none'" in reply.headers["content-security-policy"]
