"""`hythe load` and `hythe top` as they are typed."""

import json
from pathlib import Path

import pytest

from hythe.cli.load_text import print_report, print_search, remarks
from hythe.cli.main import main
from hythe.operations.pressure.plan import Objective, Pressure
from hythe.operations.pressure.report import report
from hythe.operations.pressure.run import Search
from hythe.operations.pressure.tally import Tally
from hythe.testing.scripted_server import Step, scripted

GOOD = Step(document={})
BRIEF = ["--rate", "100", "--for", "200ms", "--arrivals", "constant", "--connections", "2"]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    (tmp_path / "rows.json").write_text('[{"x": 1}, {"x": 2}]')
    return str(tmp_path / "rows.json")


def leave(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def test_a_report_is_printed_without_escape_codes(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(GOOD) as server:
        assert leave(["load", f"{server.url}/predict/churn", "--data", rows, *BRIEF]) == 0
    said = capsys.readouterr().out
    assert "answered          20" in said
    assert "how long answers took" in said
    assert "\x1b" not in said


def test_the_report_is_one_document_for_programs(
    rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "report.json"
    with scripted(GOOD) as server:
        url = f"{server.url}/predict/churn"
        assert leave(["load", url, "--data", rows, "--json", "--out", str(kept), *BRIEF]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["offered"], found["answered"], found["failures"]) == (20, 20, [])
    assert json.loads(kept.read_text()) == found


def test_an_objective_that_is_missed_fails_the_command(rows: str, capsys: pytest.CaptureFixture[str]) -> None:
    full = Step(429, {"error": "no room", "code": "busy"})
    with scripted(full) as server:
        url = f"{server.url}/predict/churn"
        assert leave(["load", url, "--data", rows, "--objective", "p99<10s", *BRIEF]) == 1
    said = capsys.readouterr().out
    assert "429 busy   20     no room" in said
    assert "p99<10000ms does not hold" in said


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--find"], "--find needs --objective"),
        (["--arrivals", "bursts"], "use poisson or constant"),
        (["--ref", "churn"], "give one of them"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    rows: str, wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave(["load", "http://127.0.0.1:9/predict/churn", "--data", rows, *wrong]) == 2
    assert said in capsys.readouterr().err


def test_a_generator_that_fell_behind_and_a_missing_key_are_named() -> None:
    tally = Tally(due=100, sent=100, late=40, waited=7)
    tally.lag.record(0.05)
    tally.fault(0, "401 unauthenticated", "there is no key")
    told = "\n".join(remarks(report("http://here", Pressure(rate=10), tally, 1.0)))
    assert "the generator itself was late with 40 of 100 requests (by 1 to 50 ms" in told
    assert "7 requests were due while all 64 connections were taken" in told
    assert "give --key, or set HYTHE_API_KEY" in told


def test_nothing_answered_still_makes_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    found = report("http://here", Pressure(rate=10), Tally(due=1, sent=1), 1.0, Objective(0.99, 0.02))
    print_report(found)
    print_search(Search("p99<20ms", 0.0, "server", [found]))
    said = capsys.readouterr().out
    assert "p99<20ms does not hold" in said
    assert "no rate held p99<20ms" in said


def test_top_prints_one_view_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = Step(
        document=b'hythe_requests_total{endpoint="churn",version="1.0.0",outcome="answered",reason=""} 3\n'
    )
    ready = Step(document={"ready": True, "draining": False, "endpoints": {"churn": True}})
    with scripted(metrics, ready, metrics, ready) as server:
        assert leave(["top", server.url, "--interval", "0.001"]) == 0
        assert server.heard[0].line == "GET /metrics HTTP/1.1"
    said = capsys.readouterr().out
    assert said.startswith(f"{server.url}: ready, 0.0 requests/s\n")
    assert "churn     1.0.0    yes" in said


def test_top_of_a_server_that_is_not_ready_fails(capsys: pytest.CaptureFixture[str]) -> None:
    ready = Step(503, {"ready": False, "draining": True, "endpoints": {}})
    with scripted(Step(document=b"\n"), ready, Step(document=b"\n"), ready) as server:
        assert leave(["top", server.url, "--json", "--interval", "0.001"]) == 1
    assert json.loads(capsys.readouterr().out)["draining"] is True
