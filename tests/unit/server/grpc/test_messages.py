"""The messages are the protocol's: what protoc makes of our files, and what Triton's client has."""

from pathlib import Path
from typing import Any

import pytest
from grpc_tools import protoc
from tritonclient.grpc import model_config_pb2, service_pb2

import hythe.server.grpc
from hythe.server.grpc.messages import POOL

FOLDER = Path(hythe.server.grpc.__path__[0])
OURS = POOL.FindFileByName("inference.proto")


def test_the_descriptors_are_what_protoc_makes_of_the_files(tmp_path: Path) -> None:
    made = tmp_path / "made.binpb"
    files = ["inference.proto", "health.proto"]
    assert protoc.main(["protoc", f"-I{FOLDER}", f"--descriptor_set_out={made}", *files]) == 0
    assert (FOLDER / "descriptors.binpb").read_bytes() == made.read_bytes()


def theirs(name: str) -> Any:
    for module in (service_pb2, model_config_pb2):
        found = module.DESCRIPTOR.message_types_by_name.get(name)
        if found is not None:
            return found
    raise AssertionError(name)


def fields(descriptor: Any) -> dict[str, tuple[Any, ...]]:
    return {
        field.name: (field.number, field.type, field.is_repeated, (field.message_type or field).name)
        for field in descriptor.fields
    }


# Newer than the client: field 6 of the protocol's own file, which Triton's does not have.
NEWER = {"ModelMetadataResponse": {"properties"}}


@pytest.mark.parametrize("name", list(OURS.message_types_by_name))
def test_every_field_has_the_number_and_type_that_tritons_client_knows(name: str) -> None:
    ours, known = OURS.message_types_by_name[name], theirs(name)
    for mine, other in [
        (ours, known),
        *((nested, known.nested_types_by_name.get(nested.name)) for nested in ours.nested_types),
    ]:
        if other is None:
            assert mine.GetOptions().map_entry
            continue
        newer = NEWER.get(name, set())
        given = {field: is_what for field, is_what in fields(mine).items() if field not in newer}
        assert given == {field: is_what for field, is_what in fields(other).items() if field in given}


def test_enumerations_and_methods_are_those_of_tritons_client() -> None:
    kinds = OURS.enum_types_by_name["DataType"]
    known = model_config_pb2.DESCRIPTOR.enum_types_by_name["DataType"]
    assert {v.name: v.number for v in kinds.values} == {v.name: v.number for v in known.values}
    service = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    for method in OURS.services_by_name["GRPCInferenceService"].methods:
        other = service.methods_by_name[method.name]
        assert method.input_type.full_name == other.input_type.full_name
        assert method.output_type.full_name == other.output_type.full_name
        assert (method.client_streaming, method.server_streaming) == (
            other.client_streaming,
            other.server_streaming,
        )
