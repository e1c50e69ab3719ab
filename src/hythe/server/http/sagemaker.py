"""SageMaker's container protocol with MLflow's bodies: `POST /invocations`, `GET /ping`.

Sources: docs.aws.amazon.com/sagemaker, "Custom Inference Code with Hosting Services"; mlflow.org/docs,
"Local Inference Spec".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hythe.base.errors import Invalid, NotFound, Unsupported
from hythe.base.version import VERSION
from hythe.dataplane.plane import DataPlane
from hythe.runtime.batch import Batch, RowReader
from hythe.runtime.cells import show
from hythe.runtime.documents import parse
from hythe.server.http.asking import predict
from hythe.server.http.instances import only, predictions, read_inputs, read_instances
from hythe.server.http.messages import Reply, compressed, json_reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route
from hythe.server.http.state import State
from hythe.server.http.tables import JSON_TYPE, TABLE_TYPES, answer_type, read_table, reply_table

_DOOR = "invocations"
_TARGET = "x-amzn-sagemaker-target-model"
_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_ATTRIBUTE_NAMES = {"endpoint", "tfs-model-name"}
_KINDS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_TEXT = (("content-type", "text/plain; charset=utf-8"),)


class SageMakerDoor:
    """Answers what SageMaker and the clients of MLflow's scoring server send."""

    def __init__(self, plane: DataPlane, state: State) -> None:
        self._plane = plane
        self._state = state

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/ping", self.ping, open=True)
        yield Route("GET", "/health", self.ping, open=True)
        yield Route("GET", "/version", self.version, open=True)
        yield Route("POST", "/invocations", self.invocations)

    async def ping(self, _request: Request) -> Reply:
        """Say whether traffic may come; the body is one line end, as MLflow's is."""
        ready = self._plane.ready and not self._state.draining
        return Reply(b"\n", 200 if ready else 503, _TEXT)

    async def version(self, _request: Request) -> Reply:
        """Say which version of Hythe serves."""
        return Reply(VERSION.encode(), headers=_TEXT)

    async def invocations(self, request: Request) -> Reply:
        """Answer the rows of the body: MLflow's four kinds of JSON, CSV or Arrow."""

        async def read(rows: RowReader) -> Batch:
            kind = request.content_type
            if kind in TABLE_TYPES:
                return await read_table(kind, await request.plain(), rows, self._plane.limits)
            return read_document(parse(await request.json_body()), rows)

        prediction = await predict(self._plane, request, self._target(request), read, door=_DOOR)
        kind = answer_type(request.headers.get("accept"), JSON_TYPE)
        if kind in TABLE_TYPES:
            return await reply_table(kind, prediction, request)
        document = {"predictions": predictions(prediction)}
        return await compressed(json_reply(document, marks=prediction.marks), request)

    def _target(self, request: Request) -> str:
        return target(request.headers.get(_TARGET), request.headers.get(_ATTRIBUTES), self._plane.endpoints)


def target(model: str | None, attributes: str | None, endpoints: Iterable[str]) -> str:
    """Find the endpoint that a request is for: the one it names, or the only one.

    >>> target("churn.tar.gz", None, ["churn", "fraud"]), target(None, "endpoint=fraud", ["churn", "fraud"])
    ('churn', 'fraud')
    """
    if model:
        return model.lstrip("/").removesuffix(".tar.gz")
    for attribute in (attributes or "").split(","):
        name, _, value = attribute.strip().partition("=")
        if name in _ATTRIBUTE_NAMES:
            return value
    known = list(endpoints)
    if len(known) == 1:
        return known[0]
    if not known:
        raise NotFound("there is no endpoint yet; make one: hythe endpoint create NAME MODEL:VERSION")
    raise Unsupported(
        f"name one of the endpoints {', '.join(known)} in the header X-Amzn-SageMaker-Target-Model"
    )


def read_document(document: Any, rows: RowReader) -> Batch:
    """Read one of MLflow's four kinds of JSON; `params` beside it is passed over.

    Raises:
        Invalid: naming what is wrong.

    """
    kind, given = only(document, _KINDS)
    if kind == "dataframe_split":
        return _split(given, rows)
    if kind == "dataframe_records" and not all(isinstance(row, dict) for row in _listed(given, kind)):
        raise Invalid("'dataframe_records' has an item that is no object; send one object for each row")
    return read_inputs(given, rows) if kind == "inputs" else read_instances(given, rows)


def _split(frame: Any, rows: RowReader) -> Batch:
    """Read a frame as pandas writes it with `to_dict(orient="split")`."""
    if not isinstance(frame, dict):
        raise Invalid(f"'dataframe_split' is {show(frame)}; send an object with 'columns' and 'data'")
    names = frame.get("columns", [item.name for item in rows.schema.inputs])
    data = _listed(frame.get("data"), "data")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid(f"'columns' is {show(names)}; send a list of names")
    if len(set(names)) < len(names):
        raise Invalid(f"'columns' names one more than once: {show(names)}")
    for index, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            raise Invalid(f"data[{index}] is {show(row)}; expected a list of {len(names)} values")
    return read_instances([dict(zip(names, row, strict=True)) for row in data], rows)


def _listed(values: Any, name: str) -> list[Any]:
    if not isinstance(values, list):
        raise Invalid(f"{name!r} is {show(values)}; send a list with one item for each row")
    return values
