"""A process killed in the middle of a change: every finished change is there, and no unfinished one.

Each operation (pack, add, alias, approve, remove, gc, push, pull) runs in a forked child that is killed with
SIGKILL right after its k-th counted step, for every k until it finishes, and in the middle of each write.
Steps are each write, rename, flush, removal and new folder, and the moments before and after each commit.
Then children that change one home over and over are killed at random moments. After every kill: `fsck`
finds no damage, the state is the one before or the one after, what was reported finished is there, the same
operation then succeeds, and `gc`, before or after that, leaves nothing over.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness import Bench
from sklearn.linear_model import LogisticRegression
from sqlalchemy.engine.default import DefaultDialect

from hythe.base.errors import HytheError, Unsupported
from hythe.operations import pack, trial
from hythe.registry.registry import Registry
from hythe.registry.remote.client import RegistryClient
from hythe.registry.remote.pull import pull
from hythe.registry.remote.push import push
from hythe.registry.remote.reference import parse_remote
from hythe.testing.services import docker_registry

ACTOR = "bench"
FINISHED = b"finished\n"
CHUNK = 4096
COUNTED = ("replace", "rename", "fsync", "unlink", "remove", "mkdir", "rmdir", "ftruncate")


@dataclass(frozen=True)
class Place:
    """Where an operation works: a home, and a repository (`oci://…`) where there is a server."""

    home: Path
    repository: str = ""

    @contextmanager
    def registry(self) -> Iterator[Registry]:
        """Open the home."""
        registry = Registry.open(self.home)
        try:
            yield registry
        finally:
            registry.close()

    @contextmanager
    def client(self) -> Iterator[RegistryClient]:
        """Open the repository."""
        client = RegistryClient(parse_remote(self.repository))
        try:
            yield client
        finally:
            client.close()

    @property
    def other(self) -> Place:
        """The home that pulls what this one pushes."""
        return replace(self, home=self.home / "other")


def files(number: int) -> dict[str, bytes]:
    """Make a small bundle: shared files, an empty one, and a model larger than one chunk."""
    model = random.Random(number).randbytes(3 * CHUNK)
    shared = {"hythe.json": b"{}", "card.md": b"# Churn", "code/__init__.py": b"", "goldens.arrow": bytes(99)}
    return {**shared, "model/model.bin": model}


def add(place: Place, number: int = 0) -> None:
    with place.registry() as registry:
        registry.add("churn", files(number), version=f"1.{number}.0", actor=ACTOR)


def add_next(place: Place) -> None:
    with place.registry() as registry:
        registry.add("churn", files(1), actor=ACTOR, trust=True)


def pack_model(place: Place) -> None:
    """Pack a small model, whole: ask it, prove it, save it, store it."""
    rng = random.Random(0)
    rows = [[rng.random(), rng.random()] for _ in range(12)]
    model = LogisticRegression().fit(rows, [int(x > y) for x, y in rows])
    with place.registry() as registry:
        pack.pack(registry, "churn", pack.Material(model, rows), actor=ACTOR)


def alias(place: Place, number: int = 0) -> None:
    with place.registry() as registry, registry.catalog.edit(actor=ACTOR) as tx:
        tx.alias("churn:champion", f"1.{number}.0")


def approve(place: Place, number: int = 0) -> None:
    with place.registry() as registry, registry.catalog.edit(actor=ACTOR) as tx:
        tx.approve(f"churn:1.{number}.0", note="passed review")


def remove(place: Place) -> None:
    with place.registry() as registry:
        if any(record.version == "1.1.0" for record in registry.catalog.versions("churn")):
            registry.remove("churn:1.1.0", actor=ACTOR)


def gc(place: Place) -> None:
    with place.registry() as registry:
        registry.gc()


def send(place: Place, number: int = 0) -> None:
    with place.registry() as registry, place.client() as client:
        push(registry, f"churn:1.{number}.0", client, actor=ACTOR, chunk=CHUNK)


def fetch(place: Place) -> None:
    with place.registry() as registry, place.client() as client:
        pull(registry, client, actor=ACTOR)


def state(place: Place) -> dict[str, Any]:
    """Read what stands: versions (their bundles whole), aliases, approvals, and the tags at the server."""
    with place.registry() as registry:
        records = registry.catalog.all_versions()
        for record in records:
            registry.bundle(record.ref).verify()
    tags: list[str] = []
    if place.repository:
        with place.client() as client:
            tags = [tag for tag in client.tags() if not tag.startswith("sha256-")]
    return {
        "versions": sorted(record.version for record in records),
        "champion": [record.version for record in records if record.aliases],
        "approved": sorted(record.version for record in records if record.approval.state == "approved"),
        "tags": sorted(tags),
    }


def damage(place: Place, leftovers: bool = False) -> list[str]:
    with place.registry() as registry:
        return [item.message for item in registry.fsck() if item.damage or leftovers]


def forked(work: Callable[[int], None]) -> tuple[int, int]:
    """Run `work` on the writing end of a pipe in a child; give the child's id and the reading end."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    try:
        work(writing)
    except BaseException as err:  # noqa: BLE001 - a failing child must never go on as the parent
        sys.stderr.write(f"{type(err).__name__}: {err}\n")
        os._exit(3)
    os._exit(0)


def said(pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as file:
        return file.read()


def die_after(step: int, torn: bool) -> None:
    """Make this process kill itself right after its `step`-th counted step, or in its `step`-th write."""
    counted = itertools.count(1)
    write = os.write

    def counting(real: Callable[..., Any]) -> Callable[..., Any]:
        def counted_call(*arguments: Any, **options: Any) -> Any:
            result = real(*arguments, **options)
            if next(counted) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted_call

    def counted_write(handle: int, data: Any) -> int:
        if next(counted) == step:
            write(handle, memoryview(data)[: len(data) // 2] if torn else data)
            os.kill(os.getpid(), signal.SIGKILL)
        return write(handle, data)

    os.write = counted_write
    if torn:
        return
    for name in COUNTED:
        setattr(os, name, counting(getattr(os, name)))
    about_to = counting(lambda *_: None)
    committed = counting(DefaultDialect.do_commit)

    def counted_commit(*arguments: Any) -> None:
        about_to()
        committed(*arguments)

    setattr(DefaultDialect, "do_commit", counted_commit)  # noqa: B010 - mypy refuses the assignment


def run_until(operation: Callable[[Place], None], place: Place, step: int, torn: bool) -> bool:
    """Run the operation with its death set; tell whether it finished before."""
    say = os.write

    def work(pipe: int) -> None:
        die_after(step, torn)
        operation(place)
        say(pipe, FINISHED)

    child, pipe = forked(work)
    finished = said(pipe) == FINISHED
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and status != 0:
        raise SystemExit(f"the child failed by itself, killed after no step {step}")
    return finished


@dataclass(frozen=True)
class Story:
    """An operation, where it begins, and the states that may be found when it is killed."""

    name: str
    operation: Callable[[Place], None]
    start: Place
    before: dict[str, Any]
    after: dict[str, Any]

    def place(self, folder: Path, label: str) -> Place:
        """Lay the beginning out anew; each push has a repository of its own."""
        shutil.copytree(self.start.home, folder / label)
        repository = self.start.repository
        return Place(folder / label, f"{repository}/{label}" if self.operation is send else repository)


def tell(name: str, operation: Callable[[Place], None], start: Place, scratch: Path) -> Story:
    """Run the operation once unharmed, to know the states before and after; `scratch` keeps the latter."""
    shutil.copytree(start.home, scratch)
    place = Place(scratch, start.repository)
    before = state(place)
    operation(place)
    return Story(name, operation, start, before, state(place))


def stories(folder: Path, host: str | None) -> Iterator[Story]:
    """Tell the operations one after the other, each beginning where the one before ended."""
    empty = folder / "empty"
    empty.mkdir()
    start = Place(empty)
    line = {"add": add, "add next": add_next, "alias": alias, "approve": approve, "remove": remove, "gc": gc}
    for name, operation in line.items():
        yield tell(name, operation, start, folder / f"after {name}")
        start = Place(folder / f"after {name}")
    vars(trial)["median_us"] = lambda _call: 1.0  # timings are a fact that no two packings share
    yield tell("pack", pack_model, Place(empty), folder / "after pack")
    if host is not None:
        approved = Place(folder / "after approve", f"oci://{host}/bench/stories")
        yield tell("push", send, approved, folder / "after push")
        yield tell("pull", fetch, Place(empty, approved.repository), folder / "after pull")


def faults_of(place: Place, story: Story, finished: bool, collect_first: bool) -> list[str]:
    """Check a home after a kill against the states before and after; then repeat, and collect garbage."""
    try:
        faults = damage(place)
        found = state(place)
        if found != story.after and (finished or found != story.before):
            faults.append(f"neither the state before nor the one after stands: {found}")
        for step in (gc, story.operation) if collect_first else (story.operation, gc):
            step(place)
            left = damage(place, leftovers=step is gc)
            faults += [f"after {step.__name__}: {fault}" for fault in left]
        if state(place) != story.after:
            faults.append(f"the operation did not succeed afterwards: {state(place)}")
    except HytheError as err:
        return [f"{type(err).__name__}: {err}"]
    return faults


def kill_at_each_step(story: Story, folder: Path, stride: int) -> tuple[int, list[str]]:
    """Kill an operation after every step, then in the middle of every write; give kills and faults."""
    kills, faults = 0, []
    for torn in (False, True):
        for step in itertools.count(1, stride):
            label = f"{story.name.replace(' ', '-')}-{'torn' if torn else 'whole'}-{step}"
            place = story.place(folder, label)
            finished = run_until(story.operation, place, step, torn)
            faults += [f"{label}: {fault}" for fault in faults_of(place, story, finished, step % 2 == 0)]
            shutil.rmtree(place.home)
            if finished:
                break
            kills += 1
    return kills, faults


def changes(place: Place) -> tuple[tuple[str, Callable[[int], None]], ...]:
    """Give the changes that are made for each new version, and the part of the state that each changes."""
    local = (
        ("versions", lambda number: add(place, number)),
        ("champion", lambda number: alias(place, number)),
        ("approved", lambda number: approve(place, number)),
    )
    remote = (("tags", lambda number: send(place, number)), ("pulled", lambda _: fetch(place.other)))
    return (*local, *remote) if place.repository else local


def expected(place: Place, count: int) -> dict[str, Any]:
    """Compute the state after so many changes."""
    kinds = [kind for kind, _ in changes(place)]
    made: dict[str, list[str]] = {kind: [] for kind in ("versions", "champion", "approved", "tags", "pulled")}
    for at in range(count):
        made[kinds[at % len(kinds)]].append(f"1.{at // len(kinds)}.0")
    return {**{kind: sorted(versions) for kind, versions in made.items()}, "champion": made["champion"][-1:]}


def kill_at_random(place: Place, delay_s: float) -> list[str]:
    """Kill a child that changes a home over and over after `delay_s`; give what is wrong then."""

    def work(pipe: int) -> None:
        for number in itertools.count():
            for _, change in changes(place):
                change(number)
                os.write(pipe, FINISHED)

    place.home.mkdir()
    child, pipe = forked(work)
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    count = said(pipe).count(FINISHED)
    try:
        found = {**state(place), "pulled": state(replace(place.other, repository=""))["versions"]}
        faults = [*damage(place), *damage(place.other)]
    except HytheError as err:
        return [f"{type(err).__name__}: {err}"]
    if found not in (expected(place, count), expected(place, count + 1)):
        faults.append(f"{count} changes were finished, and this stands: {found}")
    return faults


def measure(bench: Bench, folder: Path, host: str | None) -> None:
    """Kill, look, and record."""
    every: list[str] = []
    for story in stories(folder, host):
        kills, faults = kill_at_each_step(story, folder, stride=13 if bench.fast else 1)
        bench.row({"operation": story.name, "kills": kills, "faults": len(faults)})
        every += faults
    every_step = len(every)
    rounds = 6 if bench.fast else 200
    delays = random.Random(7)
    for number in range(rounds):
        repository = f"oci://{host}/bench/random-{number}" if host else ""
        every += kill_at_random(Place(folder / f"random-{number}", repository), delays.uniform(0.0, 0.8))
    bench.row({"operation": "all, at random", "kills": rounds, "faults": len(every) - every_step})
    for fault in every[:20]:
        print(fault)
    bench.check("killed at each step", every_step, "faults", 0, every_step == 0)
    bench.check(
        f"killed at {rounds} random moments", len(every) - every_step, "faults", 0, len(every) == every_step
    )


def main() -> None:
    with Bench("crash", sys.argv[1:]) as bench, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            with docker_registry(folder / "server") as host:
                measure(bench, folder, host)
        except Unsupported as err:
            print(f"push and pull are left out: {err}")
            measure(bench, folder, None)


if __name__ == "__main__":
    main()
