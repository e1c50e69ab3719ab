"""The parent of processes, on small ones that only talk."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.chaos.processes import alive

from hythe.base.errors import Invalid, Unavailable
from hythe.runtime import counters, fingerprints
from hythe.runtime.backoff import Backoff
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.fingerprints import InFlight
from hythe.runtime.ledger import Ledger
from hythe.runtime.role import Role
from hythe.runtime.supervisor import Supervisor, SupervisorConfig
from hythe.testing.door import open_door

PROCESS = """
import os, pathlib, signal, socket, sys
from hythe.runtime.fingerprints import InFlight
place, talk, folder, memory = int(sys.argv[1]), int(sys.argv[2]), pathlib.Path(sys.argv[3]), int(sys.argv[4])
name = sys.argv[5]
parent = socket.socket(fileno=talk)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
if (folder / f"{name}.sick").exists():
    sys.exit(3)
InFlight(memory, place).enter(77)
(folder / f"{name}-{place}-{os.getpid()}").touch()
parent.sendall(b"ready\\n")
for line in parent.makefile():
    with (folder / "words").open("a") as words:
        words.write(f"{name} {line}")
    if line == "stop\\n":
        sys.exit(0)
"""
QUICK = SupervisorConfig(
    drain_s=0.0, start_s=60.0, stop_s=30.0, backoff=Backoff(first_s=0.02, most_s=0.1, stable_s=1e9)
)


def until(condition: Callable[[], object], patience_s: float = 120.0) -> None:
    end = time.monotonic() + patience_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        pause.wait(0.005)


class Crowd:
    """A supervisor of two workers and a helper, in a thread."""

    def __init__(self, folder: Path, watched: tuple[Path, ...] = ()) -> None:
        self.folder = folder
        self.memory = fingerprints.create(4)
        self.bulletin = Bulletin.create(4096)
        self.counts = counters.create(4)
        self.door = open_door("127.0.0.1", 0)
        self.ready = threading.Event()
        self.error: Exception | None = None
        self.supervisor = Supervisor(
            [self._role("worker", (0, 1, 2), 2, serves=True), self._role("helper", (3,), 1, serves=False)],
            self.door,
            QUICK,
            Ledger(self.bulletin, fingerprints.Crashes(self.memory)),
            counters.Counters(self.counts, 3),
            watched=watched,
        )

    def _role(self, name: str, places: tuple[int, ...], count: int, *, serves: bool) -> Role:
        rest = (str(self.folder), str(self.memory), name)
        return Role(
            name=name,
            command=lambda place, talk: [sys.executable, "-c", PROCESS, str(place), str(talk), *rest],
            places=places,
            count=count,
            serves=serves,
            reads=serves,
            inherit=(self.memory,),
        )

    def run(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        try:
            self.supervisor.run(self.ready.set, meanwhile)
        except Unavailable as err:
            self.error = err

    def alive(self, name: str) -> dict[int, int]:
        """Give places by the id of each process that has said ready and lives."""
        while True:
            marks = self._marks(name)
            told = [mark.split("-") for mark in marks]
            found = {int(pid): int(place) for _, place, pid in told if alive(int(pid))}
            if self._marks(name) == marks:  # nobody came while the others were looked at
                return found

    def _marks(self, name: str) -> set[str]:
        return {path.name for path in self.folder.glob(f"{name}-*-*")}

    def killed(self, name: str, pid: int) -> int:
        """Kill a process and give the one that takes its place."""
        before = set(self.alive(name))
        os.kill(pid, signal.SIGSEGV)
        after = before

        def replaced() -> bool:
            nonlocal after
            after = set(self.alive(name))
            return len(after) == len(before) and pid not in after

        until(replaced)
        (new,) = after - before
        return new


@contextmanager
def crowd(folder: Path, watched: tuple[Path, ...] = ()) -> Iterator[Crowd]:
    found = Crowd(folder, watched)
    thread = threading.Thread(target=found.run)
    thread.start()
    try:
        assert found.ready.wait(30)
        until(lambda: len(found.alive("worker")) == 2 and len(found.alive("helper")) == 1)
        yield found
    finally:
        found.supervisor.stop()
        thread.join(30)
        assert not thread.is_alive()
        found.door.close()


def test_every_process_is_replaced_and_never_is_one_missing(tmp_path: Path) -> None:
    with crowd(tmp_path) as found:
        before, helper = found.alive("worker"), found.alive("helper")
        found.supervisor.replace()
        fewest = 2
        end = time.monotonic() + 30
        while set(before) & set(found.alive("worker")):
            assert time.monotonic() < end
            fewest = min(fewest, len(found.alive("worker")))
        until(lambda: len(found.alive("worker")) == 2)
        assert fewest == 2
        assert found.alive("helper") == helper


def test_another_certificate_in_a_watched_file_replaces_too(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.write_text("first")
    with crowd(tmp_path, (certificate,)) as found:
        before = set(found.alive("worker"))
        other = tmp_path / "other.pem"
        other.write_text("second")
        other.replace(certificate)
        until(lambda: not before & set(found.alive("worker")) and len(found.alive("worker")) == 2)


def test_a_new_process_that_does_not_start_leaves_the_old_ones(tmp_path: Path) -> None:
    with crowd(tmp_path) as found:
        before = found.alive("worker")
        sick = tmp_path / "worker.sick"
        sick.touch()
        found.supervisor.replace()
        until(lambda: found.supervisor._turnover._asked_at is None and not found.supervisor._replace_asked)
        assert found.alive("worker") == before
        sick.unlink()
        found.supervisor.replace()
        until(lambda: not set(before) & set(found.alive("worker")) and len(found.alive("worker")) == 2)


def test_helpers_may_die_in_any_order_and_come_back(tmp_path: Path) -> None:
    with crowd(tmp_path) as found:
        workers = found.alive("worker")
        for _ in range(3):
            found.killed("helper", min(found.alive("helper")))
        assert found.alive("worker") == workers


def test_a_request_inside_two_killed_workers_is_refused(tmp_path: Path) -> None:
    with crowd(tmp_path) as found:
        stands_by, first = sorted(found.alive("worker"))
        second = found.killed("worker", first)
        assert not InFlight(found.memory, 3).refuses(77)
        third = found.killed("worker", second)
        assert InFlight(found.memory, 3).refuses(77)
        assert set(found.alive("worker")) == {stands_by, third}
        assert counters.Counters(found.counts, 0).read()["hythe_poison_requests_total", ()] == [1.0]


def test_what_a_starting_process_may_need_is_held_and_nothing_for_those_that_do_not_read(
    tmp_path: Path,
) -> None:
    with crowd(tmp_path) as found:
        found.bulletin.publish(b"1")
        found.bulletin.publish(b"2")
        assert found.bulletin.applied_by_all == 1
        for place in found.alive("worker").values():
            found.bulletin.applied(place, 2)
        assert found.bulletin.applied_by_all == 2


def test_helpers_hear_of_the_end_when_workers_are_gone(tmp_path: Path) -> None:
    with crowd(tmp_path):
        pass
    words = (tmp_path / "words").read_text().splitlines()
    assert sorted(words[:4]) == ["worker drain", "worker drain", "worker stop", "worker stop"]
    assert words[4:] == ["helper stop"]


def test_what_is_prepared_meanwhile_is_prepared_while_workers_start_and_before_helpers_do(
    tmp_path: Path,
) -> None:
    found = Crowd(tmp_path)
    seen: list[set[int]] = []

    def meanwhile() -> None:
        until(lambda: len(found.alive("worker")) == 2)
        seen.append(set(found.alive("helper")))
        found.supervisor.stop()

    found.run(meanwhile)
    found.door.close()
    assert seen == [set()]
    assert not found.ready.is_set()


def test_nothing_is_left_running_when_it_cannot_be_prepared(tmp_path: Path) -> None:
    found = Crowd(tmp_path)
    workers: list[int] = []

    def meanwhile() -> None:
        until(lambda: len(found.alive("worker")) == 2)
        workers.extend(found.alive("worker"))
        raise Unavailable("the goldens are gone")

    found.run(meanwhile)
    found.door.close()
    assert str(found.error) == "the goldens are gone"
    assert len(workers) == 2
    assert not any(alive(pid) for pid in workers)


def test_workers_that_never_become_ready_end_the_start(tmp_path: Path) -> None:
    (tmp_path / "worker.sick").touch()
    found = Crowd(tmp_path)
    found.run()
    found.door.close()
    assert "processes end before they are ready (exit status 3)" in str(found.error)


def test_a_role_has_a_place_for_each_process() -> None:
    with pytest.raises(Invalid, match="3 processes of x in 2 places"):
        Role(name="x", command=lambda _place, _talk: [], places=(0, 1), count=3)
