"""However a file is broken, a scan ends with findings, and every name in it is judged."""

from __future__ import annotations

import io
import pickle
import pickletools

import joblib
import numpy as np
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from tests.unit.security.specimens import WRAPPINGS

from hythe.flavors.known import known
from hythe.security.globals import Use
from hythe.security.scan import scan

_MODEL = LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])


def _joblib(value: object) -> bytes:
    out = io.BytesIO()
    joblib.dump(value, out)
    return out.getvalue()


_WHOLE = [
    _joblib([_MODEL, np.array(["a", None], dtype=object)]),
    *(pickle.dumps(_MODEL, protocol) for protocol in (0, 2, 4)),
    skops.io.dumps(_MODEL),
    *(wrap(pickle.dumps({"a": [1, (2,)]}, 2)) for wrap in WRAPPINGS.values()),
]


@given(
    whole=st.sampled_from(_WHOLE),
    edits=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 4), st.binary(max_size=6)), max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_a_scan_of_a_broken_file_ends_with_findings(
    whole: bytes, edits: list[tuple[int, int, bytes]]
) -> None:
    data = whole
    for place, dropped, added in edits:
        at = place % (len(data) + 1)
        data = data[:at] + added + data[at + dropped :]
    findings = scan(data, known)
    assert findings.digest.startswith("sha256:")
    if data == whole:
        assert findings.safe


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.sets(st.integers()),
    )
)
@settings(max_examples=100, deadline=None)
def test_plain_data_passes_in_every_protocol(value: object) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert scan(pickle.dumps(value, protocol), known).safe


_MODULES = st.sampled_from(["os", "numpy", "builtins", "sklearn"])


@given(st.lists(st.tuples(_MODULES, st.from_regex(r"[a-z]{1,8}", fullmatch=True)), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_every_global_that_a_plain_reading_finds_is_judged(names: list[tuple[str, str]]) -> None:
    data = b"".join(f"c{module}\n{name}\n".encode() for module, name in names) + b"."
    plain = {tuple(str(arg).split(" ")) for op, arg, _ in pickletools.genops(data) if op.name == "GLOBAL"}
    wanted = {f"{module}.{name}" for module, name in plain if known(module, name) == Use.REFUSED}
    assert set(scan(data, known).refused) == wanted
