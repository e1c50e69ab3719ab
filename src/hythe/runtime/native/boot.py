"""Start a child in the environment of any interpreter, with this very Hythe.

Run as `PYTHON -P boot.py FD ARENA_FD PARENT_PID`. The interpreter may belong to an environment that holds
only what a bundle's lock names, so `hythe` is imported from where this file lies; everything else comes from
that environment. Parent and child are so always of one version, whatever is installed there.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def main() -> int:
    """Import the package around this file and hand over; gives the exit status."""
    package = Path(__file__).resolve().parents[2]
    spec = spec_from_file_location(
        "hythe", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        return 1
    module = module_from_spec(spec)
    sys.modules["hythe"] = module
    spec.loader.exec_module(module)
    from hythe.runtime.native.main import main as serve

    return serve(*map(int, sys.argv[1:4]))


if __name__ == "__main__":
    sys.exit(main())
