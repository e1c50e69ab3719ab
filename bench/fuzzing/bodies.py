"""Cases whose framing is right and whose body is not: JSON at every door, binary tensors, compression."""

from __future__ import annotations

from random import Random
from typing import Any

from fuzzing.case import Case, post
from fuzzing.documents import spoil, write
from fuzzing.doors import DOORS, DTYPES, any_subject, inference, packed, some_rows
from fuzzing.havoc import INTEGERS, havoc
from fuzzing.squeezed import squeeze

_HEADER = "Inference-Header-Content-Length"
_KINDS = (
    "application/json", "", "text/plain", "text/csv", "application/vnd.apache.arrow.stream",
    "application/octet-stream",
    "application/vnd.apache.arrow.file", "APPLICATION/JSON; charset=utf-16", "multipart/form-data", ";",
    "\x80",
)  # fmt: skip
_ACCEPTS = (
    "*/*", "text/csv", "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file", "x",
    ";q=", "",
    "text/csv;q=nan, application/json;q=inf", "a" * 2000, "application/json;q=-1", ",,,", "\xff",
)  # fmt: skip
_STRANGE_HEADERS = (
    "Hythe-Timeout-Ms: 0", "Hythe-Timeout-Ms: nan", "Hythe-Timeout-Ms: 1e308", "Hythe-Timeout-Ms: -1",
    "Hythe-Timeout-Ms: \xb2", "Hythe-Timeout-Ms: 0.001", "Hythe-Timeout-Ms: 1_0", "Authorization: Bearer x",
    "Authorization: \xff\xfe", "X-Api-Key: hythe_x", "traceparent: 00-0-0-0",
    "traceparent: \xe9" + "f" * 3000,
    "Accept-Encoding: gzip;q=x", "Accept-Encoding: *;q=1e999, gzip", "Accept-Encoding: " + "gzip," * 2000,
    "Content-Type: text/csv", "Inference-Header-Content-Length: 3",
    "X-Amzn-SageMaker-Target-Model: ../../etc",
    "X-Amzn-SageMaker-Custom-Attributes: ,=,endpoint=,=",
)  # fmt: skip


def json_case(rng: Random, number: int) -> Case:
    """Spoil the document of a door."""
    name = rng.choice(list(DOORS))
    path, document, headers = DOORS[name](rng, any_subject(rng))
    body, what = spoil(rng, document)
    if rng.random() < 0.1:
        accept = f"Accept: {rng.choice(_ACCEPTS)}"
        return Case(
            number=number, door=name, what=f"{what}, {accept}", pieces=(post(path, body, *headers, accept),)
        )
    return Case(number=number, door=name, what=what, pieces=(post(path, body, *headers),))


def header_case(rng: Random, number: int) -> Case:
    """Send a right document with strange headers, or to a strange path."""
    name = rng.choice(list(DOORS))
    path, document, headers = DOORS[name](rng, any_subject(rng))
    more = rng.sample(_STRANGE_HEADERS, rng.randint(1, 4))
    if rng.random() < 0.5:
        more.append(f"Accept: {rng.choice(_ACCEPTS)}")
    if rng.random() < 0.3:
        path = _path(rng, path)
    body = post(path, write(document), *headers, *more, kind=rng.choice(_KINDS))
    return Case(number=number, door="headers", what="strange headers", pieces=(body,))


def _path(rng: Random, path: str) -> str:
    ways = (
        path + "/", path + "?x=" + "y" * 500, path.replace("/", "//"), path.upper(), path + "%00",
        path + "%ff%fe",
        path.replace("e", "%65"), "/predict/" + "%2e%2e/" * 3, "/predict/" + "a" * 4000,
        "http://fuzz" + path, "*",
        path + "#x", path.replace("models", "models/%ed%a0%80"), "/v2/models//infer",
        "/v1/models/:predict", "/%",
        "/v2/models/mixed/versions/%0d%0ax: y/infer", "/predict/\xc3\xa9", path + ";x", "//", "http://",
        "x://",
    )  # fmt: skip
    return rng.choice(ways)


def compressed_case(rng: Random, number: int) -> Case:
    """Compress the body of a door, rightly or not."""
    name = rng.choice(list(DOORS))
    path, document, headers = DOORS[name](rng, any_subject(rng))
    body, word, what = squeeze(rng, write(document))
    request = post(path, body, *headers, f"Content-Encoding: {word}")
    return Case(number=number, door="compressed", what=f"{name}: {what}", pieces=(request,))


def binary_case(rng: Random, number: int) -> Case:
    """Send binary tensors whose JSON, bytes or lengths are wrong."""
    subject = any_subject(rng)
    path, document, _ = inference(rng, subject)
    tail = b""
    for tensor in document["inputs"]:
        _change_tensor(rng, tensor)
        data = (
            packed(tensor["datatype"], _flat(tensor.pop("data")))
            if tensor["datatype"] in _PACKED
            else b"\0" * 8
        )
        tensor["parameters"] = {"binary_data_size": _size(rng, len(data))}
        tail += data
    head, what = spoil(rng, document) if rng.random() < 0.4 else (write(document), "sizes")
    tail = havoc(rng, tail) if rng.random() < 0.4 else tail
    length: Any = len(head)
    if rng.random() < 0.15:
        length = rng.choice(
            ("", "-1", "0", "1e3", "+5", "\xb2", " 7", len(head) + 1, len(head) - 1, 2**63, "9" * 30, "1,2")
        )
    headers = [f"{_HEADER}: {length}"]
    body = head + tail
    if rng.random() < 0.2:
        body, word, how = squeeze(rng, body)
        headers, what = [*headers, f"Content-Encoding: {word}"], f"{what}, {how}"
    kind = rng.choice(("application/octet-stream", "", "application/json"))
    return Case(
        number=number, door="binary tensors", what=what, pieces=(post(path, body, *headers, kind=kind),)
    )


_PACKED = {*DTYPES, "BYTES"}
_AXES = (0, 1, 2, 3, 7, 10_000, 10_001, 2**31, 2**40, 2**62, 2**63 - 1)


def _change_tensor(rng: Random, tensor: dict[str, Any]) -> None:
    way = rng.random()
    if way < 0.25:
        tensor["datatype"] = rng.choice([*DTYPES, "BYTES", "FP8", "", "fp32", "STRING"])
    elif way < 0.5:
        tensor["shape"] = [rng.choice(_AXES) for _ in range(rng.choice((0, 1, 2, 4, 33)))]
    elif way < 0.6:
        tensor["shape"] = [*tensor["shape"], 0]
    elif way < 0.65:
        tensor["name"] = rng.choice(("", "x" * 9000, "label"))


def _size(rng: Random, right: int) -> Any:
    return (
        right
        if rng.random() < 0.7
        else rng.choice((0, -1, right + 1, right - 1, 1.5, "8", None, True, *INTEGERS))
    )


def _flat(values: Any) -> list[Any]:
    return [inner for value in values for inner in _flat(value)] if isinstance(values, list) else [values]


def raw_case(rng: Random, number: int) -> Case:
    """Send nothing but bytes, which stand for the only input of one row."""
    subject = any_subject(rng)
    values = [
        inner for row in some_rows(rng, subject)[:1] for value in row.values() for inner in _flat(value)
    ]
    data = packed(
        rng.choice(list(_PACKED)) if rng.random() < 0.3 else subject.inputs[0][1],
        _numbers(subject.name, values),
    )
    body = havoc(rng, data) if rng.random() < 0.7 else data * rng.choice((1, 2, 1000))
    request = post(f"/v2/models/{subject.name}/infer", body, f"{_HEADER}: 0", kind="application/octet-stream")
    return Case(number=number, door="binary tensors", what="raw", pieces=(request,))


def _numbers(name: str, values: list[Any]) -> list[Any]:
    return [0.0 if isinstance(value, str) else value for value in values] if name != "text" else values
