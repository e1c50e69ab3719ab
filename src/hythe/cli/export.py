"""`hythe export churn:1.0.0 DIR`: a version as a plain OCI image."""

from __future__ import annotations

from pathlib import Path

from hythe.cli.common import COMMON, Common, emit, say


def export_command(
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
