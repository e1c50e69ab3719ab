"""Hostile input: 50,000 requests made wrong on purpose, and schemathesis on the API's description.

Every case ends in an answer or a clean close within seconds; no status is 5xx, every error is the documented
JSON, a body is never answered as a request, no process ends, and after each block of cases the server still
answers rows bit by bit as before. All cases go over real sockets to a server started by `hythe serve`. A case
is made from the seed and its number; those that fail are kept, and `--replay FILE` sends them again.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

from fuzzing.campaign import Campaign, blocks
from fuzzing.case import Case
from fuzzing.judge import CRASH, HANG, SERVER_ERROR, WRONG
from fuzzing.openapi import Described, schemathesis
from fuzzing.served import Served, served
from harness import Bench
from load.processes import adopt

CASES, FAST_CASES = 50_000, 600
BLOCK = 200
WARM_SEED, WARM, FAST_WARM = 0, 1000, 60
"""What is sent before memory and descriptors are looked at, so that libraries are loaded by then."""
MOST_S, FAST_MOST_S = 1500.0, 6.0
EXAMPLES, FAST_EXAMPLES = 30, 3
MORE_MEMORY_MB, MORE_DESCRIPTORS = 150.0, 16


def options() -> argparse.ArgumentParser:
    """Say what can be chosen."""
    parser = argparse.ArgumentParser(prog="bench/fuzz.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, help="how many cases of our own")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="send the cases in a file, and nothing else"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", default=Path(".bench/fuzz"), help="where failing cases go"
    )
    return parser


def fuzz(bench: Bench, at: Served, campaign: Campaign) -> Described | None:
    """Send what the options say."""
    if bench.options.replay:
        lines = bench.options.replay.read_text().splitlines()
        campaign.run([[Case.read(line)] for line in lines])
        return None
    count = bench.options.cases or (FAST_CASES if bench.fast else CASES)
    until_s = time.monotonic() + (FAST_MOST_S if bench.fast else MOST_S)
    campaign.run(blocks(bench.options.seed, count, BLOCK, until_s), silent=not bench.fast)
    examples = FAST_EXAMPLES if bench.fast else EXAMPLES
    return schemathesis(at.port, bench.options.seed, examples, fast=bench.fast)


def report(bench: Bench, campaign: Campaign, described: Described | None) -> None:
    """Make the table and the checks on the answers."""
    for door, tally in sorted(campaign.tallies.items()):
        statuses = ", ".join(f"{status} {n}" for status, n in tally.statuses.most_common())
        bench.row({
            "door": door, "cases": tally.cases, "faults": tally.faults.total(),
            "longest_s": round(tally.longest_s, 2),
            "answers": statuses, "first_fault": tally.first_fault,
        })  # fmt: skip
    cases = sum(tally.cases for tally in campaign.tallies.values()) + (described.cases if described else 0)
    wanted = 1 if bench.fast or bench.options.replay else CASES
    bench.check("cases", cases, "cases", f"≥ {wanted}", cases >= wanted)
    for what, kind in (
        ("answers of 5xx", SERVER_ERROR),
        ("cases that hang", HANG),
        ("processes that CRASHED", CRASH),
    ):
        count = campaign.faults(kind)
        bench.check(what, count, "cases", 0, count == 0)
    wrong = campaign.faults(WRONG)
    bench.check(
        "WRONG answers: not the documented error, cut off, smuggled, or other rows than before",
        wrong,
        "cases",
        0,
        not wrong,
    )
    if described is not None:
        bench.row({"door": "schemathesis", "cases": described.cases, "faults": len(described.failures),
                   "first_fault": described.failures[0] if described.failures else ""})  # fmt: skip
        bench.check("WRONG by schemathesis", len(described.failures), "failures", 0, not described.failures)


def left_behind(bench: Bench, at: Served, memory_mb: float, descriptors: int) -> None:
    """Check what the server holds more than before, and that its log has no mistakes of its own."""
    more = round(at.memory_mb() - memory_mb, 1)
    bench.check("more memory after all", more, "MB", f"≤ {MORE_MEMORY_MB:g}", more <= MORE_MEMORY_MB)
    opened, most = at.descriptors() - descriptors, MORE_DESCRIPTORS
    bench.check("more descriptors", opened, "descriptors", f"≤ {most}", opened <= most)
    mistakes = at.mistakes()
    bench.check("WRONG in the log: unexpected errors", len(mistakes), "lines", 0, not mistakes)
    if mistakes:
        bench.row({"door": "the log", "faults": len(mistakes), "first_fault": mistakes[0][:300]})
        bench.options.keep.mkdir(parents=True, exist_ok=True)
        (bench.options.keep / "log.jsonl").write_text("\n".join(mistakes) + "\n")


def main(arguments: list[str]) -> None:
    """Start the server, send, and look at what it holds afterwards."""
    with Bench("fuzz", arguments, options()) as bench, tempfile.TemporaryDirectory() as folder:
        adopt()
        with served(Path(folder)) as at:
            campaign = Campaign(at, bench.options.keep)
            if not bench.options.replay:
                campaign.run(blocks(WARM_SEED, FAST_WARM if bench.fast else WARM, BLOCK, math.inf))
            memory, opened = at.memory_mb(), at.descriptors()
            described = fuzz(bench, at, campaign)
            report(bench, campaign, described)
            left_behind(bench, at, memory, opened)


if __name__ == "__main__":
    main(sys.argv[1:])
