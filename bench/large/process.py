"""Runs one command and prints what it took; imports little, for its own memory counts as the command's.

python -S process.py PATIENCE_S COMMAND …
"""

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    patience_s, command = float(sys.argv[1]), sys.argv[2:]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        said, failed = process.communicate(timeout=patience_s)
        ended = True
    except subprocess.TimeoutExpired:
        process.kill()
        said, failed = process.communicate()
        ended = False
    seconds = time.perf_counter() - began
    if ended and (process.returncode not in {0, 1} or not said):
        sys.exit(failed.decode()[-800:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    document = {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "memory_mb": used.ru_maxrss / 1024,
        "said": json.loads(said) if ended else {},
        "ended": ended,
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
