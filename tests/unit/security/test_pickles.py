"""Pickles made to look harmless to a scanner and not to their loader."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from tests.unit.security.specimens import attack, long_text

from hythe.flavors.known import known
from hythe.security.scan import scan

_EMPTY_CLASS = b"csklearn.linear_model._logistic\nLogisticRegression\n"


def _refused(data: bytes) -> tuple[str, ...]:
    return scan(data, known).refused


def test_a_name_put_together_through_the_memo_is_found() -> None:
    data = b"\x80\x04" + long_text("os") + b"\x94" + long_text("system") + b"\x94" + b"00h\x00h\x01\x93."
    assert _refused(data) == ("os.system",)


def test_a_name_that_is_no_string_is_refused() -> None:
    assert "STACK_GLOBAL requires str" in _refused(b"\x80\x04K\x01K\x02\x93.")[0]


def test_the_old_opcodes_for_instances_are_found() -> None:
    assert _refused(b"(S'x'\nios\nsystem\n.") == ("os.system",)
    assert _refused(b"(cos\nsystem\nS'x'\no.") == ("os.system",)


def test_an_extension_code_is_refused() -> None:
    assert _refused(b"\x80\x02\x82\x07.") == ("the extension code 7",)


def test_a_reference_outside_the_file_is_refused() -> None:
    assert "outside the file" in _refused(b"\x80\x02K\x07Q.")[0]


def test_an_unknown_opcode_is_refused() -> None:
    assert not scan(b"\x80\x05\x97.", known).safe


def test_an_estimator_may_be_made_but_not_called() -> None:
    assert _refused(b"\x80\x02" + _EMPTY_CLASS + b")\x81.") == ()
    assert "a call of sklearn.linear_model._logistic.LogisticRegression" in _refused(
        b"\x80\x02" + _EMPTY_CLASS + b")R."
    )


def test_a_class_may_not_be_changed() -> None:
    assert "a change of sklearn.linear_model._logistic.LogisticRegression" in _refused(
        b"\x80\x02" + _EMPTY_CLASS + b"}b."
    )
    assert "a change of builtins.dict" in _refused(b"\x80\x02cbuiltins\ndict\nK\x01a.")


def test_what_a_call_gave_may_not_be_called() -> None:
    assert "a call of an instance of builtins.dict" in _refused(b"\x80\x02cbuiltins\ndict\n)R)R.")


def test_special_attributes_may_not_be_set() -> None:
    state = b"}" + long_text("__setstate__") + b"cnumpy\nmean\nsb"
    data = b"\x80\x02" + _EMPTY_CLASS + b")\x81" + state + b"."
    assert any("special attributes" in what for what in _refused(data))


def test_python_2_names_are_translated_as_the_loader_does(tmp_path: Path) -> None:
    assert _refused(b"\x80\x02c__builtin__\neval\n.") == ("builtins.eval",)
    assert _refused(b"\x80\x02ccommands\ngetoutput\n.") == ("subprocess.getoutput",)


def test_a_second_pickle_hidden_in_a_frame_is_refused() -> None:
    inner = b"K\x01." + attack("os.system", Path("mark"))
    framed = b"\x80\x04\x95" + len(inner).to_bytes(8, "little") + inner
    assert "data behind its end" in _refused(framed)[0]


def test_a_frame_that_hides_cells_of_an_array_is_read_as_joblib_reads_it() -> None:
    out = io.BytesIO()
    joblib.dump(np.arange(4.0), out)
    whole = out.getvalue()
    assert _refused(whole) == ()
    assert not scan(whole[:-9] + b".", known).safe


def _joblib_array(dtype_state: bytes, dtype: str = "O8") -> bytes:
    """Write joblib's wrapper of one cell, with a dtype whose state is `dtype_state`, and the cell."""
    made = b"cnumpy\ndtype\n" + long_text(dtype) + b"\x89\x88\x87R" + dtype_state + b"b"
    state = (
        b"}("
        + long_text("subclass") + b"cnumpy\nndarray\n"
        + long_text("shape") + b"K\x01\x85"
        + long_text("order") + long_text("C")
        + long_text("dtype") + made
        + long_text("allow_mmap") + b"\x89"
        + b"u"
    )  # fmt: skip
    return b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"b"


_AS_NUMPY_WRITES = b"(K\x03" + long_text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ft"
_WITHOUT_OBJECTS = b"(K\x03" + long_text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"


def test_objects_that_claim_to_be_plain_bytes_are_refused() -> None:
    assert "claims to be another" in _refused(_joblib_array(_WITHOUT_OBJECTS) + bytes(8) + b".")[0]


def test_plain_bytes_that_claim_to_be_objects_are_refused() -> None:
    hidden = attack("os.system", Path("mark"))
    assert "claims to be another" in _refused(_joblib_array(_AS_NUMPY_WRITES, "f8") + hidden + b".")[0]


def test_cells_of_objects_are_walked_as_the_nested_pickle_they_are() -> None:
    hidden = attack("os.system", Path("mark"))
    assert _refused(_joblib_array(_AS_NUMPY_WRITES) + hidden + b".") == ("os.system",)


def test_an_array_wrapper_made_by_a_detour_is_refused() -> None:
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n"
    detour = b"\x80\x02ccopyreg\n_reconstructor\n" + wrapper + b"cbuiltins\nobject\nN\x87R."
    assert "an unusual use of copyreg._reconstructor" in _refused(detour)


def test_a_dtype_made_from_anything_but_a_string_is_refused() -> None:
    assert "something other than a type string" in _refused(b"\x80\x02cnumpy\ndtype\nK\x01\x85R.")[0]
    assert "does not exist" in _refused(b"\x80\x02cnumpy\ndtype\n" + long_text("zz") + b"\x85R.")[0]


@pytest.mark.parametrize("protocol", range(6))
def test_an_estimator_with_a_function_of_its_user_is_refused_by_that_functions_name(protocol: int) -> None:
    model = LogisticRegression()
    model.hook = print
    assert _refused(pickle.dumps(model, protocol)) == ("builtins.print",)
