from __future__ import annotations

import gzip
import io
import pickle
import zlib
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from tests.unit.security.specimens import ATTACKS, WRAPPINGS, Calls, attack, zipped

from hythe.base.errors import Invalid, NotFound, Untrusted
from hythe.flavors.known import known
from hythe.security.globals import Use, standard
from hythe.security.scan import require_safe, scan
from hythe.security.streams import Limits


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("name", ATTACKS)
def test_a_call_beyond_the_frameworks_is_refused_by_name_and_not_run(
    name: str, protocol: int, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    assert name in scan(attack(name, mark, protocol), known).refused[0]
    assert not mark.exists()


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_program_is_found_in_every_kind_of_file(wrapping: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    path = tmp_path / "model.joblib"
    path.write_bytes(WRAPPINGS[wrapping](attack("timeit.timeit", mark)))
    assert any(what.endswith("timeit.timeit") for what in scan(path, known).refused)
    assert not mark.exists()


def test_the_specimens_do_run_when_loaded(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pickle.loads(attack("builtins.exec", mark))
    assert mark.exists()


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_program_among_the_arrays_of_a_joblib_file_is_found(compress: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(
        [np.arange(9.0), np.asfortranarray(np.eye(3)), eval, np.array(["x", None], object)], path, compress
    )
    assert scan(path, known).refused == ("builtins.eval",)


def test_a_program_in_an_array_of_objects_inside_a_joblib_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump({"cells": np.array([eval, len], dtype=object)}, path)
    assert scan(path, known).refused == ("builtins.eval", "builtins.len")


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [1, 2.5, "x", b"y", True, (1, 2)], 3: {4, 5}},
        [frozenset("ab"), bytearray(b"x"), slice(1, 2), complex(1, 2)],
        [OrderedDict(a=1), defaultdict(list, b=[1]), Counter("aab")],
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["a", None], dtype=object),
        [
            np.float32(1),
            np.datetime64("2020-01-01"),
            np.ma.array([1, 2], mask=[False, True]),
            np.log1p,
            np.int8,
        ],
        [np.random.RandomState(0), np.random.default_rng(0)],
    ],
    ids=["none", "containers", "builtins", "collections", "records", "objects", "numpy", "random"],
)
def test_plain_values_pass_in_every_protocol(value: Any) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert scan(pickle.dumps(value, protocol), known).refused == ()


def test_a_scan_names_the_member_that_is_wrong(tmp_path: Path) -> None:
    data = zipped({"good.pkl": pickle.dumps(1), "bad.pkl": attack("os.system", tmp_path)})
    assert scan(data, known).refused == ("bad.pkl: os.system",)


def test_data_behind_the_end_is_refused() -> None:
    end = "data behind its end"
    whole = pickle.dumps([1, 2])
    assert scan(whole + b"x", known).refused == (end,)
    assert scan(whole + whole, known).refused == (end,)
    for packed in (zlib.compress(whole), gzip.compress(whole)):
        assert "behind the compressed data" in scan(packed + b"x", known).refused[0]
        assert "behind the compressed data" in scan(packed + packed, known).refused[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x80\x04",
        pickle.dumps({"a": 1})[:-3],
        gzip.compress(pickle.dumps(1), mtime=0)[:-9],
        b"PK\x03\x04",
    ],
)
def test_what_cannot_be_read_whole_is_refused(data: bytes) -> None:
    assert not scan(data, known).safe


def test_a_compressed_bomb_is_refused_without_being_held(tmp_path: Path) -> None:
    bomb = gzip.compress(pickle.dumps(bytes(64 << 20)))
    limits = Limits(max_bytes=1 << 20)
    assert "more than 1048576 bytes after decompression" in scan(bomb, known, limits=limits).refused[0]
    big = zipped({"x.npy": bytes(2 << 20)})
    assert "more than 1048576 bytes after decompression" in scan(big, known, limits=limits).refused[0]


def test_archives_in_archives_end_at_a_depth() -> None:
    data = pickle.dumps(1)
    for _ in range(3):
        data = gzip.compress(data)
    assert scan(data, known).safe
    assert "nested more than 4 deep" in scan(gzip.compress(gzip.compress(data)), known).refused[0]


def test_an_archive_of_countless_members_is_refused() -> None:
    data = zipped({str(n): pickle.dumps(n) for n in range(5)})
    assert scan(data, known).safe
    assert "more than 4 members" in scan(data, known, limits=Limits(max_members=4)).refused[0]


def test_limits_check_themselves() -> None:
    with pytest.raises(Invalid, match="each has to be 1 or more"):
        Limits(max_depth=0)


def test_lz4_that_cannot_be_opened_is_refused() -> None:
    assert not scan(b"\x04\x22\x4d\x18" + bytes(20), known).safe


def test_the_allow_list_is_the_callers() -> None:
    data = Calls("mymodule", "Scaler").pickled()
    assert scan(data, known).refused == ("mymodule.Scaler",)
    allow = {("mymodule", "Scaler"): Use.CALL}
    assert scan(data, lambda *key: allow.get(key) or standard(*key)).safe


def test_an_untrusted_file_is_refused_with_its_name_the_global_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(attack("os.system", tmp_path / "mark"))
    digest = scan(path, known).digest
    with pytest.raises(Untrusted, match=f"model.pkl is refused because of os.system: .* --trust {digest}"):
        require_safe(path, known)
    assert require_safe(path, known, {digest}).refused == ("os.system",)


def test_another_digest_does_not_trust_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(attack("os.system", tmp_path / "mark"))
    with pytest.raises(Untrusted):
        require_safe(path, known, {"sha256:" + "0" * 64})


def test_the_digest_is_that_of_the_files_bytes() -> None:
    import hashlib

    data = pickle.dumps(1)
    assert scan(data, known).digest == "sha256:" + hashlib.sha256(data).hexdigest()


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no file"):
        scan(tmp_path / "none", known)


def test_a_tar_with_a_link_or_data_behind_it_is_refused() -> None:
    import tarfile

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("x")
        link.type = tarfile.SYMTYPE
        link.linkname = "/etc/passwd"
        archive.addfile(link)
    assert scan(out.getvalue(), known).refused == ("x: a link or device in an archive",)
    assert "data behind its end" in scan(out.getvalue() + b"x", known).refused


def test_torch_programs_are_refused_whatever_their_pickles_hold() -> None:
    script = zipped({"m/data.pkl": pickle.dumps(1, 2), "m/code/__torch__.py": b"x", "m/version": b"3"})
    assert any("a torch program (m/code/__torch__.py)" in what for what in scan(script, known).refused)
    exported = zipped({"m/archive_format": b"pt2", "m/models/model.json": b"{}"})
    assert any("a torch program" in what for what in scan(exported, known).refused)
