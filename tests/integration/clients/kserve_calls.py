"""Calls kserve's REST client; run by an interpreter that has kserve, with what to call on standard input."""

import asyncio
import json
import sys
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig


def request(call: dict[str, Any]) -> Any:
    """Make the data of an inference: v1's document, or v2's tensors."""
    if "data" in call:
        return call["data"]
    inputs = []
    for given in call["inputs"]:
        tensor = InferInput(given["name"], given["shape"], given["datatype"])
        kinds = {"INT64": np.int64, "FP64": np.float64, "BYTES": object}
        values = np.array(given["values"], dtype=kinds[given["datatype"]])
        tensor.set_data_from_numpy(values, binary_data=call["binary"])
        inputs.append(tensor)
    return InferRequest(model_name=call["model_name"], infer_inputs=inputs)


async def answer(client: InferenceRESTClient, url: str, call: dict[str, Any]) -> Any:
    """Make one call; an error is given as its words."""
    named = {"model_name": call["model_name"]} if "model_name" in call else {}
    if call["call"] != "infer":
        return await getattr(client, call["call"])(url, **named)
    try:
        result = await client.infer(url, request(call), **named)
    except httpx.HTTPStatusError as err:
        return {"raised": str(err)}
    if isinstance(result, dict):
        return result
    outputs = {output.name: output.as_numpy().tolist() for output in result.outputs}
    decoded = {
        name: [v.decode() if isinstance(v, bytes) else v for v in values] for name, values in outputs.items()
    }
    return {"model_name": result.model_name, "outputs": decoded}


async def main() -> None:
    told = json.load(sys.stdin)
    client = InferenceRESTClient(RESTConfig(protocol=told["protocol"]))
    answers = [await answer(client, told["url"], call) for call in told["calls"]]
    await client.close()
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


asyncio.run(main())
