"""gRPC cases: messages whose fields or bytes are wrong, at every method, and bytes that are no HTTP/2."""

from __future__ import annotations

from random import Random
from typing import Any

from fuzzing.case import Case
from fuzzing.doors import any_subject, packed, some_rows
from fuzzing.havoc import INTEGERS, havoc
from fuzzing.subjects import Subject

SERVICE = "/inference.GRPCInferenceService/"
_FIELDS = {
    "BOOL": "bool_contents", "INT64": "int64_contents", "FP64": "fp64_contents", "FP32": "fp32_contents",
    "UINT8": "uint_contents", "BYTES": "bytes_contents",
}  # fmt: skip
_OTHERS = (
    "ServerLive",
    "ServerReady",
    "ServerMetadata",
    "ModelReady",
    "ModelMetadata",
    "ModelConfig",
    "RepositoryIndex",
    "ModelStatistics",
)
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def call_case(rng: Random, number: int) -> Case:
    """Call a method with a message that is wrong."""
    way = rng.random()
    if way < 0.1:
        method, data = rng.choice(_OTHERS), _named(rng)
    elif way < 0.15:
        method, data = rng.choice(("Nothing", "modelinfer", "", "ModelInfer/x")), b""
    else:
        method, data = "ModelInfer", infer_message(rng, any_subject(rng))
    if rng.random() < 0.4:
        data = havoc(rng, data)
    path = SERVICE + method if rng.random() < 0.98 else "/grpc.health.v1.Health/Check"
    return Case(number=number, door="gRPC", what=method, pieces=(data,), method=path)


def bytes_case(rng: Random, number: int) -> Case:
    """Send bytes to the gRPC port that are no HTTP/2, or only begin as such."""
    frames = b"".join(_frame(rng) for _ in range(rng.randint(0, 6)))
    settings = b"\0\0\0\4\0\0\0\0\0"
    data = rng.choice((
        rng.randbytes(99), _PREFACE, _PREFACE + frames, _PREFACE + settings + frames,
        b"GET / HTTP/1.1\r\n\r\n",
    ))  # fmt: skip
    return Case(
        number=number, door="gRPC bytes", what="frames", pieces=(data,), owed=0, abrupt=True, raw_grpc=True
    )


def _frame(rng: Random) -> bytes:
    body = rng.randbytes(rng.choice((0, 4, 8, 50)))
    stream = rng.choice((b"\0\0\0\0", b"\0\0\0\1"))
    return len(body).to_bytes(3, "big") + bytes([rng.randrange(12), rng.randrange(256)]) + stream + body


def _named(rng: Random) -> bytes:
    name = rng.choice((b"mixed", b"", b"\xff\xfe", b"x" * 9000, b"text"))
    version = rng.choice((b"", b"1.0.0", b"9", b"\xed\xa0\x80"))
    return b"\x0a" + _varint(len(name)) + name + b"\x12" + _varint(len(version)) + version


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def infer_message(rng: Random, subject: Subject) -> bytes:
    """Write a `ModelInferRequest` of typed or raw contents, sometimes with something wrong in it."""
    from tritonclient.grpc import service_pb2 as message

    rows = some_rows(rng, subject)
    request = message.ModelInferRequest(model_name=subject.name, id="x")
    raw = rng.random() < 0.5
    for name, datatype, shape in subject.inputs:
        values = [inner for row in rows for inner in _flat(row[name])]
        tensor = request.inputs.add(name=name, datatype=datatype, shape=[len(rows), *shape])
        _change(rng, tensor)
        if raw:
            request.raw_input_contents.append(
                packed(datatype, values) if rng.random() < 0.9 else rng.randbytes(7)
            )
        else:
            getattr(tensor.contents, _FIELDS[datatype]).extend([_typed(datatype, value) for value in values])
    if rng.random() < 0.2:
        _odd_fields(rng, request)
    return bytes(request.SerializeToString())


def _change(rng: Random, tensor: Any) -> None:
    way = rng.random()
    if way < 0.15:
        tensor.datatype = rng.choice([*_FIELDS, "FP16", "BF16", "UINT64", "INT8", "", "x"])
    elif way < 0.3:
        tensor.ClearField("shape")
        axes = [number for number in INTEGERS if number < 2**63]
        tensor.shape.extend(
            rng.choice([-1, -(2**63), 2, 10_001, *axes]) for _ in range(rng.choice((0, 1, 2, 40)))
        )
    elif way < 0.35:
        tensor.name = rng.choice(("", "x" * 9000, "label"))
    elif way < 0.4:
        tensor.contents.fp64_contents.append(float("nan"))
    elif way < 0.43:
        tensor.parameters["shared_memory_region"].string_param = "x"


def _odd_fields(rng: Random, request: Any) -> None:
    way = rng.randrange(5)
    if way == 0:
        request.outputs.add(name=rng.choice(("label", "value", "x" * 9000, "")))
    elif way == 1:
        request.model_version = rng.choice(("1.0.0", "9", "x" * 9000))
    elif way == 2:
        request.parameters["timeout"].int64_param = rng.choice((1, -1, 2**63 - 1))
    elif way == 3:
        request.model_name = rng.choice(("", "x" * 9000, "mixed/.."))
    else:
        request.parameters["binary_data_output"].bool_param = False


def _typed(datatype: str, value: Any) -> Any:
    if datatype == "BYTES":
        return str(value).encode()
    return float("nan") if value is None else value


def _flat(value: Any) -> list[Any]:
    return [inner for each in value for inner in _flat(each)] if isinstance(value, list) else [value]
