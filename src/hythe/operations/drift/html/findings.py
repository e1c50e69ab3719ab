"""Findings as a table, in the order of how much they matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hythe.monitor.finding import Finding, Verdict
from hythe.operations.drift.html.markup import Markup, tag

_WORDS: Mapping[Verdict, str] = {"alarm": "▲ alarm", "ok": "✓ fine", "too_little": "? too little"}
_CHECKS = {
    "distribution": "distribution",
    "missing": "missing values",
    "unseen": "unknown values",
    "range": "out of range",
    "nan": "not a number",
    "frozen": "frozen value",
}


def table(
    found: Sequence[Finding], caption: str, sparks: Mapping[str, Markup], cards: Mapping[str, str]
) -> Markup:
    """Write a row for each finding; `sparks` are small plots by subject, `cards` are the places of theirs."""
    names = ("", "subject", "check", "baseline / window", "effect", "p-value", "importance")
    numbers = {"effect", "p-value"}
    heads = [tag("th", name, scope="col", class_="number" if name in numbers else None) for name in names]
    rows = [_row(finding, sparks, cards) for finding in found]
    inner = tag(
        "table",
        tag("caption", caption, class_="hidden"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
    )
    return tag("div", inner, class_="scroll")


def pill(verdict: Verdict) -> Markup:
    """Write a verdict in words, so that colour is not all that tells it."""
    return tag("span", _WORDS[verdict], class_=f"pill {verdict}")


def check_name(finding: Finding) -> str:
    """Name a check for people."""
    return _CHECKS.get(finding.check, finding.check.replace("_", " "))


def effect(finding: Finding) -> str:
    """Write how large a finding is."""
    if finding.value is None:
        return "-"
    if finding.unit.startswith("share"):
        return f"{finding.value:.2%}"
    return f"{finding.value:.4g} {finding.unit}".rstrip()


def p_value(finding: Finding) -> str:
    """Write how rare chance makes it."""
    if finding.p_value is None:
        return "-"
    return "< 1e-30" if finding.p_value < 1e-30 else f"{finding.p_value:.2g}"  # noqa: PLR2004 - rarer than anything


def anchor(subject: str, start: int) -> str:
    """Name the place of a subject's card, of the period that began at `start`."""
    return f"card-{start}-" + "".join(letter if letter.isalnum() else "-" for letter in subject)


def _row(finding: Finding, sparks: Mapping[str, Markup], cards: Mapping[str, str]) -> Markup:
    name: str = finding.subject
    if finding.subject in cards:
        name = tag("a", finding.subject, href=f"#{cards[finding.subject]}")
    bar = tag("i", style=f"width:{max(0.0, min(finding.weight, 1.0)):.0%}")
    return tag(
        "tr",
        tag("td", pill(finding.verdict)),
        tag("th", name, scope="row"),
        tag("td", check_name(finding)),
        tag("td", sparks.get(finding.subject, "")),
        tag("td", effect(finding), class_="number"),
        tag("td", p_value(finding), class_="number"),
        tag("td", tag("span", bar, class_="weight", aria_hidden="true"), f"{finding.weight:.2f}"),
    )
