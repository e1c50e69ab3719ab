"""Save the demo's pipeline as an MLflow model; its server answers `dataframe_records`.

Without a signature, which is recommended but makes this server check each column by itself: with one it
answers less than half as many requests.
"""

import os
from pathlib import Path

import joblib
import mlflow.sklearn

FOLDER = Path(os.environ["BENCH_FOLDER"])

if __name__ == "__main__":
    mlflow.sklearn.save_model(
        joblib.load(FOLDER / "named.joblib"),
        FOLDER / "mlflow",
        pyfunc_predict_fn="predict_proba",
        pip_requirements=["scikit-learn"],
    )
