"""A gRPC client can tell that an answer was stored, or that a fallback gave it."""

import msgspec
from tests.unit.server.grpc.served import Served, rows

from hythe.rollout.plan import CacheOptions


async def test_marks_are_parameters_of_the_answer(served: Served) -> None:
    endpoint = served.plane.endpoint("churn")
    constant = {"label": "no", "probabilities": [1.0, 0.0]}
    plan = msgspec.structs.replace(endpoint.plan, cache=CacheOptions(ttl_s=600), constant=constant)
    await served.plane.apply([msgspec.structs.replace(endpoint.spec, plan=plan)])
    told = []
    for tenure in (4, 4, 5):
        if tenure == 5:
            await endpoint.version("1.0.0").session.close()
        response = await served.client.call("ModelInfer", rows(tenure))
        told.append({name for name in ("degraded", "cached") if response.parameters[name].bool_param})
    assert told == [set(), {"cached"}, {"degraded"}]
