"""Evidently's preset on two Parquet files, with its default settings: seconds, memory, and its verdict.

python report.py REFERENCE CURRENT
"""

import json
import resource
import sys
import time

began = time.perf_counter()

import pandas as pd  # noqa: E402 - imports are timed
from evidently import Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

imported = time.perf_counter()
reference, current = pd.read_parquet(sys.argv[1]), pd.read_parquet(sys.argv[2])
loaded = time.perf_counter()
snapshot = Report([DataDriftPreset()]).run(current, reference)
document = json.loads(snapshot.json())
done = time.perf_counter()
[drifted] = [each["value"] for each in document["metrics"] if "DriftedColumnsCount" in each["metric_name"]]
print(
    json.dumps(
        {
            "import_s": imported - began,
            "load_s": loaded - imported,
            "report_s": done - loaded,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "drifted": drifted["count"],
        }
    )
)
