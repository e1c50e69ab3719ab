"""A BentoML service of the 1.4 form: a model loaded in the constructor, a typed API."""

import json
import os
from pathlib import Path

import bentoml
import joblib
from pydantic import create_model

FOLDER = Path(os.environ["BENCH_FOLDER"])
NAMES = json.loads((FOLDER / "names.json").read_text())
Row = create_model("Row", **dict.fromkeys(NAMES, (float, ...)))


@bentoml.service(workers=1)
class Demo:
    """The demo's pipeline."""

    def __init__(self) -> None:
        """Load the pipeline."""
        self.model = joblib.load(FOLDER / "model.joblib")

    @bentoml.api
    def predict(self, row: Row) -> list[float]:
        """Answer one row."""
        return self.model.predict_proba([[getattr(row, name) for name in NAMES]])[0].tolist()
