"""FastAPI with a pipeline loaded by joblib: a pydantic model of the row, a handler that calls it."""

import json
import os
from pathlib import Path

import joblib
import uvicorn
from fastapi import FastAPI
from pydantic import create_model

FOLDER = Path(os.environ["BENCH_FOLDER"])
NAMES = json.loads((FOLDER / "names.json").read_text())
MODEL = joblib.load(FOLDER / "model.joblib")
Row = create_model("Row", **dict.fromkeys(NAMES, (float, ...)))

app = FastAPI()


@app.post("/predict")
async def predict(row: Row) -> dict[str, list[float]]:
    """Answer one row."""
    return {"probabilities": MODEL.predict_proba([[getattr(row, name) for name in NAMES]])[0].tolist()}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["BENCH_PORT"]), log_level="warning", access_log=False)
