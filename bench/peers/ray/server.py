"""A Ray Serve deployment as its scikit-learn tutorial writes it: one replica behind the proxy."""

import json
import os
import signal
from pathlib import Path

import joblib
from ray import serve
from starlette.requests import Request

FOLDER = os.environ["BENCH_FOLDER"]


@serve.deployment
class Demo:
    """The demo's pipeline."""

    def __init__(self, folder: str) -> None:
        """Load the pipeline in the replica."""
        self.names = json.loads((Path(folder) / "names.json").read_text())
        self.model = joblib.load(Path(folder) / "model.joblib")

    async def __call__(self, request: Request) -> dict[str, list[float]]:
        """Answer one row."""
        row = await request.json()
        return {"probabilities": self.model.predict_proba([[row[name] for name in self.names]])[0].tolist()}


if __name__ == "__main__":
    import ray

    ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(os.environ["BENCH_PORT"])})
    serve.run(Demo.bind(FOLDER), route_prefix="/predict")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
