"""What an alert of each kind means, and what people do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hythe.monitor.finding import Kind


@dataclass(frozen=True, slots=True)
class Advice:
    """The part of a runbook that all alerts of a kind share.

    In `checks` and `commands`, `{endpoint}`, `{version}` and `{ref}` stand for what the alert is about.
    """

    meaning: str
    checks: tuple[str, ...]
    commands: tuple[str, ...]


_LOOK = "hythe monitor {endpoint}"
_MOVES = "hythe history {endpoint}"
_BACK = "hythe rollback {endpoint}"
_OBSERVE = "hythe observe {endpoint}"
_SHOW = "hythe show {ref}"

ADVICE: Mapping[Kind, Advice] = {
    "errors": Advice(
        "Requests fail that {version} should have answered, or more are refused for their data than usual.",
        (
            "Did a version, a plan or a limit change just before it began? The history says so.",
            (
                "Which reason do the failures have? `unavailable` and `internal` are the server's, "
                "`invalid` is what callers send."
            ),
            "If it began with a new version, go back first and look later.",
        ),
        (_OBSERVE, _MOVES, _BACK),
    ),
    "latency": Advice(
        "Answers take longer than they did, or than they may.",
        (
            "Is the traffic, or the size of the requests, larger than usual?",
            (
                "Is the time spent waiting (queue) or in the model (inference)? Waiting means too few "
                "workers; a slower model means another version or a busier machine."
            ),
            "Does something else use the processors of this machine?",
        ),
        (_OBSERVE, "hythe top", _MOVES),
    ),
    "traffic": Advice(
        "Far more or far fewer requests came than usual, or none.",
        (
            "Do callers reach the server? Ask it for an answer yourself.",
            "Was a caller's release, a campaign or a holiday due?",
            "Does another endpoint or version get the traffic since then?",
        ),
        (_OBSERVE, _MOVES, "hythe endpoint show {endpoint}"),
    ),
    "quality": Advice(
        "What comes in is not what the model was made for: missing or impossible values, another unit or "
        "format, values that do not change any more.",
        (
            "Which system fills the features named above, and what changed there when this began?",
            "Is it all callers or one? The access log has who called.",
            (
                "The model answers such rows as well as it can; decide whether callers should get a fallback "
                "until the data are mended."
            ),
            "Do not retrain on these data.",
        ),
        (_LOOK, _SHOW, _OBSERVE),
    ),
    "drift": Advice(
        "What comes in, or what the model answers, is spread otherwise than when the model was made. The "
        "answers may still be right: drift says that the past is a worse guide, not by how much.",
        (
            "Is it one feature or many? One is mostly a feed or a unit; many are mostly another population.",
            "Do the features named above matter to the model? Their weight says how much.",
            "Is performance known, or estimated, to have changed as well?",
            (
                "Is it here to stay? Then retrain with data from after it began; the new version's baseline "
                "takes the place of this one's."
            ),
        ),
        (_LOOK, _SHOW, "hythe drift {ref} --data last_week.parquet"),
    ),
    "performance": Advice(
        "Feedback shows that the answers are worse than they should be.",
        (
            (
                "Are the labels right, and of the same population as before? Late or partial feedback can "
                "look like worse answers."
            ),
            "Is it one segment or all?",
            (
                "Did inputs drift when it began? If not, what the answers depend on has changed, and only "
                "new labels can teach it."
            ),
            "Compare with the version before: go back if that one was better on these data.",
        ),
        (_LOOK, _MOVES, _BACK),
    ),
    "estimate": Advice(
        "From the model's own scores, performance is estimated to be worse. The estimate holds while only "
        "the inputs changed, and not what the outcome depends on.",
        (
            "Is there feedback yet that confirms it?",
            "Which inputs drifted? They move the estimate.",
        ),
        (_LOOK, _SHOW),
    ),
}
