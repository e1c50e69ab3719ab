"""Reading the prediction log: as an Arrow dataset, or as the rows that versions can answer again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hythe.base.errors import Invalid, NotFound, Unavailable
from hythe.operations.predictions.files import DAY, ENDPOINT, VERSION
from hythe.operations.predictions.store import filesystem
from hythe.operations.predictions.table import OURS, UNTOLD

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import dataset, fs


def read_predictions(
    place: Path | str,
    endpoint: str | None = None,
    version: str | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dataset.Dataset:
    """Give the log at a folder or URL, of one endpoint or version or of all, as a dataset.

    It has a row for each answered row of the log's share of the predictions, from `since` on and before
    `until` (with a time zone). Only files of the days asked for are opened, when the dataset is read. Where
    versions differ in a column's type, it has the wider one.

    Raises:
        NotFound: when there are no predictions there.
        Invalid: when columns of several versions have types that do not go together.
        Unavailable: when the store cannot be reached.

    """
    import pyarrow as pa
    from pyarrow import dataset as ds

    files, root = _opened(place)
    parts = pa.schema([(ENDPOINT, pa.string()), (DAY, pa.date32()), (VERSION, pa.string())])
    chosen = sorted(_chosen(files, root, endpoint, version, (since, until)))
    if not chosen:
        asked = "".join(f" of {name}" for name in (endpoint, version) if name)
        raise NotFound(f"there are no predictions{asked} at {place}; give the place that was served with")
    kind = ds.ParquetFileFormat()
    schemas = [
        kind.inspect(path, filesystem=files)
        for path in {_part(path, VERSION): path for path in chosen}.values()
    ]
    try:
        schema = pa.unify_schemas([*schemas, parts], promote_options="permissive")
    except pa.ArrowException as err:
        raise Invalid(
            f"the versions logged at {place} have columns that differ: {err}; name a version"
        ) from err
    hive, base = ds.partitioning(parts, flavor="hive"), root.partition(f"/{ENDPOINT}=")[0]
    found = ds.dataset(
        chosen, schema=schema, format=kind, filesystem=files, partitioning=hive, partition_base_dir=base
    )
    return _between(found, since, until)


def is_log(place: Path) -> bool:
    """Tell whether a folder is a prediction log, or a part of one."""
    folders = [place, *(item for item in place.iterdir() if item.is_dir())] if place.is_dir() else []
    return any(item.name.partition("=")[0] in {ENDPOINT, DAY, VERSION} for item in folders)


def told_rows(place: Path) -> pa.Table:
    """Give the features of the rows of a log whose features were all recorded, for versions to answer again.

    Raises:
        Invalid: when the folder holds predictions of several endpoints.
        NotFound: when there is no such row.

    """
    import pyarrow.compute as pc

    found = read_predictions(place)
    endpoints = sorted({part for path in found.files if (part := _part(path, ENDPOINT))})
    if len(endpoints) > 1:
        raise Invalid(
            f"{place} holds predictions of several endpoints; give the folder of one, such as "
            f"{place / f'{ENDPOINT}={endpoints[0]}'}"
        )
    features = [name for name in found.schema.names if not name.startswith(OURS)]
    table = found.to_table(columns=[*features, UNTOLD], filter=pc.list_value_length(pc.field(UNTOLD)) == 0)
    if not table.num_rows:
        raise NotFound(f"no row of {place} has all of its features recorded; see docs/predictions.md")
    return table.drop_columns([UNTOLD])


def _opened(place: Path | str) -> tuple[fs.FileSystem, str]:
    from pyarrow import fs

    if "://" in str(place):
        return filesystem(str(place))
    return fs.LocalFileSystem(), str(Path(place).absolute())


def _chosen(
    files: fs.FileSystem,
    root: str,
    endpoint: str | None,
    version: str | None,
    times: tuple[datetime | None, datetime | None],
) -> Iterator[str]:
    """Give the paths of the files that may hold what is asked for."""
    first, last = (None if time is None else time.astimezone(UTC).date().isoformat() for time in times)
    wanted = ((ENDPOINT, endpoint), (VERSION, version))
    for path in _listed(files, root):
        day = _part(path, DAY)
        timely = (first is None or day >= first) and (last is None or day <= last)
        if timely and all(value is None or _part(path, name) == value for name, value in wanted):
            yield path


def _listed(files: fs.FileSystem, root: str) -> Iterator[str]:
    """Give the paths of all files that are whole."""
    from pyarrow import fs

    try:
        found = files.get_file_info(fs.FileSelector(root, recursive=True, allow_not_found=True))
    except OSError as err:
        raise Unavailable(
            f"the prediction log at {root} cannot be listed: {err}; if it is being changed, read it again"
        ) from err
    for info in found:
        if info.type == fs.FileType.File and info.extension == "parquet" and info.base_name[:1] != ".":
            yield info.path


def _part(path: str, name: str) -> str:
    """Give a part of a path by its name.

    >>> _part("rows/hythe_endpoint=churn/hythe_version=1.0.0%2Ba/x.parquet", "hythe_version")
    '1.0.0+a'
    """
    return next(
        (unquote(part[len(name) + 1 :]) for part in path.split("/") if part.startswith(f"{name}=")), ""
    )


def _between(found: dataset.Dataset, since: datetime | None, until: datetime | None) -> dataset.Dataset:
    import pyarrow.compute as pc

    if since is not None:
        found = found.filter(pc.field("hythe_time") >= since)
    if until is not None:
        found = found.filter(pc.field("hythe_time") < until)
    return found
