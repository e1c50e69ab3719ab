"""What is wrong with how a case ended: the oracle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from fuzzing.case import Case
from fuzzing.replies import Answer, Unreadable, read_replies

STATUS = {
    "invalid": {422}, "malformed": {400}, "too_large": {413, 431}, "not_found": {404}, "unsupported": {400},
    "method_not_allowed": {405}, "media_type": {415}, "busy": {429}, "unavailable": {503},
    "timed_out": {408, 504},
    "internal": {500}, "unauthenticated": {401}, "corrupt": {500},
}  # fmt: skip
"""The statuses that docs/errors.md and docs/http.md name for each word."""
_LONGEST_MESSAGE = 4000
HANG, CRASH, SERVER_ERROR, WRONG = "hang", "crash", "5xx", "wrong"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came over one connection until its end; `hung` when there was none, `reset` when it was abrupt."""

    came: bytes = b""
    hung: bool = False
    reset: bool = False
    seconds: float = 0.0
    status: str = ""
    """The name of the gRPC status."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind (`hang`, `crash`, `5xx` or `wrong`) and the sentence for it."""

    kind: str
    sentence: str


def judge(case: Case, outcome: Outcome) -> tuple[list[str], list[Fault]]:
    """Give the statuses of the replies, and what is wrong with them."""
    if outcome.hung:
        return [], [Fault(HANG, f"no end after {outcome.seconds:.1f} s; came {outcome.came[:200]!r}")]
    if case.raw_grpc:
        return [], []
    try:
        answers = read_replies(outcome.came)
    except Unreadable as err:
        return [], [] if outcome.reset and case.abrupt else [Fault(WRONG, str(err))]
    faults = [fault for answer in answers for fault in _of(case, answer)]
    if len(answers) < case.owed and not (outcome.reset and case.abrupt):
        faults.append(Fault(WRONG, f"{len(answers)} replies where {case.owed} are owed; {outcome.reset=}"))
    if case.forbidden and case.forbidden in outcome.came:
        faults.append(Fault(WRONG, f"a body was answered as a request: {outcome.came[:300]!r}"))
    return [str(answer.status) for answer in answers], faults


def _of(case: Case, answer: Answer) -> list[Fault]:
    shown = f"{answer.status} {answer.body[:300]!r}"
    if answer.status >= 500 and not _justified(case, answer):
        return [Fault(SERVER_ERROR, shown)]
    if answer.headers.get("content-type") == "application/json" and "content-encoding" not in answer.headers:
        document = _parsed(answer.body)
        if document is None:
            return [Fault(WRONG, f"no JSON: {shown}")]
        return [] if answer.status < 400 or _is_error(document, answer.status) else [_undocumented(shown)]
    return [] if answer.status < 400 else [_undocumented(shown)]


def _undocumented(shown: str) -> Fault:
    return Fault(WRONG, f"not the documented error: {shown}")


def _justified(case: Case, answer: Answer) -> bool:
    """Tell whether a 503 or 504 is right: when the case itself asks for haste, or for too much memory."""
    asked = b"".join(case.pieces[:2]).lower()
    if answer.status == 504:
        return b"hythe-timeout-ms" in asked
    return answer.status == 503 and b"bodies of" in answer.body


def _parsed(body: bytes) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        return json.loads(body, parse_constant=refuse)
    except ValueError:
        return None


def _is_error(document: Any, status: int) -> bool:
    if not isinstance(document, dict) or not {"error", "code"} <= document.keys() <= {"error", "code", "id"}:
        return False
    sentence = document["error"]
    named = isinstance(sentence, str) and 0 < len(sentence) <= _LONGEST_MESSAGE
    return named and status in STATUS.get(str(document["code"]), ())


_CALL_STATUSES = {
    "OK", "INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE", "UNIMPLEMENTED", "DEADLINE_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "CANCELLED",
}  # fmt: skip
"""What a call may end with; DEADLINE_EXCEEDED only where the message asks for haste, judged by `hung`."""


def judge_call(case: Case, outcome: Outcome) -> tuple[list[str], list[Fault]]:
    """Judge a gRPC call."""
    if outcome.hung:
        return [], [Fault(HANG, f"no answer after {outcome.seconds:.1f} s")]
    if outcome.status not in _CALL_STATUSES:
        return [outcome.status], [
            Fault(SERVER_ERROR, f"{case.what}: {outcome.status} {outcome.came[:300]!r}")
        ]
    if len(outcome.came) > _LONGEST_MESSAGE and outcome.status != "OK":
        return [outcome.status], [Fault(WRONG, f"a message of {len(outcome.came)} bytes")]
    return [outcome.status], []
