"""`hythe export churn:1.0.0 DIR`, a version as a plain OCI image; and what others need to watch Hythe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from hythe.cli.common import COMMON, Common, emit, say

export_command = App(name="export", help="Write a version as an image; write rules, dashboards, runbooks.")
_Out = Annotated[Path | None, Parameter(name="--out")]


@export_command.default
def image(
    ref: str, folder: Path, *, tag: str | None = None, architecture: str = "amd64", common: Common = COMMON
) -> None:
    """Write a version as a plain OCI image: one layer with its files under /bundle.

    Parameters
    ----------
    ref
        The version: churn:1.0.0.
    folder
        A new folder for the image layout.
    tag
        The image's tag; the version when left out.
    architecture
        What the image says it is for: amd64, arm64.

    """
    from hythe.app.wire import opened
    from hythe.registry.image import export_image

    with opened(common.config()) as here:
        record = here.registry.resolve(ref)
        named = tag or record.version
        digest = export_image(here.registry.bundle(record.ref), folder, named, architecture)
    emit(
        common,
        {"ref": record.ref, "folder": str(folder), "tag": named, "digest": digest},
        lambda: say(f"{record.ref} is the image oci:{folder}:{named} ({digest})"),
    )


@export_command.command(name="prometheus-rules")
def rules(*, out: _Out = None, common: Common = COMMON) -> None:
    """Write recording and alerting rules for Prometheus, as YAML.

    Parameters
    ----------
    out
        The file; standard output when left out.

    """
    from hythe.operations.eyes.prometheus_rules import prometheus_rules

    _write(prometheus_rules(), out, common, "name it in rule_files of Prometheus")


@export_command.command(name="grafana-dashboard")
def dashboard(*, out: _Out = None, common: Common = COMMON) -> None:
    """Write a dashboard for Grafana, as JSON.

    Parameters
    ----------
    out
        The file; standard output when left out.

    """
    import json

    from hythe.operations.eyes.grafana import grafana_dashboard

    text = json.dumps(grafana_dashboard(), indent=2) + "\n"
    _write(text, out, common, "import it in Grafana: Dashboards, New, Import")


@export_command.command
def runbooks(*, out: Annotated[Path, Parameter(name="--out")], common: Common = COMMON) -> None:
    """Write the runbook of each rule of each endpoint, and of each alert that fires, as Markdown.

    Parameters
    ----------
    out
        The folder, which is made.

    """
    from hythe.app.wire import opened
    from hythe.operations.alerts.runbooks import runbooks as all_runbooks

    with opened(common.config()) as here:
        found = all_runbooks(here.catalog)
    for name, text in found.items():
        _save(out / name, text)
    files = [str(out / name) for name in found]
    emit(common, {"files": files}, lambda: say(f"{len(files)} runbooks are in {out}"))


def _write(text: str, out: Path | None, common: Common, then: str) -> None:
    if out is None:
        document: dict[str, Any] = {"text": text}
        emit(common, document, lambda: print(text, end=""))
        return
    _save(out, text)
    emit(common, {"file": str(out)}, lambda: say(f"{out} is written; {then}"))


def _save(path: Path, text: str) -> None:
    from hythe.bundle.storage import storage_errors

    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
