"""A LitServe API: decode, predict in a worker process, encode."""

import json
import os
from pathlib import Path

import joblib
import litserve
import numpy as np

FOLDER = Path(os.environ["BENCH_FOLDER"])


class Demo(litserve.LitAPI):
    """The demo's pipeline."""

    def setup(self, _device: str) -> None:
        """Load the pipeline in the worker."""
        self.names = json.loads((FOLDER / "names.json").read_text())
        self.model = joblib.load(FOLDER / "model.joblib")

    def decode_request(self, request: dict[str, float]) -> np.ndarray:
        """Give one row as an array."""
        return np.array([request[name] for name in self.names])

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Answer a batch of rows."""
        return self.model.predict_proba(x)

    def encode_response(self, output: np.ndarray) -> dict[str, list[float]]:
        """Write one row's answer."""
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    api = Demo(max_batch_size=64, batch_timeout=0.001)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(port=int(os.environ["BENCH_PORT"]), generate_client_file=False, log_level="warning")
