"""What routing, a sticky choice and counting cost for each request.

30 named numbers by `POST /predict`, a row a request, from the parsed request to the written reply and on to
the sidecar's windows, in one process. An endpoint of two arms (90 and 10), sticky by a header and in a
rollout, takes turns with one of a single arm; the requests are of a thousand keys. Processor time, the median
of the rounds' differences with its 95% interval, without the first two rounds, in which keys are new. One
request at a time both call the model as often, so that the difference is routing, the choice and counting.
Sixteen at a time two versions have two calls of the model where one has one: that is shown beside.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
import timeit
from itertools import cycle

import msgspec
from fixtures.serving import NAMED, Demo
from harness import Bench
from load.intervals import median_interval

from hythe.dataplane.admit import Limits
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.loop import LoopScheduler
from hythe.dataplane.observe import Observer
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.sessions import opener
from hythe.dataplane.spec import EndpointSpec, Posting
from hythe.monitor.windows.statistic import declared
from hythe.operations.prepare import prepare
from hythe.registry.registry import Registry
from hythe.rollout.choose import choose
from hythe.rollout.plan import Arm, Plan
from hythe.rollout.sticky import key_hash
from hythe.runtime import counters, ring
from hythe.runtime.bulletin import Bulletin
from hythe.server.http.app import App
from hythe.server.http.messages import Headers
from hythe.server.http.predict import PredictDoor
from hythe.server.http.request import Request
from hythe.server.http.state import State
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.versions import Versions

AT_ONCE = (1, 16)
REQUESTS, TURN = 512, 32
"""Of a round, which is a second's at about 500 a second, and of each turn in it."""
KEYS = [f"user-{number}".encode() for number in range(1000)]
WARM_UP = 2
GOAL_US, CHOICE_GOAL_US = 5.0, 2.0
JOIN_SHARE = 0.1


class Served:
    """One endpoint in this process, and the sidecar's part behind it."""

    def __init__(self, spec: EndpointSpec, bodies: list[bytes]) -> None:
        shared = counters.Counters(counters.create(2), 0)
        descriptor = ring.create(64 * 2**20)
        writes, scheduler, open_session = ring.Ring(descriptor), LoopScheduler(), opener(None)

        def make(given: EndpointSpec) -> Endpoint:
            return Endpoint(given, open_session, Observer(given.name, shared, writes), scheduler)

        self.plane = DataPlane([spec], make)
        self._app = App([PredictDoor(self.plane)], State())
        self._bodies, self._limits, self._keys = bodies, Limits(), cycle(KEYS)
        self.lost = 0
        bulletin = Bulletin.create()
        bulletin.publish(Posting((spec,)).encode())
        versions = Versions(bulletin, 0)
        versions.refresh()
        self._reads = ring.Ring(descriptor)
        self._intake = Intake(
            [self._reads],
            versions,
            declared(),
            Losses(shared),
            log=LogFile(""),
            join_share=JOIN_SHARE,
            classes=versions.classes,
            follow=versions.followed,
        )

    async def answer(self, requests: int, at_once: int) -> float:
        """Answer requests, so many at a time; give the processor seconds."""
        path = f"/predict/{NAMED}"
        began = time.process_time()
        for start in range(0, requests, at_once):
            for number in range(start, start + at_once):
                raw = {b"content-type": b"application/json", b"x-user": next(self._keys)}
                body = self._bodies[number % len(self._bodies)]
                self._app.handle(Request("POST", path, raw, body, self._limits, self._sent))
            await self._app.idle()
        return time.process_time() - began

    def count(self) -> float:
        """Take what was observed, as the sidecar does; give the processor seconds."""
        began = time.process_time()
        self._intake.poll()
        taken = self._intake.hand_on()
        spent = time.process_time() - began
        self._reads.release(taken.positions[self._reads.id])
        return spent

    def _sent(self, status: int, _headers: Headers, _body: bytes) -> None:
        self.lost += status != 200


def specs(made: Demo) -> tuple[EndpointSpec, EndpointSpec]:
    """Make the endpoint of one arm, and that of two: the same bytes under another number."""
    registry = Registry.open(made.home)
    prepared = prepare(registry, NAMED, "onnx")
    registry.close()
    old = prepared.version
    new = msgspec.structs.replace(old, version="9.0.0")
    arms = (Arm(old.version, old.digest, 90), Arm(new.version, new.digest, 10))
    alone = EndpointSpec(NAMED, Plan(arms[:1]), (old,), prepared.example, revision=1)
    split = Plan(arms, sticky="header:x-user", rollout="bench")
    return alone, EndpointSpec(NAMED, split, (old, new), prepared.example, revision=2)


async def differences(made: Demo, at_once: int, rounds: int) -> list[tuple[float, float, float]]:
    """Give, by round, the µs a request of the single arm, and how many more two take: worker, sidecar."""
    bodies = [json.dumps(row).encode() for row in made.rows]
    both = alone, split = [Served(spec, bodies) for spec in specs(made)]
    for served in both:
        await served.plane.start()
    found = []
    for _ in range(rounds + WARM_UP):
        answering, counting = await one_round(both, at_once)
        single = answering[alone] + counting[alone]
        found.append((single, answering[split] - answering[alone], counting[split] - counting[alone]))
    for served in both:
        await served.plane.close()
        if served.lost:
            raise SystemExit(f"{served.lost} requests had no answer")
    return found[WARM_UP:]


async def one_round(both: list[Served], at_once: int) -> tuple[dict[Served, float], dict[Served, float]]:
    """Give the µs a request of each: to answer, in short turns so that noise is alike for both; to count."""
    answering = dict.fromkeys(both, 0.0)
    for turn in range(REQUESTS // TURN):
        for served in both if turn % 2 else both[::-1]:
            answering[served] += await served.answer(TURN, at_once) / REQUESTS * 1e6
    return answering, {served: served.count() / REQUESTS * 1e6 for served in both}


def routing(bench: Bench, made: Demo) -> None:
    """Measure what two sticky arms cost beyond one that is not."""
    rounds = 12 if bench.fast else 200
    for at_once in AT_ONCE:
        found = asyncio.run(differences(made, at_once, rounds))
        more = [worker + sidecar for _, worker, sidecar in found]
        median, (low, high) = statistics.median(more), median_interval(more)
        bench.row(
            {
                "part": f"routing, {at_once} at a time",
                "one arm, µs": statistics.median(one for one, _, _ in found),
                "worker more, µs": statistics.median(worker for _, worker, _ in found),
                "sidecar more, µs": statistics.median(sidecar for _, _, sidecar in found),
                "more, µs": median,
                "95% interval": f"{low:.2f} to {high:.2f}",
            }
        )
        if at_once == 1:
            what = "routing, sticky choice and counting: processor time of a request beyond a single arm's"
            bench.check(what, median, "µs", GOAL_US, median <= GOAL_US)


def choice(bench: Bench) -> None:
    """Measure the choice of one of two arms by itself."""
    arms = (Arm("1.0.0", "", 90), Arm("1.1.0", "", 10))
    key = key_hash("user-7")
    best = min(timeit.repeat(lambda: choose(arms, key), number=500, repeat=20 if bench.fast else 200))
    bench.row({"part": "choose, two arms", "more, µs": best / 500 * 1e6})
    bench.check(
        "choosing one of two arms", best / 500 * 1e6, "µs", CHOICE_GOAL_US, best / 500 * 1e6 <= CHOICE_GOAL_US
    )
