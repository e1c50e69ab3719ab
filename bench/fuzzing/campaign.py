"""Cases by number: made from a seed, sent in blocks, judged, and kept in files where they fail."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from fuzzing import bodies, messages, tables, wire
from fuzzing.case import Case
from fuzzing.judge import CRASH, WRONG, Fault, Outcome, judge, judge_call
from fuzzing.send import Sender
from fuzzing.served import Served
from fuzzing.silent import STOPS, stay

AT_ONCE = 32
FAMILIES: tuple[tuple[int, Callable[[Random, int], Case]], ...] = (
    (24, bodies.json_case),
    (4, bodies.header_case),
    (5, bodies.compressed_case),
    (12, bodies.binary_case),
    (2, bodies.raw_case),
    (16, tables.arrow_case),
    (9, tables.csv_case),
    (6, wire.chunked_case),
    (5, wire.head_case),
    (4, wire.cut_case),
    (1, wire.pipelined_case),
    (3, wire.smuggled_case),
    (8, messages.call_case),
    (1, messages.bytes_case),
)
"""How many of a hundred cases each kind has."""
_WEIGHTS = [weight for weight, _ in FAMILIES]


def make_case(seed: int, number: int) -> Case:
    """Make a case; the same seed and number make the same one."""
    rng = Random(f"{seed}/{number}")
    make = rng.choices(FAMILIES, _WEIGHTS)[0][1]
    return make(rng, number)


@dataclass(slots=True)
class Tally:
    """What the cases of one door came to."""

    cases: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    longest_s: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    first_fault: str = ""


@dataclass(slots=True)
class Campaign:
    """Sends blocks of cases to a server; failing ones are written to `folder`."""

    at: Served
    folder: Path
    tallies: dict[str, Tally] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)

    def run(self, cases: Iterable[Sequence[Case]], *, silent: bool = False) -> None:
        """Send blocks, and look after each whether the server is what it was; `silent` clients may stay."""
        asyncio.run(self._run(cases, silent=silent))

    def faults(self, *kinds: str) -> int:
        """Count the faults of some kinds."""
        return sum(tally.faults[kind] for tally in self.tallies.values() for kind in kinds)

    async def _run(self, blocks: Iterable[Sequence[Case]], *, silent: bool) -> None:
        import grpc

        staying = asyncio.create_task(self._stay()) if silent else None

        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.at.grpc_port}") as channel:
            sender = Sender(self.at.port, self.at.grpc_port, channel)
            for block in blocks:
                await self._block(sender, block)
        if staying is not None:
            await staying

    async def _stay(self) -> None:
        for name, fault in await stay(self.at.port):
            self._fail([Case(number=0, door="silent", what=name, pieces=(STOPS[name],))], fault)
        self.tallies.setdefault("silent", Tally()).cases += len(STOPS)

    async def _block(self, sender: Sender, block: Sequence[Case]) -> None:
        waiting = iter(block)

        async def work() -> None:
            for case in waiting:
                self._note(case, await sender.send(case))

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        gone = await asyncio.to_thread(self.at.replaced)
        if gone:
            self._fail(block, Fault(CRASH, f"processes ended or came: {sorted(gone)}"))
            self.at.pids = frozenset(self.at.server.processes())
        changed = await asyncio.to_thread(self.at.changed)
        if changed:
            self.changed += changed
            self._fail(block, Fault(WRONG, f"other answers than at the start: {', '.join(changed)}"))

    def _note(self, case: Case, outcome: Outcome) -> None:
        statuses, faults = judge_call(case, outcome) if case.method else judge(case, outcome)
        tally = self.tallies.setdefault(case.door, Tally())
        tally.cases += 1
        tally.longest_s = max(tally.longest_s, outcome.seconds)
        tally.statuses.update(statuses or ["closed"])
        for fault in faults:
            self._fail([case], fault)

    def _fail(self, cases: Sequence[Case], fault: Fault) -> None:
        """Count a fault, and keep the cases for `--replay`."""
        tally = self.tallies.setdefault(cases[0].door, Tally())
        tally.faults[fault.kind] += 1
        tally.first_fault = tally.first_fault or fault.sentence
        self.folder.mkdir(parents=True, exist_ok=True)
        name = self.folder / f"{fault.kind}-{cases[0].number}-{len(cases)}.jsonl"
        name.write_text("".join(f"{case.line()}\n" for case in cases))
        with (self.folder / "faults.txt").open("a") as report:
            first = cases[0]
            report.write(f"{name.name}: {first.door}: {first.what}: {fault.sentence}\n")


def blocks(seed: int, count: int, size: int, until_s: float) -> Iterable[list[Case]]:
    """Make `count` cases in blocks; none is begun after `until_s` on the monotonic clock."""
    for start in range(0, count, size):
        if time.monotonic() > until_s:
            return
        yield [make_case(seed, number) for number in range(start, min(start + size, count))]
