"""Every server of `bench/serving.py`, each as its own documentation says for a scikit-learn model."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers.environment import HERE, program
from peers.peer import Peer, Place

MODEL = "demo"


def served_by_python(name: str) -> Any:
    """Start `server.py` of a peer's folder in the peer's environment."""
    return lambda _place: [program(name, "python"), str(HERE / name / "server.py")]


def probabilities(answer: Any) -> float:
    """Read `{"probabilities": [no, yes]}`."""
    return float(answer["probabilities"][1])


def inference_tensor(row: Mapping[str, float]) -> Any:
    """Write the Open Inference Protocol's request with all columns in one tensor."""
    tensor = {"name": "row", "shape": [1, len(row)], "datatype": "FP64", "data": list(row.values())}
    return {"inputs": [tensor], "outputs": [{"name": "predict_proba"}]}


def prepare_mlserver(place: Place) -> None:
    """Write MLServer's settings: no debug log, and the model in the server's process.

    Its default, a pool of one process beside it, does not start with uvloop 0.22 and later, and costs more.
    """
    folder = place.folder / "mlserver"
    folder.mkdir(exist_ok=True)
    settings = {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": place.port,
        "grpc_port": place.grpc_port,
        "metrics_port": place.metrics_port,
        "parallel_workers": 0,
    }
    model = {
        "name": MODEL,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(place.folder / "model.joblib")},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))


def prepare_mlflow(place: Place) -> None:
    """Save the model once."""
    if not (place.folder / "mlflow").exists():
        command = [program("mlflow", "python"), str(HERE / "mlflow" / "save.py")]
        environment = {**place.environment, "PATH": "/usr/bin:/bin"}
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=120)


def prepare_nginx(place: Place) -> None:
    """Write nginx's configuration."""
    text = (HERE / "nginx" / "nginx.conf.in").read_text()
    text = text.replace("FOLDER", str(place.folder)).replace("PORT", str(place.port))
    (place.folder / "nginx.conf").write_text(text)


FASTAPI = Peer(
    name="FastAPI + joblib",
    command=served_by_python("fastapi"),
    environment="fastapi",
    probability=probabilities,
)
MLSERVER = Peer(
    name="MLServer",
    command=lambda place: [program("mlserver", "mlserver"), "start", str(place.folder / "mlserver")],
    environment="mlserver",
    path=f"/v2/models/{MODEL}/infer",
    wrap=inference_tensor,
    probability=lambda answer: float(answer["outputs"][0]["data"][1]),
    prepare=prepare_mlserver,
)
BENTOML = Peer(
    name="BentoML",
    command=lambda place: [
        program("bentoml", "bentoml"),
        "serve",
        "service:Demo",
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
    ],
    environment="bentoml",
    folder="bentoml",
    wrap=lambda row: {"row": row},
    probability=lambda answer: float(answer[1]),
    variables={"BENTOML_DO_NOT_TRACK": "True"},
)
LITSERVE = Peer(
    name="LitServe",
    command=served_by_python("litserve"),
    environment="litserve",
    probability=probabilities,
)
MLFLOW = Peer(
    name="MLflow",
    command=lambda place: [
        program("mlflow", "mlflow"),
        "models",
        "serve",
        "-m",
        str(place.folder / "mlflow"),
        "-p",
        str(place.port),
        "--env-manager",
        "local",
    ],
    environment="mlflow",
    path="/invocations",
    wrap=lambda row: {"dataframe_records": [row]},
    probability=lambda answer: float(answer["predictions"][0][1]),
    prepare=prepare_mlflow,
    variables={"PATH": f"{Path(program('mlflow', 'mlflow')).parent}:/usr/bin:/bin"},
)
RAY = Peer(
    name="Ray Serve",
    command=served_by_python("ray"),
    environment="ray",
    probability=probabilities,
    variables={"RAY_USAGE_STATS_ENABLED": "0"},
)
MOSEC = Peer(
    name="mosec + ONNX Runtime",
    command=served_by_python("mosec"),
    environment="mosec",
    path="/inference",
    probability=probabilities,
)
UVICORN = Peer(
    name="uvicorn + ONNX Runtime",
    command=served_by_python("uvicorn"),
    environment="uvicorn",
    probability=probabilities,
)
GRANIAN = Peer(
    name="Granian's echo",
    command=lambda place: [
        program("granian", "granian"),
        "--interface",
        "rsgi",
        "--workers",
        "1",
        "--loop",
        "uvloop",
        "--log-level",
        "warning",
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
        "echo:app",
    ],
    environment="granian",
    folder="granian",
)
NGINX = Peer(
    name="nginx, constant",
    command=lambda place: [shutil.which("nginx") or "nginx", "-c", str(place.folder / "nginx.conf")],
    prepare=prepare_nginx,
)
FRAMEWORKS = (FASTAPI, MLSERVER, BENTOML, LITSERVE, MLFLOW, RAY)
PEERS = (*FRAMEWORKS, MOSEC, UVICORN, GRANIAN, NGINX)
