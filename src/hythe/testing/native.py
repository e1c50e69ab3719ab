"""A native model that misbehaves on demand, for tests of whatever holds one in a child process."""

from __future__ import annotations

import json
from pathlib import Path

from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.spec import EndpointSpec, NativeFiles, VersionSpec
from hythe.rollout.plan import Plan
from hythe.runtime.native.wire import Load
from hythe.testing.tiny import DIGEST

SCHEMA = Schema((Column("x", "float64"),), (Output("value", "float64"),), container="dicts")
"""One number in, twice that number out."""
RAISES, DIES, HANGS, EATS, SAYS_WHO = -1.0, -2.0, -3.0, -4.0, -5.0
"""Values of `x` on which the model raises ValueError, kills its process, never answers, takes all the memory
that it gets, or answers with its process id."""

_CODE = f"""
import os
import threading

def predict(rows):
    values = [row["x"] for row in rows]
    if {RAISES} in values:
        raise ValueError("x is {RAISES}")
    if {DIES} in values:
        os._exit(7)
    if {HANGS} in values:
        threading.Event().wait()
    if {EATS} in values:
        eaten = []
        while True:
            eaten.append(bytearray(2**22))
    print("models may print")
    return [float(os.getpid()) if value == {SAYS_WHO} else 2.0 * value for value in values]
"""


def misbehaving_endpoint(folder: Path, name: str = "double") -> EndpointSpec:
    """Lay out the model's files in `folder` and make the endpoint that serves them."""
    load = misbehaving_model(folder)
    version = VersionSpec("1.0.0", DIGEST, SCHEMA, NativeFiles(load.flavor, load.format, load.folder))
    return EndpointSpec(name, Plan.of("1.0.0", DIGEST), (version,))


def misbehaving_model(folder: Path) -> Load:
    """Lay out the model's files in `folder`, as a bundle unpacks them, and say how to load it."""
    (folder / "model").mkdir(parents=True)
    (folder / "code").mkdir()
    target = {"module": "misbehaving", "name": "predict"}
    (folder / "model" / "python.json").write_text(json.dumps(target))
    (folder / "code" / "misbehaving.py").write_text(_CODE)
    return Load("python", "source", str(folder), SCHEMA)
