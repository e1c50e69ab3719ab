"""The protocol's messages, from `inference.proto` and `health.proto` as protoc describes them.

`descriptors.binpb` is what `protoc --descriptor_set_out` writes for the two files. Its descriptors live in a
pool of their own: generated modules would register `inference.*` in the pool of the whole process, which a
program can do only once, and `tritonclient` and `kserve` do it with files of theirs.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

INFERENCE = "inference.GRPCInferenceService"
"""The full name of the Open Inference Protocol's service."""
HEALTH = "grpc.health.v1.Health"
"""The full name of gRPC's health service."""


def _read() -> DescriptorPool:
    pool = DescriptorPool()
    described = FileDescriptorSet.FromString(files(__package__).joinpath("descriptors.binpb").read_bytes())
    for file in described.file:
        pool.Add(file)
    return pool


POOL = _read()
"""The descriptors of both services."""


def message(name: str) -> Any:
    r"""Give the class of a message by its full name.

    >>> message("inference.ServerLiveResponse")(live=True).SerializeToString()
    b'\x08\x01'
    """
    return GetMessageClass(POOL.FindMessageTypeByName(name))


def method(service: str, name: str) -> Any:
    """Give the descriptor of a service's method: its input and output types, and whether they stream."""
    return POOL.FindServiceByName(service).FindMethodByName(name)


Contents = message("inference.InferTensorContents")
HealthCheckResponse = message("grpc.health.v1.HealthCheckResponse")
ModelConfigResponse = message("inference.ModelConfigResponse")
ModelInferRequest = message("inference.ModelInferRequest")
ModelInferResponse = message("inference.ModelInferResponse")
ModelMetadataResponse = message("inference.ModelMetadataResponse")
ModelReadyResponse = message("inference.ModelReadyResponse")
ModelStatisticsResponse = message("inference.ModelStatisticsResponse")
ModelStreamInferResponse = message("inference.ModelStreamInferResponse")
RepositoryIndexResponse = message("inference.RepositoryIndexResponse")
ServerLiveResponse = message("inference.ServerLiveResponse")
ServerMetadataResponse = message("inference.ServerMetadataResponse")
ServerReadyResponse = message("inference.ServerReadyResponse")
