"""A mosec worker written and tuned by hand: rows decoded by msgspec, batched into one ONNX Runtime call."""

import json
import os
import sys
from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
from mosec import Server, ValidationError, Worker

FOLDER = Path(os.environ["BENCH_FOLDER"])
NAMES = json.loads((FOLDER / "names.json").read_text())
Row = msgspec.defstruct("Row", [(name, float) for name in NAMES])


class Demo(Worker):
    """The demo's graph."""

    def __init__(self) -> None:
        """Open the graph with one thread, as Hythe does."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.run = onnxruntime.InferenceSession(FOLDER / "model.onnx", options).run
        self.decode = msgspec.json.Decoder(Row).decode
        self.encode = msgspec.json.Encoder().encode

    def deserialize(self, data: bytes) -> tuple[float, ...]:
        """Read and validate one row."""
        try:
            return msgspec.structs.astuple(self.decode(data))
        except msgspec.ValidationError as err:
            raise ValidationError(err) from err

    def serialize(self, data: list[float]) -> bytes:
        """Write one row's answer."""
        return self.encode({"probabilities": data})

    def forward(self, data: list[tuple[float, ...]]) -> list[list[float]]:
        """Answer a batch of rows."""
        return self.run(["probabilities"], {"numbers": np.array(data)})[0].tolist()


if __name__ == "__main__":
    sys.argv = [sys.argv[0], "--address", "127.0.0.1", "--port", os.environ["BENCH_PORT"]]
    server = Server()
    server.append_worker(Demo, num=1, max_batch_size=64, max_wait_time=1)
    server.run()
