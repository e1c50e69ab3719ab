"""The sidecar's parts bear what is broken: files, records, values, other people's statistics."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.monitor.observed_rows import FEED, SCHEMA, baseline

from hythe.base.errors import Unavailable
from hythe.bundle.variant import Variant
from hythe.dataplane.record import Recorder
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, Posting, VersionSpec
from hythe.monitor.records.call import Call
from hythe.monitor.records.sources import observing
from hythe.monitor.windows.group import Group, Requests
from hythe.registry.windows import Delivery, WindowRecord
from hythe.rollout.plan import Plan
from hythe.runtime import counters
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create
from hythe.server.observing import intake
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.spool import Spool, abandoned
from hythe.server.observing.versions import Versions

LOST = "hythe_observations_lost_total"


def delivery(sequence: int) -> Delivery:
    window = WindowRecord("churn", "1.0.0", sequence, 1, b'{"new":[1]}')
    return Delivery("server", sequence, 0, {"ring": sequence}, (window,))


def test_a_spool_gives_back_what_it_was_given(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "new", "server")
    assert list(spool.read()) == []
    assert all(spool.append(delivery(n)) for n in (1, 2))
    spool.close()
    assert list(Spool(tmp_path / "new", "server").read()) == [delivery(1), delivery(2)]


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_end_of_a_spool_is_no_delivery_and_in_nobodys_way(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path, "server")
    spool.append(delivery(1))
    spool.append(delivery(2))
    spool.close()
    os.truncate(spool.path, spool.path.stat().st_size - cut)
    again = Spool(tmp_path, "server")
    assert again.append(delivery(3))
    assert list(again.read()) == [delivery(1), delivery(3)]
    again.close()


def test_a_spool_is_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "server", most_bytes=300)
    taken = [spool.append(delivery(n)) for n in range(1, 10)]
    assert taken == sorted(taken, reverse=True)
    assert len(list(spool.read())) == taken.count(True) in range(1, 5)
    spool.close()


def test_what_a_server_left_behind_is_found_once_it_is_gone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "gone")
    spool.append(delivery(1))
    assert abandoned(tmp_path, but="own") == []
    assert abandoned(tmp_path, but="gone") == []
    spool.close()
    [found] = abandoned(tmp_path, but="own")
    assert list(found.read()) == [delivery(1)]
    found.close()


def test_the_access_log_goes_on_in_a_new_file_when_the_old_one_is_moved(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "access.log"))
    log.write(b"one\n")
    (tmp_path / "access.log").rename(tmp_path / "access.log.1")
    log.write(b"two\n")
    assert (tmp_path / "access.log.1").read_bytes() + (tmp_path / "access.log").read_bytes() == b"one\ntwo\n"


def test_a_log_that_takes_no_lines_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="takes no lines"):
        LogFile(str(tmp_path / "none" / "access.log")).write(b"one\n")


def test_a_log_without_room_for_all_lines_takes_none(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "access.log"))
    log.write(b"one\n")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6, before[1]))
    try:
        with pytest.raises(Unavailable, match="takes no lines"):
            log.write(b"two\nthree\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    log.write(b"four\n")
    assert (tmp_path / "access.log").read_bytes() == b"one\nfour\n"


class Line:
    """A recorder and the sidecar's intake."""

    def __init__(self, find: Any = lambda *_: None, statistics: tuple[Any, ...] = (), log: str = "") -> None:
        descriptor = create(2**16)
        self.ring = Ring(descriptor)
        self.recorder = Recorder(self.ring, "churn", "1.0.0")
        self.counters = Counters(counters.create(1), 0)
        self.intake = Intake(
            [Ring(descriptor)], find, statistics, Losses(self.counters), log=LogFile(log), join_share=0.0
        )

    def answer(self, **arrays: Any) -> None:
        self.recorder.batch([Call("id", 1)], {}, arrays, inference_s=0.1, at_ns=10**9)

    def lost(self, reason: str) -> float:
        return self.counters.read().get((LOST, (("reason", reason),)), [0.0])[0]


def test_a_record_that_cannot_be_read_is_lost_and_the_next_is_not() -> None:
    line = Line()
    line.ring.put([b"nonsense"])
    line.answer()
    line.intake.poll()
    assert line.lost("corrupt") == 1
    assert [window.requests for window in line.intake.gathered.windows] == [{"answered": 1}]


def test_a_ring_that_makes_no_sense_is_emptied_and_used_again() -> None:
    line = Line()
    line.answer()
    line.ring._words[4096 // 8] = 2**40
    line.intake.poll()
    line.answer()
    line.intake.poll()
    assert line.lost("corrupt") == 1
    assert [window.requests for window in line.intake.gathered.windows] == [{"answered": 1}]


def test_values_that_cannot_be_counted_leave_requests_and_times() -> None:
    class Broken:
        def features(self, _arrays: object) -> dict[str, Any]:
            raise ZeroDivisionError

    line = Line(lambda *_: Broken())
    line.answer(value=np.ones(1))
    line.intake.poll()
    assert [window.request_s.n for window in line.intake.gathered.windows] == [1]
    assert line.lost("values") == 1


def test_a_statistic_that_fails_harms_nobody_else() -> None:
    class Failing:
        name = "failing"

        def count(self, _requests: Requests, _group: Group) -> list[int]:
            raise ZeroDivisionError

    class Sound:
        name = "sound"

        def count(self, requests: Requests, _group: Group) -> list[int]:
            return [len(requests.calls)]

    line = Line(statistics=(Failing(), Sound()))
    for _ in range(2):
        line.answer()
        line.intake.poll()
    assert [window.statistics for window in line.intake.gathered.windows] == [{"sound": (2,)}]


def test_what_several_looks_brought_is_counted_together() -> None:
    seen: list[int] = []

    class Looks:
        name = "looks"

        def count(self, requests: Requests, _group: Group) -> list[int]:
            seen.append(len(requests.calls))
            return []

    line = Line(statistics=(Looks(),))
    for _ in range(3):
        line.answer()
        assert line.intake.poll() == 1
    assert (seen, line.intake.waiting) == ([], 0)
    [window] = line.intake.gathered.windows
    assert (seen, window.requests, line.intake.waiting) == ([3], {"answered": 3}, 1)


def test_what_waits_to_be_counted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_MOST_UNCOUNTED", 3)
    line = Line()
    for waiting in (0, 0, 0, 1):
        line.answer()
        line.intake.poll()
        assert line.intake.waiting == waiting


def test_lines_that_find_no_room_are_counted(tmp_path: Path) -> None:
    line = Line(log=str(tmp_path / "none" / "access.log"))
    line.answer()
    line.intake.poll()
    assert line.lost("log") == 1
    assert len(line.intake.gathered.windows) == 1


def version(folder: Path, number: str, *, damaged: bool = False) -> VersionSpec:
    reference = baseline(50)
    path, variant = folder / f"{number}.baseline.json", folder / "variant.json"
    path.write_bytes(b"{" if damaged else reference.encode())
    variant.write_bytes(Variant(FEED, ("label",)).encode())
    files = OnnxFiles("model.onnx", str(variant))
    digest = "sha256:" + "0" * 64
    return VersionSpec(number, digest, SCHEMA, files, str(path), observing(SCHEMA, reference, FEED))


def posting(*specs: VersionSpec) -> bytes:
    first = specs[0]
    return Posting((EndpointSpec("churn", Plan.of(first.version, first.digest), specs),)).encode()


def test_versions_are_counted_while_they_are_served_and_for_some_time_after(tmp_path: Path) -> None:
    bulletin = Bulletin.create()
    bulletin.hold(3)
    versions = Versions(bulletin, 3)
    bulletin.publish(posting(version(tmp_path, "1.0.0")))
    versions.refresh()
    first = versions("churn", "1.0.0")
    assert first is not None
    bulletin.publish(posting(version(tmp_path, "2.0.0")))
    versions.refresh()
    assert versions("churn", "1.0.0") is first
    assert versions("churn", "2.0.0") not in {None, first}
    assert versions("churn", "3.0.0") is None
    assert bulletin.applied_by_all == bulletin.sequence


def test_a_baseline_that_cannot_be_read_leaves_the_version_without_values(tmp_path: Path) -> None:
    bulletin = Bulletin.create()
    bare = msgspec.structs.replace(version(tmp_path, "2.0.0"), baseline="")
    bulletin.publish(posting(version(tmp_path, "1.0.0", damaged=True), bare))
    versions = Versions(bulletin, 0)
    versions.refresh()
    assert versions("churn", "1.0.0") is None
    assert versions("churn", "2.0.0") is None
