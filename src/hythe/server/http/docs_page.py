"""`/docs`: what this server answers, for people: each endpoint's columns, and an example that works."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from hythe.base.version import VERSION
from hythe.bundle.schema import Column, Output, Tensor
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.plane import DataPlane
from hythe.server.http.messages import Headers, Reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route

_HTML: Headers = (
    ("content-type", "text/html; charset=utf-8"),
    ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
)
_STYLE = """<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
code,pre{font:14px/1.45 ui-monospace,monospace}pre{background:#f4f6f8;padding:1rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .8rem .3rem 0;
vertical-align:top;border-bottom:1px solid #dde3e9}h2{margin-top:2.5rem}.quiet{color:#5a6673}
@media(prefers-color-scheme:dark){body{background:#14181d;color:#e4e9ee}pre{background:#1d232a}
td,th{border-color:#303943}a{color:#8ab8ff}.quiet{color:#98a4b0}}
</style>"""


class DocsDoor:
    """A page without scripts and without anything from elsewhere."""

    def __init__(self, plane: DataPlane) -> None:
        self._plane = plane

    def routes(self) -> Iterable[Route]:
        """Name the route."""
        yield Route("GET", "/docs", self.page)

    async def page(self, request: Request) -> Reply:
        """Describe every endpoint."""
        host = request.headers.get("host", "localhost:8080")
        parts = [_endpoint(endpoint, host) for endpoint in self._plane.endpoints.values()]
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width">{_STYLE}'
        intro = (
            f'<h1>What is served here</h1><p class="quiet">Hythe {escape(VERSION)}. For machines: '
            '<a href="/openapi.json">OpenAPI</a>, <a href="/metrics">metrics</a>, '
            '<a href="/health/ready">readiness</a>.</p>'
        )
        page = f'<!doctype html><html lang="en"><head><title>Hythe</title>{head}</head><body>{intro}'
        return Reply((page + "".join(parts) + "</body></html>").encode(), headers=_HTML)


def _endpoint(endpoint: Endpoint, host: str) -> str:
    schema = endpoint.spec.schema
    arms = ", ".join(f"{arm.version} ({arm.weight:g})" for arm in endpoint.plan.arms)
    inputs = "".join(_row(item.name, _input(item)) for item in schema.inputs)
    outputs = "".join(_row(item.name, _output(item)) for item in schema.outputs)
    name = escape(endpoint.name)
    return (
        f'<h2 id="{name}">{name}</h2><p class="quiet">Versions and weights: {escape(arms)}</p>'
        f"{_example(endpoint, host)}<h3>What goes in</h3><table>{inputs}</table>"
        f"<h3>What comes out</h3><table>{outputs}</table>"
    )


def _example(endpoint: Endpoint, host: str) -> str:
    if endpoint.spec.example is None:
        return ""
    body = json.dumps({"rows": [endpoint.spec.example]}, indent=2, default=str, ensure_ascii=False)
    quoted = body.replace("'", "'\\''")
    command = f"curl http://{host}/predict/{endpoint.name} -d '{quoted}'"
    return f"<pre>{escape(command)}</pre>"


def _row(name: str, words: str) -> str:
    return f"<tr><td><code>{escape(name)}</code></td><td>{escape(words)}</td></tr>"


def _input(item: Column | Tensor) -> str:
    if isinstance(item, Tensor):
        return f"tensor of {item.dtype}, shape {_shape(item.shape)}"
    words: list[str] = [item.type]
    if item.categories is not None:
        words.append("one of " + ", ".join(map(str, item.categories)))
    if item.minimum is not None:
        words.append(f"at least {item.minimum:g}")
    if item.maximum is not None:
        words.append(f"at most {item.maximum:g}")
    if item.nullable:
        words.append("may be missing")
    return "; ".join(words)


def _output(item: Output) -> str:
    words = item.dtype if not item.shape else f"{item.dtype}, shape {_shape(item.shape)}"
    return words if item.classes is None else f"{words}; of {', '.join(map(str, item.classes))}"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join("any" if length < 0 else str(length) for length in shape)
