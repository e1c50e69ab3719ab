"""`ModelInfer` and `ModelStreamInfer` over a real connection."""

import asyncio
import json
from typing import Any

import grpc
import pytest
from tests.unit.server.grpc.served import Served, numbers, rows

from hythe.dataplane.faults import FAULTS
from hythe.dataplane.meter import REQUESTS
from hythe.runtime.counters import Counters
from hythe.runtime.fingerprints import Crashes, fingerprint
from hythe.testing.tiny import expected


def chance(tenure: int) -> float:
    return expected({"tenure": tenure, "total charges": 20.5, "contract": "monthly"})


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


def outcomes(counters: Counters) -> dict[tuple[str, ...], float]:
    return {
        tuple(value for _, value in labels): values[0]
        for (name, labels), values in counters.read().items()
        if name == REQUESTS.name
    }


async def test_rows_get_answers_ids_and_a_version(served: Served) -> None:
    response = await served.client.call("ModelInfer", rows(4, 50, id="7"))
    assert (response.model_name, response.model_version, response.id) == ("churn", "1.0.0", "7")
    assert numbers(response, "probabilities")[:, 1] == pytest.approx([chance(4), chance(50)], rel=1e-12)
    unnamed = await served.client.call("ModelInfer", rows(4))
    assert unnamed.id == unnamed.parameters["prediction_id"].string_param != ""
    assert outcomes(served.counters) == {("churn", "1.0.0", "answered", ""): 2}


@pytest.mark.parametrize("place", ["runtime.session.OnnxSession.feed", "server.grpc.infer.write"])
async def test_a_fault_leaves_a_line_with_the_call_that_had_it(
    served: Served, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(FAULTS, "_known", {})
    monkeypatch.setattr(f"hythe.{place}", broken)
    trace = ("traceparent", f"00-{'ab' * 16}-{'cd' * 8}-01")
    err = await refused(served.client.call("ModelInfer", rows(4), metadata=(trace,)))
    [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert err.code() is grpc.StatusCode.INTERNAL
    assert (err.details() or "").rpartition(" ")[2] == line["error.id"]
    assert (line["hythe.endpoint"], line["hythe.version"], line["hythe.door"]) == ("churn", "1.0.0", "grpc")
    assert (line["trace.id"], line["error.type"]) == ("ab" * 16, "ZeroDivisionError")
    assert len(line["hythe.prediction_id"]) == 36
    assert "in broken\n" in line["error.stack_trace"]


async def test_outputs_can_be_chosen_and_typed(served: Served) -> None:
    asked = rows(4)
    asked.outputs.add(name="probabilities").parameters["binary_data"].bool_param = False
    [output] = (await served.client.call("ModelInfer", asked)).outputs
    assert output.contents.fp64_contents[1] == pytest.approx(chance(4), rel=1e-12)
    whole = rows(4)
    whole.parameters["binary_data_output"].bool_param = False
    label, _ = (await served.client.call("ModelInfer", whole)).outputs
    assert list(label.contents.bytes_contents) == [b"yes"]


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"model_name": "chum"}, "NOT_FOUND", "no endpoint 'chum'; endpoints: churn"),
        ({"model_version": "2.0.0"}, "NOT_FOUND", "does not serve version '2.0.0'"),
        ({"outputs": [{"name": "value"}]}, "INVALID_ARGUMENT", "there is no output 'value'"),
        (
            {"outputs": [{"name": "label", "parameters": {"classification": {"int64_param": 2}}}]},
            "UNIMPLEMENTED",
            "asks for 'classification', which is not served",
        ),
    ],
)
async def test_what_is_not_there_is_refused(
    served: Served, change: dict[str, Any], status: str, message: str
) -> None:
    asked = rows(4)
    asked.MergeFrom(type(asked)(**change))
    err = await refused(served.client.call("ModelInfer", asked))
    assert err.code().name == status
    assert message in str(err.details())


async def test_wrong_rows_too_many_and_nonsense_have_their_statuses(served: Served) -> None:
    wrong = await refused(served.client.call("ModelInfer", rows(4, 500)))
    assert wrong.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert wrong.details() == "tenure[1] is 500; expected an integer from 0 to 100"
    assert ("hythe-code", "invalid") in list(wrong.trailing_metadata())
    many = await refused(served.client.call("ModelInfer", rows(*range(21))))
    assert many.code() is grpc.StatusCode.OUT_OF_RANGE
    raw = served.client.channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    assert (await refused(raw(b"\xff\xff"))).code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (await refused(raw(b" " * 20_001))).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    unknown = served.client.channel.unary_unary("/inference.GRPCInferenceService/RepositoryModelLoad")
    assert (await refused(unknown(b""))).code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_request_that_is_too_late_never_reaches_the_model(served: Served) -> None:
    late = rows(4)
    late.parameters["timeout"].int64_param = 1
    err = await refused(served.client.call("ModelInfer", late))
    assert err.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    [(labels, count)] = outcomes(served.counters).items()
    assert (labels[2:], count) == (("failed", "timed_out"), 1)


async def test_callers_show_their_key_and_stay_within_it(guarded: Served, key: Any) -> None:
    metadata = (("authorization", f"Bearer {key.text}"),)
    nobody = await refused(guarded.client.call("ModelInfer", rows(4)))
    assert nobody.code() is grpc.StatusCode.UNAUTHENTICATED
    hidden = await refused(guarded.client.call("ModelMetadata", {"name": "churn"}))
    assert hidden.code() is grpc.StatusCode.UNAUTHENTICATED
    other = await refused(guarded.client.call("ModelMetadata", {"name": "fraud"}, metadata=metadata))
    assert other.code() is grpc.StatusCode.PERMISSION_DENIED
    for header in ("authorization", "x-api-key", "authorization"):
        await guarded.client.call("ModelInfer", rows(4), metadata=((header, key.text),))
    over = await refused(guarded.client.call("ModelInfer", rows(4), metadata=metadata))
    assert over.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert int(dict(over.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
    assert (await guarded.client.call("ServerReady")).ready


async def test_a_stream_answers_in_order_and_survives_a_wrong_request(served: Served) -> None:
    async def requests() -> Any:
        for number in range(200):
            yield rows(500 if number == 7 else number % 100, id=str(number))

    seen = [response async for response in served.client.call("ModelStreamInfer", requests())]
    assert [response.infer_response.id for response in seen] == [str(number) for number in range(200)]
    failed = seen.pop(7)
    assert failed.error_message == "tenure[0] is 500; expected an integer from 0 to 100"
    for response in seen:
        tenure = int(response.infer_response.id) % 100
        assert numbers(response.infer_response, "probabilities")[0, 1] == pytest.approx(chance(tenure))
        assert response.infer_response.parameters["triton_final_response"].bool_param


async def test_a_client_that_leaves_its_stream_ends_it(served: Served) -> None:
    more = asyncio.Event()

    async def requests() -> Any:
        yield rows(4)
        await more.wait()

    stream = served.client.call("ModelStreamInfer", requests())
    assert (await stream.read()).infer_response.model_name == "churn"
    stream.cancel()
    assert (await stream.code()) is grpc.StatusCode.CANCELLED
    assert (await served.client.call("ModelInfer", rows(4))).model_name == "churn"


async def test_a_request_that_killed_two_processes_is_refused(watched: Served, crashes: int) -> None:
    poison, parent = rows(13, id="poison"), Crashes(crashes)
    for _ in range(2):
        parent.crashed_with([fingerprint(poison.SerializeToString())])
    err = await refused(watched.client.call("ModelInfer", poison))
    assert "inside two processes when they died" in str(err.details())
    assert (await watched.client.call("ModelInfer", rows(14))).model_name == "churn"
    assert parent.crashed_in(1) == []
