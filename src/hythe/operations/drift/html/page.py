"""The page of a drift report: the verdict, what matters most, each drifted feature beside its baseline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hythe.bundle.baseline import Baseline
from hythe.bundle.summary import Summary
from hythe.monitor.drift.detectable import detectable
from hythe.monitor.finding import Finding, Report, Verdict
from hythe.operations.drift.examined import Examined
from hythe.operations.drift.html.bars import bars
from hythe.operations.drift.html.findings import anchor, check_name, effect, p_value, pill, table
from hythe.operations.drift.html.histogram import histogram, sparkline
from hythe.operations.drift.html.markup import Markup, joined, tag
from hythe.operations.drift.html.measures import listed, measures
from hythe.operations.drift.html.shapes import Steps, shape_of
from hythe.operations.drift.html.style import STYLE
from hythe.operations.drift.html.timeline import timeline, when

MOST_PERIODS_SHOWN = 5
"""Of so many periods findings are shown in full: those that alarm most, else the last one."""
_MOST_CARDS = 40


def render(
    examined: Sequence[Examined],
    baseline: Baseline,
    *,
    title: str,
    findings: Sequence[Finding] = (),
    notes: Sequence[str] = (),
    false_alarms: float | None = None,
) -> str:
    """Write one HTML file about one period or several of one version, in the order of time.

    `findings` and `notes` are about all of it together; `false_alarms` is how many periods alarm for nothing
    at most, on average, where that is more than the periods' own shares.
    """
    reports = [each.report for each in examined]
    body = tag(
        "main",
        tag("h1", title),
        tag("p", _about(reports, baseline), class_="soft"),
        _verdict(reports, findings, false_alarms),
        *_whole(findings),
        *([_periods(reports)] if len(reports) > 1 else []),
        *(_period(examined[place], baseline) for place in shown(reports)),
        _notes([*notes, *(note for report in reports for note in report.notes)]),
    )
    head = tag(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title),
        tag("style", Markup(STYLE)),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", body), lang="en") + "\n"


def shown(reports: Sequence[Report]) -> list[int]:
    """Choose the periods that are shown in full, by their places: those that alarm most, else the last."""
    alarming = [place for place, report in enumerate(reports) if report.alarms]
    worst = sorted(alarming, key=lambda place: -len(reports[place].alarms))[:MOST_PERIODS_SHOWN]
    return sorted(worst) or list(range(len(reports)))[-1:]


def _about(reports: Sequence[Report], baseline: Baseline) -> str:
    rows = sum(report.rows for report in reports)
    subjects = len(baseline.features) + len(baseline.outputs)
    return f"{rows:,} rows against a baseline of {baseline.rows:,}; {subjects} features and outputs"


def _verdict(reports: Sequence[Report], findings: Sequence[Finding], false_alarms: float | None) -> Markup:
    alarms = [each for report in reports for each in report.alarms]
    alarms += [each for each in findings if each.verdict == "alarm"]
    tested = any(report.findings for report in reports)
    verdict: Verdict = "alarm" if alarms else "ok" if tested else "too_little"
    heads = {
        "alarm": _differing(reports, {each.subject for each in alarms}),
        "ok": "No alarm: these rows look like those that the model was made for",
        "too_little": "Too little to tell",
    }
    marks = {"alarm": "▲", "ok": "✓", "too_little": "?"}
    return tag(
        "section",
        tag("span", marks[verdict], class_="mark", aria_hidden="true"),
        tag("div", tag("strong", heads[verdict]), tag("span", _rate(reports, false_alarms))),
        class_=f"card verdict {verdict}",
    )


def _differing(reports: Sequence[Report], subjects: set[str]) -> str:
    said = "1 subject differs" if len(subjects) == 1 else f"{len(subjects)} subjects differ"
    periods = sum(1 for report in reports if report.alarms)
    return f"{said}, in {periods} of {len(reports)} periods" if len(reports) > 1 else said


def _rate(reports: Sequence[Report], false_alarms: float | None) -> str:
    """Say how often such a page is wrong."""
    rate = sum(report.alpha for report in reports) if false_alarms is None else false_alarms
    if len(reports) == 1:
        return f"Where nothing drifts, at most {rate:.2g} of such examinations alarm, all tests together."
    return f"Where nothing drifts, at most {rate:.2g} of these periods alarm on average, all tests together."


def _whole(findings: Sequence[Finding]) -> Iterator[Markup]:
    """Write what was found of all rows together: of the columns as such, and of how right answers are."""
    columns = [each for each in findings if each.kind == "quality"]
    others = [each for each in findings if each.kind != "quality"]
    for heading, those in (("Columns", columns), ("How right the answers are", others)):
        if those:
            rows = [
                tag("tr", tag("td", pill(each.verdict)), tag("th", each.subject, scope="row"), _said(each))
                for each in those
            ]
            body = tag("table", tag("caption", heading, class_="hidden"), tag("tbody", *rows))
            yield joined(tag("h2", heading), tag("div", tag("div", body, class_="scroll"), class_="card"))


def _said(finding: Finding) -> Markup:
    return tag("td", finding.message)


def _periods(reports: Sequence[Report]) -> Markup:
    return joined(tag("h2", "Periods"), tag("div", timeline(reports), class_="card"))


def _period(each: Examined, baseline: Baseline) -> Markup:
    """Write the findings of one period, and a card for each subject that alarms."""
    report = each.report
    alarming = list(dict.fromkeys(finding.subject for finding in report.alarms))[:_MOST_CARDS]
    plots = _Plots(each, baseline)
    heading = f"{when(report)}: {report.rows:,} rows" if report.period_s else "What was found"
    first = report.alarms
    rest = [finding for finding in report.findings if finding.verdict != "alarm"]
    cards = {subject: anchor(subject, report.start) for subject in alarming}
    parts = [tag("h2", heading)]
    if first:
        parts.append(tag("div", table(first, heading, plots.sparks(first), cards), class_="card"))
    parts += [_card(subject, report, plots) for subject in alarming]
    if rest:
        inner = table(rest, "Without an alarm", plots.sparks(rest), {})
        parts.append(
            tag("details", tag("summary", f"{len(rest)} checks without an alarm"), inner, class_="card")
        )
    parts.append(_power(report, baseline))
    return tag("section", *parts)


def _card(subject: str, report: Report, plots: _Plots) -> Markup:
    """Write what is known of one subject: sentences, plot, measures."""
    found = [finding for finding in report.findings if finding.subject == subject]
    alarms = [finding for finding in found if finding.verdict == "alarm"]
    facts = ", ".join(f"{check_name(each)}: {effect(each)}, p {p_value(each)}" for each in alarms)
    details = next((each.details for each in found if each.check == "distribution"), {})
    return tag(
        "article",
        tag("div", tag("h3", subject), pill("alarm"), class_="head"),
        *(tag("p", each.message) for each in alarms),
        tag("p", facts, class_="soft"),
        plots.large(subject),
        listed(measures(details)),
        class_="card",
        id=anchor(subject, report.start),
    )


class _Plots:
    """Draws the subjects of one period."""

    def __init__(self, each: Examined, baseline: Baseline) -> None:
        window = each.window
        kinds = (
            ()
            if window is None
            else (
                ("feature", baseline.features, window.features),
                ("output", baseline.outputs, window.outputs),
            )
        )
        self._known: dict[str, tuple[Summary, tuple[int, ...]]] = {
            f"{kind}:{name}": (summaries[name], tally.cells)
            for kind, summaries, tallies in kinds
            for name, tally in tallies.items()
            if name in summaries and len(tally.cells) == len(summaries[name].counts.cells)
        }

    def sparks(self, findings: Sequence[Finding]) -> Mapping[str, Markup]:
        """Draw small plots of those subjects that can be drawn."""
        return {each.subject: self._small(each.subject) for each in findings if each.subject in self._known}

    def large(self, subject: str) -> Markup:
        """Draw one subject; nothing where it has no counts."""
        if subject not in self._known:
            return Markup()
        shape = shape_of(*self._known[subject])
        said = f"{subject}: shares of the baseline and of the window"
        drawn = histogram(shape, said) if isinstance(shape, Steps) else bars(shape, said)
        return joined(_LEGEND, drawn)

    def _small(self, subject: str) -> Markup:
        shape = shape_of(*self._known[subject])
        pairs = shape.aside if isinstance(shape, Steps) else shape
        ends = [bar.before for bar in pairs], [bar.now for bar in pairs]
        if isinstance(shape, Steps):
            return sparkline([*shape.before, *ends[0]], [*shape.now, *ends[1]])
        return sparkline(*ends)


_LEGEND = tag(
    "div", tag("span", tag("i"), "baseline"), tag("span", tag("i", class_="now"), "window"), class_="legend"
)


def _power(report: Report, baseline: Baseline) -> Markup:
    """Say what could be found at all with so many rows."""
    tests = len(baseline.features) + len(baseline.outputs)
    learned = any("normal_variation" in each.details.get("p_values", ()) for each in report.findings)
    if not report.findings or not tests or not baseline.rows or learned:
        return Markup()
    least = detectable(report.rows, baseline.rows, report.alpha, tests)
    said = (
        f"With {report.rows:,} rows here and {baseline.rows:,} in the baseline, a feature alarms half of the "
        f"time when {least.distance:.1%} of its rows lie elsewhere, when its mean moves by "
        f"{least.mean_sd:.2g} standard deviations, or when {least.missing:.2%} of a column that "
        "missed no values turn missing. What is smaller than that may go unnoticed."
    )
    return tag("p", said, class_="soft")


def _notes(notes: Sequence[str]) -> Markup:
    different = list(dict.fromkeys(notes))
    if not different:
        return Markup()
    return tag("section", tag("h2", "Notes"), tag("ul", *_items(different), class_="notes"))


def _items(notes: Sequence[str]) -> Iterator[Markup]:
    return (tag("li", note) for note in notes)
