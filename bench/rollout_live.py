"""Releases on a live server at 500 requests a second: bad ones go back by themselves, a good one is promoted.

Each scenario starts from the champion, rolls a candidate out with the guards that a careful person would
set, and waits for the verdict. What the callers got is counted from their own answers: how many the bad
version served before it was gone, and whether any request was dropped. Then the way back: `hythe rollback`,
from the command to the last answer of the version that it takes away.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures import releases
from fixtures.releases import CHAMPION, DIFFERENT, FAILS, GOOD, SLOW, WRONG, Release
from harness import Bench
from load.kept import OK, Answers
from load.open_loop import Plan
from load.open_loop import Running as Sending
from load.processes import adopt
from load.server import Started, started
from load.target import Target

from hythe.client import Client
from hythe.registry.registry import Registry
from hythe.testing.catalog_file import bring_back, take_away
from hythe.testing.services import free_port

RATE, FAST_RATE = 500.0, 150.0
ENDPOINT = "scoring"
MODEL = "release"
WARM_S, AFTER_S, PATIENCE_S, LONGEST_S = 5.0, 2.0, 150.0, 240.0
"""The champion alone; after a verdict; the longest wait for one; the longest that requests are sent."""
FEEDBACK_S = 0.5
BACK_GOAL_S, BACK_ROUNDS = 1.0, 10
REFUSED = 422
COMMAND = (sys.executable, "-m", "hythe.cli.main")
CANARY = ("--strategy", "canary", "--steps", "10%,50%", "--step-time", "2s")
LATENCY, ERRORS = "latency_p99<25%", "refusal_rate<2%"


PLAN = """endpoint = "{endpoint}"
model = "{model}"
[[arms]]
version = "{version}"
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A candidate, the options of its rollout, and how it must end.

    `feedback` sends the truth back; for `outage_s` seconds the catalog is gone.
    """

    what: str
    candidate: Release
    options: Sequence[str]
    ends: str
    feedback: bool = False
    outage_s: float = 0.0


def guards(*given: str) -> list[str]:
    """Write guards as options."""
    return [word for guard in given for word in ("--guard", guard)]


SCENARIOS = (
    Scenario("fails 5% of requests", FAILS, [*CANARY, *guards(ERRORS, LATENCY)], "rolled_back"),
    Scenario("is twice as slow at p99", SLOW, [*CANARY, *guards(ERRORS, LATENCY)], "rolled_back"),
    Scenario("answers wrongly", WRONG, [*CANARY, *guards(ERRORS, "accuracy<3%")], "rolled_back",
             feedback=True),
    Scenario("disagrees in shadow", DIFFERENT, ["--strategy", "shadow-canary", "--steps", "10%,50%",
             "--step-time", "2s", *guards(ERRORS, "disagreement<10%")], "rolled_back"),
    Scenario("is good", GOOD, ["--strategy", "shadow-canary", "--steps", "10%,50%", "--step-time", "2s",
             *guards(ERRORS, LATENCY, "disagreement<10%")], "promoted"),
    Scenario("is good, and the catalog is gone for a minute", GOOD, [*CANARY, *guards(ERRORS)], "promoted",
             outage_s=60.0),
)  # fmt: skip
FAST = SCENARIOS[:1]


def hythe(home: Path, *words: str) -> dict[str, Any]:
    """Run a command and give what it says as JSON."""
    command = [*COMMAND, *words, "--home", str(home), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def serving(home: Path, folder: Path, probe: dict[str, float]) -> Iterator[Started]:
    """Serve every endpoint with `hythe up` while the block runs."""
    port = free_port()
    target = Target(f"http://127.0.0.1:{port}/predict/{ENDPOINT}")
    body = json.dumps({"rows": [probe]}).encode()
    options = ["--home", str(home), "--port", str(port), "--control-port", "0", "--workers", "1"]
    command = [*COMMAND, "up", *options]
    with started(command, target, body, lambda _answer: True, log=folder / "up.log") as server:
        yield server


@contextmanager
def asking(bench: Bench, server: Started, folder: Path) -> Iterator[Answers]:
    """Send requests while the block runs, and read all answers at its end."""
    host, port = server.target.address
    rows = releases.rows()
    requests = [server.target.request(json.dumps({"rows": [row]}).encode()).decode() for row in rows]
    keep = folder / f"answers-{time.monotonic_ns()}.txt"
    keep.touch()
    plan = Plan(
        host=host, port=port, requests=requests, rate=FAST_RATE if bench.fast else RATE, seconds=LONGEST_S,
        connections=64, keep=str(keep),
    )  # fmt: skip
    generator = Sending(plan, folder)
    answers = Answers(keep, rows)
    try:
        yield answers
    finally:
        generator.stop()
        outcome = generator.outcome()
        answers.read()
        answers.lost = outcome.lost
        answers.p99_ms = outcome.quantile_ms(0.99)


@contextmanager
def telling(server: Started, answers: Answers, *, wanted: bool) -> Iterator[None]:
    """Send the truth of answers back as feedback while the block runs."""
    over = threading.Event()
    host, port = server.target.address

    def work() -> None:
        with Client(f"http://{host}:{port}") as client:
            while not over.wait(FEEDBACK_S):
                told = answers.read()
                if wanted and told:
                    client.feedback(
                        ENDPOINT, [{"prediction_id": name, "row": 0, "outcome": true} for name, true in told]
                    )

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def verdict(home: Path, rollout: str) -> tuple[str, str]:
    """Wait until a rollout has ended; gives its status and its reason."""
    until = time.monotonic() + PATIENCE_S
    with closing(Registry.open(home)) as registry:
        while time.monotonic() < until:
            record = registry.catalog.rollout(rollout)
            if not record.alive:
                return record.status, record.document.get("reason", "")
            time.sleep(0.1)
        return record.status, f"no verdict after {PATIENCE_S:.0f} s: {record.document.get('reason', '')}"


def without_catalog(home: Path, seconds: float) -> None:
    """Move the catalog away for a while, soon."""
    time.sleep(AFTER_S)
    away = home.with_name("away")
    take_away(home, away)
    time.sleep(seconds)
    bring_back(home, away)
    away.rmdir()


def play(bench: Bench, scenario: Scenario, server: Started, home: Path, folder: Path) -> None:
    """Roll a candidate out under load, and count what its callers got."""
    version = scenario.candidate.version
    with asking(bench, server, folder) as answers, telling(server, answers, wanted=scenario.feedback):
        time.sleep(WARM_S)
        begun = time.monotonic()
        made = hythe(home, "rollout", "start", ENDPOINT, f"{MODEL}:{version}", *scenario.options)
        if scenario.outage_s:
            without_catalog(home, scenario.outage_s)
        status, reason = verdict(home, made["rollout"]["id"])
        taken_s = time.monotonic() - begun
        time.sleep(AFTER_S)
    by = answers.of(version)
    bad = sum(not answer.right for answer in by) + answers.count(REFUSED)
    odd = Counter(answer.status for answer in answers.seen if answer.status not in {OK, REFUSED})
    dropped = answers.lost + odd.total()
    bench.row(
        {
            "candidate": scenario.what,
            "verdict": status,
            "s": taken_s,
            "requests": len(answers.seen),
            "by the candidate": len(by),
            "bad answers": bad,
            "dropped": dropped,
            "statuses": ", ".join(f"{number} of {code}" for code, number in odd.items()),
            "p99_ms": answers.p99_ms,
            "why": reason,
        }
    )
    bench.check(f"a version that {scenario.what}", status, "", scenario.ends, status == scenario.ends)
    bench.check(f"requests dropped, {scenario.what}", dropped, "requests", 0, not dropped)


def comes(answers: Answers, version: str) -> None:
    """Wait until a version answers, and for some seconds of its answers."""
    until = time.monotonic() + PATIENCE_S
    while not answers.of(version):
        if time.monotonic() > until:
            raise RuntimeError(f"{version} does not answer after {PATIENCE_S:.0f} s")
        time.sleep(0.1)
        answers.read()
    time.sleep(AFTER_S)


def way_back(bench: Bench, server: Started, home: Path, folder: Path) -> None:
    """Put the good version in by hand, take it back under load, and find its last answer."""
    taken, lost, plan = [], 0, folder / "good.toml"
    plan.write_text(PLAN.format(endpoint=ENDPOINT, model=MODEL, version=GOOD.version))
    for _ in range(1 if bench.fast else BACK_ROUNDS):
        hythe(home, "endpoint", "apply", str(plan))
        with asking(bench, server, folder) as answers:
            comes(answers, GOOD.version)
            begun = time.perf_counter()
            hythe(home, "rollback", ENDPOINT)
            time.sleep(AFTER_S)
        taken.append(max(answer.at_s for answer in answers.of(GOOD.version)) - begun)
        lost += answers.lost + len(answers.seen) - answers.count(OK)
    slowest = max(taken)
    bench.row({"candidate": "taken back by hand", "s": statistics.median(taken), "dropped": lost})
    what, holds = "from `hythe rollback` to the last answer of what it takes away", slowest <= BACK_GOAL_S
    bench.check(f"{what}, slowest of {len(taken)}", slowest, "s", f"≤ {BACK_GOAL_S:g}", holds)
    bench.check("requests dropped, on the way back", lost, "requests", 0, not lost)


def main(arguments: list[str]) -> None:
    """Pack the releases, serve them, and play the scenarios."""
    with Bench("rollout_live", arguments) as bench, tempfile.TemporaryDirectory() as place:
        adopt()
        folder = Path(place)
        home = releases.pack(folder, MODEL, (CHAMPION, GOOD, FAILS) if bench.fast else releases.ALL)
        hythe(home, "endpoint", "create", ENDPOINT, f"{MODEL}:{CHAMPION.version}")
        with serving(home, folder, releases.rows()[0]) as server:
            for scenario in FAST if bench.fast else SCENARIOS:
                play(bench, scenario, server, home, folder)
                if scenario.ends == "promoted":
                    hythe(home, "rollback", ENDPOINT)
            way_back(bench, server, home, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
